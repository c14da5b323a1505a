/** InvokeWithResponseStream: runs a function and sends its response as event stream frames while it runs. */
import type { InvocationResult, ResponseSink } from "../../../emulation/lambda/invocation.ts";
import type { RestOperation } from "../rest-operation.ts";
import { eventFrame } from "./event-stream.ts";
import { type InvocationUseName, prepareInvocation, throttlingError } from "./invocation.ts";

/** The payload of InvokeComplete: the error, if any, and the last lines of the log. */
function completion({ functionError, payload, logTail }: InvocationResult): Record<string, string> {
  return {
    ...(functionError && { ErrorCode: functionError, ErrorDetails: Buffer.from(payload).toString("utf8") }),
    ...(logTail && { LogResult: Buffer.from(logTail).toString("base64") }),
  };
}

const chunk = (bytes: Uint8Array): Uint8Array => eventFrame("PayloadChunk", "application/octet-stream", bytes);

/** Writes the frames. When the client disconnects, the function still runs to its end and its chunks are dropped. */
class Frames implements ResponseSink {
  readonly #pipe = new TransformStream<Uint8Array, Uint8Array>(undefined, { highWaterMark: 1 }, { highWaterMark: 0 });
  readonly #writer = this.#pipe.writable.getWriter();
  /** The content type of a streamed response, or the result of a function that did not stream. */
  readonly started = Promise.withResolvers<string | InvocationResult>();
  readonly readable = this.#pipe.readable;
  #streams = false;

  constructor() {
    // A client that disconnects is not an error.
    this.#writer.closed.catch(() => {});
  }

  begin({ type }: { readonly type: string }): void {
    this.#streams = true;
    this.started.resolve(type);
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (bytes.length > 0) await this.#send(chunk(bytes));
  }

  async end(outcome: InvocationResult): Promise<void> {
    this.started.resolve(outcome);
    if (outcome.throttled) return;
    if (!this.#streams && !outcome.functionError) await this.write(outcome.payload);
    await this.#send(
      eventFrame("InvokeComplete", "application/json", Buffer.from(JSON.stringify(completion(outcome)))),
    );
    await this.#writer.close().catch(() => {});
  }

  fail(error: Error): void {
    this.started.reject(error);
    void this.#writer.abort(error).catch(() => {});
  }

  async #send(frame: Uint8Array): Promise<void> {
    try {
      await this.#writer.ready;
      await this.#writer.write(frame);
    } catch {
      // The client has disconnected.
    }
  }
}

export const invokeWithResponseStream: RestOperation<InvocationUseName> = async (call, uses) => {
  const prepared = prepareInvocation(call, uses, ["RequestResponse", "DryRun"]);
  if (!prepared.run) return { status: 204 };
  const frames = new Frames();
  void prepared.run(frames).then(
    (outcome) => frames.end(outcome),
    (error: Error) => frames.fail(error),
  );
  const started = await frames.started.promise;
  if (typeof started !== "string" && started.throttled) throw throttlingError(started);
  return {
    status: 200,
    headers: [
      ["x-amz-executed-version", prepared.version],
      ["x-amzn-remapped-content-type", typeof started === "string" ? started : "application/json"],
      ["content-type", "application/vnd.amazon.eventstream"],
    ],
    body: frames.readable,
  };
};
