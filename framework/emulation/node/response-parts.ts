/** Splits a Response into status, headers and a body, buffered or streamed, as `portico start` sends it. */
import { responseHeaders } from "../../http/response-conversion.ts";
import { peekLazyParts, takeLazyParts } from "../../http/lazy-response.ts";
import { type BodyReader, readAhead } from "../../http/read-ahead.ts";
import type { Failure } from "../../model/invocation.ts";

/** The parts of a response. */
export interface ResponseParts {
  readonly status: number;
  /** Names and values alternate; set-cookie is repeated. */
  readonly headers: readonly string[];
  readonly body: string | Uint8Array | BodyReader;
  readonly failure?: Failure;
}

/** A body in memory stays buffered. Rejects where `portico start` responds with 500. */
export async function toResponseParts(response: Response): Promise<ResponseParts> {
  const lazy = takeLazyParts(response);
  if (lazy) return { ...lazy, body: lazy.body ?? "" };
  // Reading `bodyUsed` or `body` would turn a lazy Response into one of Node's.
  if (!peekLazyParts(response) && (response.bodyUsed || response.body?.locked))
    throw new TypeError("The handler returned a Response whose body something already reads");
  const head = { status: response.status, headers: responseHeaders(response) };
  if (!response.body) return { ...head, body: "" };
  const start = await readAhead(response.body);
  return { ...head, body: "complete" in start ? start.complete : start.rest };
}
