/** The Lambda integration of an HTTP API: one request through its limits, event, function and response. */
import type { Invocation, LoadedFunction } from "../../model/invocation.ts";
import type { HttpRequest } from "../../model/http-message.ts";
import type { Destination } from "../emulator.ts";
import type { InvocationRequest, LambdaRuntime } from "../lambda/invocation.ts";
import { maxPayload } from "../lambda/runtime-api.ts";
import { type HttpApi, toEvent } from "./event.ts";
import { integrationTimeoutMs, refusedByApi } from "./limits.ts";
import { gatewayResponse, toResponse } from "./integration-response.ts";

/** The result of an invocation that exceeds the integration timeout; the function itself continues. */
const late = Symbol("late");

/** Rejects only when the runtime is closed. */
export async function invokeThroughApi(
  runtime: LambdaRuntime,
  fn: LoadedFunction,
  request: HttpRequest,
  to: Destination,
  api: HttpApi,
  call: InvocationRequest,
): Promise<Invocation> {
  const refused = refusedByApi(request, to.requestId);
  if (refused) return { response: refused, cold: false };
  const event = Buffer.from(JSON.stringify(toEvent(request, to, api)));
  // Base64 makes a body of 10 MB an event that Lambda refuses.
  if (event.byteLength > maxPayload)
    return { response: gatewayResponse(413, "Request Entity Too Large", to.requestId), cold: false };
  const timeout = Promise.withResolvers<typeof late>();
  const timer = setTimeout(() => timeout.resolve(late), integrationTimeoutMs);
  try {
    const result = await Promise.race([runtime.invoke(fn, event, call), timeout.promise]);
    if (result === late) {
      const failure = {
        name: "Timeout",
        message: `no response within ${integrationTimeoutMs / 1000} s, the integration timeout of an HTTP API`,
        stack: "",
      };
      return { response: gatewayResponse(503, "Service Unavailable", to.requestId), cold: false, failure };
    }
    return {
      response: toResponse(result, to.requestId),
      cold: result.cold,
      ...(result.failure && { failure: result.failure }),
    };
  } finally {
    clearTimeout(timer);
  }
}
