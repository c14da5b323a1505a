/** Puts the light classes in the place of the platform's, before anything else runs; the Lambda build imports it first. */
import { isLoaded } from "./convert.ts";
import { lightFetch } from "./fetch.ts";
import { LightHeaders } from "./headers.ts";
import { LightRequest } from "./request.ts";
import { LightResponse } from "./response.ts";

// Where the platform's classes are loaded already (a layer did it) nothing is saved, and objects of both kinds would meet.
if (!isLoaded("internal/deps/undici/undici")) {
  const ours: Readonly<Record<string, unknown>> = {
    Headers: LightHeaders,
    Request: LightRequest,
    Response: LightResponse,
    fetch: lightFetch,
  };
  // By plain assignment: any other touch loads them.
  for (const name in ours) (globalThis as Record<string, unknown>)[name] = ours[name];
}
