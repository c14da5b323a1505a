/** Whether a client is still there: a response in, the word on it out; an AbortSignal only for who asks. */
import type { ServerResponse } from "node:http";

/** Of one request. */
export interface ClientLeft {
  /** True when it went before the answer was out. */
  readonly happened: boolean;
  /** Aborts when it does. */
  readonly signal: AbortSignal;
}

/** A class, since making a signal for each request costs more than all else here. */
class Watched implements ClientLeft {
  happened = false;
  #controller: AbortController | undefined;

  constructor(out: ServerResponse) {
    out.on("close", () => {
      if (!out.writableFinished) this.#leave();
    });
    // A socket that breaks ends in "close"; there is nobody to tell.
    out.on("error", ignore);
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.happened) this.#leave();
    }
    return this.#controller.signal;
  }

  #leave(): void {
    this.happened = true;
    this.#controller?.abort(new Error("the client left"));
  }
}

const ignore = (): void => {};

/** Watches until the response closes. */
export const watchClient = (out: ServerResponse): ClientLeft => new Watched(out);
