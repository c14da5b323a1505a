/** One request through a function URL: a request, a function and a runtime in, the invocation out, its body still on the way. */
import type { Invocation, LoadedFunction } from "../../model/invocation.ts";
import type { WireRequest, WireResponse } from "../../model/wire.ts";
import { responseOf } from "../http-api/result.ts";
import type { LambdaCall, LambdaOutcome, LambdaRuntime } from "../lambda/outcome.ts";
import { maxPayload } from "../lambda/runtime-api.ts";
import { badGateway, idHeader, throttled, tooLarge } from "./answers.ts";
import { type FunctionUrl, toUrlEvent } from "./event.ts";
import type { createPace } from "./pace.ts";
import { UrlStream } from "./stream.ts";

/** How a URL calls its function. */
export interface UrlOptions {
  readonly mode: "BUFFERED" | "RESPONSE_STREAM";
  /** Of streamed bytes; Lambda's own when absent. */
  readonly pace?: ReturnType<typeof createPace>;
}

/** Everything between the client and the function. Rejects only when the runtime is closed. */
export async function invokeThroughUrl(
  runtime: LambdaRuntime,
  fn: LoadedFunction,
  request: WireRequest,
  url: FunctionUrl,
  call: LambdaCall,
  { mode, pace }: UrlOptions,
): Promise<Invocation> {
  const { requestId } = call;
  const event = Buffer.from(JSON.stringify(toUrlEvent(request, requestId, url)));
  if (event.byteLength > maxPayload) return { response: tooLarge(requestId), cold: false };
  if (mode === "BUFFERED") return whole(await runtime.invoke(fn, event, call), requestId, mode);
  const stream = new UrlStream(pace);
  const running = runtime.invoke(fn, event, { ...call, sink: stream });
  void running.then(
    ({ functionError, failure }) => stream.end(functionError ? new Error(failure?.message ?? functionError) : undefined),
    (error: Error) => stream.end(error),
  );
  const head = await stream.head;
  if (!head) return stream.begun ? malformed(await running, requestId) : whole(await running, requestId, mode);
  const { status, headers, body, ...facts } = head;
  return { response: { status, headers: [...headers, ...idHeader(requestId)], body }, ...facts };
}

const factsOf = ({ cold, failure }: LambdaOutcome): Pick<Invocation, "cold" | "failure"> => ({ cold, ...(failure && { failure }) });

/** A stream that failed before its status was there, or has none. */
const malformed = (outcome: LambdaOutcome, requestId: string): Invocation => ({ response: badGateway(requestId), ...factsOf(outcome) });

/** An answer that did not stream. */
function whole(outcome: LambdaOutcome, requestId: string, mode: UrlOptions["mode"]): Invocation {
  const { payload, functionError } = outcome;
  if (outcome.throttled) return { response: throttled(requestId, payload), cold: false };
  const response = functionError ? undefined : mode === "BUFFERED" ? responseOf(payload) : verbatim(payload);
  if (!response) return malformed(outcome, requestId);
  return { response: { ...response, headers: [...response.headers, ...idHeader(requestId)] }, ...factsOf(outcome) };
}

/** A function that does not stream, behind a URL that does: what it returned is the body as it stands, status and all (facts §3.7). */
const verbatim = (payload: Uint8Array): WireResponse => ({ status: 200, headers: [["content-type", "application/json"]], body: payload });
