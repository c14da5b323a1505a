/** Puts the light classes in the place of the platform's: what to have for `fetch` in, the global object changed. */
import { isLoaded } from "./convert.ts";
import { LightHeaders } from "./headers.ts";
import { LightRequest } from "./request.ts";
import { LightResponse } from "./response.ts";

/** Where the platform's classes are loaded already (a layer did it) nothing is saved, and objects of both kinds would meet: then they stay. */
export function replaceClasses(fetch: unknown): void {
  if (isLoaded("internal/deps/undici/undici")) return;
  const ours: Readonly<Record<string, unknown>> = { Headers: LightHeaders, Request: LightRequest, Response: LightResponse, fetch };
  // By plain assignment: any other touch loads them.
  for (const name in ours) (globalThis as Record<string, unknown>)[name] = ours[name];
}
