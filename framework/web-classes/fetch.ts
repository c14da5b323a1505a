/** `fetch` for the lightweight classes: converts their requests for the platform's `fetch`, and its responses. */
import { createBody, toNativeBody } from "./body.ts";
import { pick } from "./webidl.ts";
import { LightHeaders, seal, toFlatPairs } from "./headers.ts";
import { nativeFetch } from "./native-fetch.ts";
import { defaults } from "./request-options.ts";
import { LightRequest, stateOf } from "./request.ts";
import { type LightResponse, plainMembers, createResponse } from "./response.ts";

/** Takes the platform's arguments, and a LightRequest. */
export async function lightFetch(input: unknown, init: unknown = undefined): Promise<LightResponse> {
  const parameters = input instanceof LightRequest ? toNative(new LightRequest(input, init)) : [input, init];
  const native = await nativeFetch(...(parameters as Parameters<typeof fetch>));
  const { status, body, headers } = native;
  return createResponse({
    ...pick(plainMembers)(native),
    status,
    body: body && createBody(undefined, undefined, body),
    headers: seal(new LightHeaders(headers)),
    native,
  });
}

/** A new LightRequest as arguments of the platform's `fetch`. */
function toNative(request: LightRequest): readonly [url: string, init: unknown] {
  const {
    method,
    url,
    body,
    options: { referrer, ...options },
  } = stateOf(request);
  const init = {
    ...options,
    // Not the default, which the platform rejects as an argument.
    ...(referrer !== defaults.referrer && { referrer }),
    method,
    headers: toFlatPairs(request.headers),
    body: toNativeBody(body),
    signal: request.signal,
  };
  return [url, init];
}
