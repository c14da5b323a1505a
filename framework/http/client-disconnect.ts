/** Watches whether the client disconnects before its response is finished. */
import type { ServerResponse } from "node:http";

/** The state of the client of one request. */
export interface ClientDisconnect {
  /** Whether the client disconnected before the response was finished. */
  readonly happened: boolean;
  /** Aborts when the client disconnects; made when it is first read. */
  readonly signal: AbortSignal;
  /** Sets the one callback for when the client disconnects; calls it at once if that has happened. */
  onDisconnect(callback: () => void): void;
}

/** A class with a lazy signal, since an AbortSignal for each request would take most of the time here. */
class ResponseWatcher implements ClientDisconnect {
  happened = false;
  #controller: AbortController | undefined;
  #callback: (() => void) | undefined;

  constructor(out: ServerResponse) {
    out.on("close", () => {
      if (!out.writableFinished) this.#disconnect();
    });
    // A broken socket ends in "close", too.
    out.on("error", ignore);
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.happened) this.#disconnect();
    }
    return this.#controller.signal;
  }

  onDisconnect(callback: () => void): void {
    this.#callback = callback;
    if (this.happened) callback();
  }

  #disconnect(): void {
    if (!this.happened) this.#callback?.();
    this.happened = true;
    this.#controller?.abort(new Error("the client left"));
  }
}

const ignore = (): void => {};

/** Watches until the response closes. */
export const watchDisconnect = (out: ServerResponse): ClientDisconnect => new ResponseWatcher(out);
