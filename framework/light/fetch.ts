/** `fetch` for our requests and answers: the platform's, with both turned into what it knows. */
import { made, sendable } from "./body.ts";
import { members } from "./convert.ts";
import { LightHeaders, seal, written } from "./headers.ts";
import { nativeFetch } from "./native.ts";
import { standard } from "./options.ts";
import { LightRequest, stateOf } from "./request.ts";
import { type LightResponse, plain, respond } from "./response.ts";

/** Takes what the platform's takes, and our Request. */
export async function lightFetch(input: unknown, init: unknown = undefined): Promise<LightResponse> {
  const asked = input instanceof LightRequest ? toNative(new LightRequest(input, init)) : [input, init];
  const native = await nativeFetch(...(asked as Parameters<typeof fetch>));
  const { status, body, headers } = native;
  return respond({
    ...members(plain)(native),
    status,
    body: body && made(undefined, undefined, body),
    headers: seal(new LightHeaders(headers)),
    native,
  });
}

/** A request of ours, made for this alone, as the arguments of the platform's. */
function toNative(request: LightRequest): readonly [url: string, init: unknown] {
  const {
    method,
    url,
    body,
    options: { referrer, ...options },
  } = stateOf(request);
  const init = {
    ...options,
    // Refused where it is the answer of a getter.
    ...(referrer !== standard.referrer && { referrer }),
    method,
    headers: written(request.headers),
    body: sendable(body),
    signal: request.signal,
  };
  return [url, init];
}
