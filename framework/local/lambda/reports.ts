/** What an environment says out of band: lines of its extra pipe in, failures by request out. */
import type { Readable } from "node:stream";
import type { Failure } from "../../model/invocation.ts";

/** Before its first event an environment knows no request id. */
const init = "";

/** Held open with the pipe. */
export class Reports {
  readonly #failures = new Map<string, Failure>();
  #done: string | undefined;
  #streaming: string | undefined;
  /** Lines so far. */
  #read = 0;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(pipe: Readable) {
    let rest = "";
    pipe.setEncoding("utf8");
    pipe.on("data", (part: string) => {
      const lines = (rest + part).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#note(line);
    });
    pipe.on("close", () => {
      this.#closed = true;
      this.#wake?.();
    });
  }

  /** Resolves when everything about the request is in (the pipe and the answer are two connections), or the pipe has ended. */
  async until(requestId: string): Promise<void> {
    while (this.#done !== requestId && !this.#closed) await new Promise<void>((wake) => (this.#wake = wake));
  }

  /** Resolves when everything is in that was said before the request's answer began to stream. */
  async untilStreaming(requestId: string): Promise<void> {
    while (this.#streaming !== requestId && !this.#closed) await new Promise<void>((wake) => (this.#wake = wake));
  }

  /** As `take`, and forgets nothing. */
  peek(requestId: string): Failure | undefined {
    return this.#failures.get(requestId) ?? this.#failures.get(init);
  }

  /** True when so many lines are in that the environment has written, or no more will come. */
  has(lines: number): boolean {
    return this.#read >= lines || this.#closed;
  }

  /** The first failure of the request, or of init; forgets all that was said. */
  take(requestId: string): Failure | undefined {
    const failure = this.peek(requestId);
    this.#failures.clear();
    return failure;
  }

  #note(line: string): void {
    let record: { readonly requestId?: string; readonly failure?: Failure; readonly streaming?: boolean; readonly done?: boolean };
    try {
      record = JSON.parse(line) as typeof record;
    } catch {
      // The pipe is open to the function's own code, too.
      return;
    }
    this.#read++;
    const id = record.requestId ?? init;
    if (record.failure && !this.#failures.has(id)) this.#failures.set(id, record.failure);
    if (record.streaming) this.#streaming = id;
    if (record.done) this.#done = id;
    this.#wake?.();
  }
}
