/** InvokeWithResponseStream: an event in, the function's answer as event stream frames while it comes out. */
import type { LambdaOutcome, ResponseSink } from "../../lambda/outcome.ts";
import type { Operation } from "../operation.ts";
import { eventFrame } from "./event-stream.ts";
import { prepareInvocation, throttledBy } from "./invoke.ts";

/** Of InvokeComplete: what went wrong, and the end of the log. */
function completion({ functionError, payload, logTail }: LambdaOutcome): Record<string, string> {
  return {
    ...(functionError && { ErrorCode: functionError, ErrorDetails: Buffer.from(payload).toString("utf8") }),
    ...(logTail && { LogResult: Buffer.from(logTail).toString("base64") }),
  };
}

const chunk = (bytes: Uint8Array): Uint8Array => eventFrame("PayloadChunk", "application/octet-stream", bytes);

/** Frames for a client; after it has left, chunks are dropped and the function writes to its end. */
class Frames implements ResponseSink {
  readonly #pipe = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 1 }, { highWaterMark: 0 });
  readonly #writer = this.#pipe.writable.getWriter();
  /** The type of a streamed answer, or how one that did not stream ended. */
  readonly begun = Promise.withResolvers<string | LambdaOutcome>();
  readonly readable = this.#pipe.readable;
  #streams = false;

  constructor() {
    // A reader that leaves is no error.
    this.#writer.closed.catch(() => {});
  }

  begin({ type }: { readonly type: string }): void {
    this.#streams = true;
    this.begun.resolve(type);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0) await this.#send(chunk(bytes));
  }

  async end(outcome: LambdaOutcome): Promise<void> {
    this.begun.resolve(outcome);
    if (outcome.throttled) return;
    if (!this.#streams && !outcome.functionError) await this.write(outcome.payload);
    await this.#send(eventFrame("InvokeComplete", "application/json", Buffer.from(JSON.stringify(completion(outcome)))));
    await this.#writer.close().catch(() => {});
  }

  fail(error: Error): void {
    this.begun.reject(error);
    void this.#writer.abort(error).catch(() => {});
  }

  async #send(frame: Uint8Array): Promise<void> {
    try {
      await this.#writer.ready;
      await this.#writer.write(frame);
    } catch {
      // The client has left.
    }
  }
}

export const invokeWithResponseStream: Operation = async (call, region) => {
  const prepared = prepareInvocation(call, region);
  if (!prepared.run) return { status: 204 };
  const frames = new Frames();
  void prepared.run(frames).then(
    (outcome) => frames.end(outcome),
    (error: Error) => frames.fail(error),
  );
  const begun = await frames.begun.promise;
  if (typeof begun !== "string" && begun.throttled) throw throttledBy(begun);
  return {
    status: 200,
    headers: [
      ["x-amz-executed-version", prepared.version],
      ["x-amzn-remapped-content-type", typeof begun === "string" ? begun : "application/json"],
      ["content-type", "application/vnd.amazon.eventstream"],
    ],
    body: frames.readable,
  };
};
