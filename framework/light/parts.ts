/** What code reaches by its name alone (`fetch`, `new Request`, forms): whole.ts puts all of it in, lean.ts what says that it is missing. */
import type { lightFetch } from "./fetch.ts";
import type { handOver } from "./hand-over.ts";
import type { toMultipart } from "./multipart.ts";
import type { readInit } from "./request-init.ts";

/** By what a person would look for in the code. */
export interface Parts {
  readonly fetch: typeof lightFetch;
  readonly Request: typeof readInit;
  readonly FormData: typeof toMultipart;
  /** `blob()` too: the platform makes both of a body's bytes. */
  readonly formData: typeof handOver;
}

/** Set before anything else runs, and never again. */
export let parts: Parts;

/** Called once, by what composes the classes. */
export const putIn = (all: Parts): void => {
  parts = all;
};
