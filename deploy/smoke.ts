/** Asks a candidate what the live release will be asked: checks and an address in, nothing or the check that failed out. */
import type { SmokeCheck } from "../framework/model/app.ts";
import { UserError } from "../framework/model/user-error.ts";

/** What went wrong: another status, or no answer at all. */
export interface SmokeFailure {
  readonly check: SmokeCheck;
  readonly found: string;
  readonly cause?: unknown;
}

/** Runs the checks in their order; gives the first that fails. Redirects are answers, not followed. `timeout` is in milliseconds. */
export async function runSmoke(url: string, checks: readonly SmokeCheck[], timeout = 35_000): Promise<SmokeFailure | undefined> {
  for (const check of checks) {
    try {
      const response = await fetch(url + check.path, { redirect: "manual", signal: AbortSignal.timeout(timeout) });
      await response.body?.cancel();
      if (response.status !== check.status) return { check, found: `status ${response.status}` };
    } catch (cause) {
      return { check, found: "no answer", cause };
    }
  }
  return undefined;
}

/** The failure as the user sees it; the live release is untouched when this is thrown. */
export function smokeError({ check, found, cause }: SmokeFailure, release: number, live: number | undefined): UserError {
  const state = live === undefined ? "nothing is live yet" : `release ${live} stays live`;
  return new UserError(
    "SMOKE_FAILED",
    `release ${release} answers GET ${check.path} with ${found}, "smoke" in hosting.json wants status ${check.status}; ${state}`,
    "run portico dev and open that path, repair it, and deploy again",
    cause === undefined ? {} : { cause },
  );
}
