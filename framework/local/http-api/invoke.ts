/** One request through an HTTP API's Lambda integration: a request, a function and a runtime in, the invocation out. */
import type { Invocation, LoadedFunction } from "../../model/invocation.ts";
import type { WireRequest } from "../../model/wire.ts";
import type { Destination } from "../emulator.ts";
import type { LambdaCall, LambdaRuntime } from "../lambda/outcome.ts";
import { maxPayload } from "../lambda/runtime-api.ts";
import { type HttpApi, toEvent } from "./event.ts";
import { maxWaitMs, refusedByApi } from "./limits.ts";
import { gatewayAnswer, toResponse } from "./result.ts";

/** An invocation that took too long for the gateway; the function's own time goes on. */
const late = Symbol("late");

/** Everything between the gateway's limits and its answer. Rejects only when the runtime is closed. */
export async function invokeThroughApi(
  runtime: LambdaRuntime,
  fn: LoadedFunction,
  request: WireRequest,
  to: Destination,
  api: HttpApi,
  call: LambdaCall,
): Promise<Invocation> {
  const refused = refusedByApi(request, to.requestId);
  if (refused) return { response: refused, cold: false };
  const event = Buffer.from(JSON.stringify(toEvent(request, to, api)));
  // Base64 makes a body of 10 MB an event that Lambda does not take.
  if (event.byteLength > maxPayload) return { response: gatewayAnswer(413, "Request Entity Too Large", to.requestId), cold: false };
  const waited = Promise.withResolvers<typeof late>();
  const timer = setTimeout(() => waited.resolve(late), maxWaitMs);
  try {
    const outcome = await Promise.race([runtime.invoke(fn, event, call), waited.promise]);
    if (outcome === late) {
      const failure = { name: "Timeout", message: `no answer after ${maxWaitMs / 1000} s, the longest an HTTP API waits`, stack: "" };
      return { response: gatewayAnswer(503, "Service Unavailable", to.requestId), cold: false, failure };
    }
    return { response: toResponse(outcome, to.requestId), cold: outcome.cold, ...(outcome.failure && { failure: outcome.failure }) };
  } finally {
    clearTimeout(timer);
  }
}
