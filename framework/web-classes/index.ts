/** Replaces the global Headers, Request, Response and fetch; the first import of most Lambda functions. */
import { isLoaded } from "./webidl.ts";
import { lightFetch } from "./fetch.ts";
import { LightHeaders } from "./headers.ts";
import { LightRequest } from "./request.ts";
import { LightResponse } from "./response.ts";

// If the platform's classes are loaded already, as by a layer, they stay: nothing would be saved, and objects of both
// kinds would be mixed.
if (!isLoaded("internal/deps/undici/undici")) {
  const globals: Readonly<Record<string, unknown>> = {
    Headers: LightHeaders,
    Request: LightRequest,
    Response: LightResponse,
    fetch: lightFetch,
  };
  // By assignment, since a read would load the platform's.
  for (const name in globals) (globalThis as Record<string, unknown>)[name] = globals[name];
}
