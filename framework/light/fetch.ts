/** `fetch` for our requests and answers: the platform's, with both turned into what it knows. */
import { nativeFetch } from "./native.ts";
import { LightRequest, toNative } from "./request.ts";
import { type LightResponse, wrap } from "./response.ts";

/** Takes what the platform's takes, and our Request. */
export async function lightFetch(input: unknown, init: unknown = undefined): Promise<LightResponse> {
  const [url, given] = input instanceof LightRequest ? toNative(new LightRequest(input, init)) : [input, init];
  return wrap(await nativeFetch(url as string, given as RequestInit));
}
