/** Asks a candidate what the live release will be asked: checks and an address in, nothing or the check that failed out. */
import type { SmokeCheck } from "../framework/model/app.ts";
import { UserError } from "../framework/model/user-error.ts";
import type { Candidate } from "./platform.ts";

export type { SmokeCheck } from "../framework/model/app.ts";

/** What went wrong: another status, or no answer at all. */
export interface SmokeFailure {
  readonly check: SmokeCheck;
  readonly found: string;
  readonly cause?: unknown;
}

/** Milliseconds that one request may take; an HTTP API gives up after 30 s. */
const patience = 35_000;

/** Runs the checks in their order; gives the first that fails. Redirects are answers, not followed. `timeout` is in milliseconds. */
export async function runSmoke(
  { url, headers = {} }: Pick<Candidate, "url" | "headers">,
  checks: readonly SmokeCheck[],
  timeout = patience,
): Promise<SmokeFailure | undefined> {
  for (const check of checks) {
    try {
      const response = await fetch(url + check.path, { headers, redirect: "manual", signal: AbortSignal.timeout(timeout) });
      await response.body?.cancel();
      if (response.status !== check.status) return { check, found: `status ${response.status}` };
    } catch (cause) {
      return { check, found: "no answer", cause };
    }
  }
  return undefined;
}

/** Throws UserError SMOKE_FAILED; the live release is untouched then. */
export async function requireSmoke(candidate: Candidate, checks: readonly SmokeCheck[], live: number | undefined): Promise<void> {
  const failure = await runSmoke(candidate, checks);
  if (!failure) return;
  const { check, found, cause } = failure;
  const state = live === undefined ? "nothing is live yet" : `release ${live} stays live`;
  throw new UserError(
    "SMOKE_FAILED",
    `release ${candidate.number} answers GET ${check.path} with ${found}, "smoke" in hosting.json wants status ${check.status}; ${state}`,
    "run portico dev and open that path, repair it, and deploy again",
    cause === undefined ? {} : { cause },
  );
}
