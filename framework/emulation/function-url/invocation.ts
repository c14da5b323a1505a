/** The invocation of a function through its URL, buffered or streamed: one request to its response. */
import type { Invocation, LoadedFunction } from "../../model/invocation.ts";
import type { HttpRequest, HttpResponse } from "../../model/http-message.ts";
import { responseOf } from "../http-api/integration-response.ts";
import type { InvocationRequest, InvocationResult, LambdaRuntime } from "../lambda/invocation.ts";
import { maxPayload } from "../lambda/runtime-api.ts";
import { badGateway, idHeader, throttled, tooLarge } from "./error-responses.ts";
import { type FunctionUrl, toUrlEvent } from "./event.ts";
import type { BandwidthLimit } from "./bandwidth-limit.ts";
import { UrlStream } from "./response-stream.ts";

/** The invoke mode of a URL. */
export interface UrlOptions {
  readonly mode: "BUFFERED" | "RESPONSE_STREAM";
  /** Limits streamed bytes. Default Lambda's own limit. */
  readonly bandwidthLimit?: BandwidthLimit;
}

/** Rejects only when the runtime is closed. */
export async function invokeThroughUrl(
  runtime: LambdaRuntime,
  fn: LoadedFunction,
  request: HttpRequest,
  url: FunctionUrl,
  call: InvocationRequest,
  { mode, bandwidthLimit }: UrlOptions,
): Promise<Invocation> {
  const { requestId } = call;
  const event = Buffer.from(JSON.stringify(toUrlEvent(request, requestId, url)));
  if (event.byteLength > maxPayload) return { response: tooLarge(requestId), cold: false };
  if (mode === "BUFFERED") return toBuffered(await runtime.invoke(fn, event, call), requestId, mode);
  const stream = new UrlStream(bandwidthLimit);
  const running = runtime.invoke(fn, event, { ...call, sink: stream });
  void running.then(
    ({ functionError, failure }) =>
      stream.end(functionError ? new Error(failure?.message ?? functionError) : undefined),
    (error: Error) => stream.end(error),
  );
  const head = await stream.head;
  if (!head) return stream.begun ? malformed(await running, requestId) : toBuffered(await running, requestId, mode);
  const { status, headers, body, ...rest } = head;
  return { response: { status, headers: [...headers, ...idHeader(requestId)], body }, ...rest };
}

const reportOf = ({ cold, failure }: InvocationResult): Pick<Invocation, "cold" | "failure"> => ({
  cold,
  ...(failure && { failure }),
});

/** A stream without a status, or that failed before it. */
const malformed = (result: InvocationResult, requestId: string): Invocation => ({
  response: badGateway(requestId),
  ...reportOf(result),
});

/** A response that is not streamed. */
function toBuffered(result: InvocationResult, requestId: string, mode: UrlOptions["mode"]): Invocation {
  const { payload, functionError } = result;
  if (result.throttled) return { response: throttled(requestId, payload), cold: false };
  const response = functionError ? undefined : mode === "BUFFERED" ? responseOf(payload) : verbatim(payload);
  if (!response) return malformed(result, requestId);
  return { response: { ...response, headers: [...response.headers, ...idHeader(requestId)] }, ...reportOf(result) };
}

/**
 * The response of a function that does not stream, behind a URL that does: its whole result is the body, a statusCode
 * included (developer guide, "Invoke mode").
 */
const verbatim = (payload: Uint8Array): HttpResponse => ({
  status: 200,
  headers: [["content-type", "application/json"]],
  body: payload,
});
