/** The failures that an environment reports beside its responses, over a pipe of its own, by request id. */
import type { Readable } from "node:stream";
import type { Failure } from "../../model/invocation.ts";

/** Stands for the request id before the first event. */
const init = "";

/** Held open with the pipe. */
export class FailureReports {
  readonly #failures = new Map<string, Failure>();
  #done: string | undefined;
  #streaming: string | undefined;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(pipe: Readable) {
    let rest = "";
    pipe.setEncoding("utf8");
    pipe.on("data", (part: string) => {
      const lines = (rest + part).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#parse(line);
    });
    pipe.on("close", () => {
      this.#closed = true;
      this.#wake?.();
    });
  }

  /**
   * Resolves when all reports of the request have arrived, since the pipe is not ordered with responses, or it closed.
   */
  async waitForEnd(requestId: string): Promise<void> {
    while (this.#done !== requestId && !this.#closed) await new Promise<void>((wake) => (this.#wake = wake));
  }

  /** Resolves when all reports before the start of the request's streamed response have arrived. */
  async waitForStream(requestId: string): Promise<void> {
    while (this.#streaming !== requestId && !this.#closed) await new Promise<void>((wake) => (this.#wake = wake));
  }

  /** The first failure of the request, or of init. */
  peek(requestId: string): Failure | undefined {
    return this.#failures.get(requestId) ?? this.#failures.get(init);
  }

  /** As `peek`, and clears all failures. */
  take(requestId: string): Failure | undefined {
    const failure = this.peek(requestId);
    this.#failures.clear();
    return failure;
  }

  #parse(line: string): void {
    let record: {
      readonly requestId?: string;
      readonly failure?: Failure;
      readonly streaming?: boolean;
      readonly done?: boolean;
    };
    try {
      record = JSON.parse(line) as typeof record;
    } catch {
      // The function's own code can write to the pipe too.
      return;
    }
    const id = record.requestId ?? init;
    if (record.failure && !this.#failures.has(id)) this.#failures.set(id, record.failure);
    if (record.streaming) this.#streaming = id;
    if (record.done) this.#done = id;
    this.#wake?.();
  }
}
