/** Asks a candidate what the live release will be asked: checks and an address in, nothing or the check that failed out. */
import type { SmokeCheck } from "../framework/model/app.ts";
import { UserError } from "../framework/model/user-error.ts";
import { systemClock } from "./clock.ts";
import type { Candidate } from "./platform.ts";

export type { SmokeCheck } from "../framework/model/app.ts";

/** What went wrong: another status, or no answer at all. */
export interface SmokeFailure {
  readonly path: string;
  readonly wanted: string;
  readonly found: string;
  readonly cause?: unknown;
}

/** A request, and what its answer must be. */
interface Asked {
  readonly path: string;
  readonly wanted: string;
  readonly isGood: (status: number) => boolean;
}

/** How requests are made; both in milliseconds. */
export interface Asking {
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** That one request may take; an HTTP API gives up after 30 s. */
  readonly timeout?: number;
}

/** Milliseconds between two looks at an address that is not known everywhere yet, and all of them. */
const pause = 250;
const patience = 20_000;

/** The checks, and before them, unless they ask for it themselves, one request for `/` that must be answered below 500. */
export function toAsk(checks: readonly SmokeCheck[]): readonly Asked[] {
  const all = checks.map(({ path, status }) => ({
    path,
    wanted: `"smoke" in hosting.json wants status ${status}`,
    isGood: (found: number) => found === status,
  }));
  if (checks.some(({ path }) => path === "/")) return all;
  return [{ path: "/", wanted: "any status below 500 is wanted", isGood: (found) => found < 500 }, ...all];
}

/** Asks in order; gives the first that fails. Redirects are answers, not followed. */
export async function runSmoke(candidate: Reachable, checks: readonly SmokeCheck[], asking: Asking): Promise<SmokeFailure | undefined> {
  for (const { path, wanted, isGood } of toAsk(checks)) {
    try {
      const status = await answerOf(candidate, path, asking);
      if (!isGood(status)) return { path, wanted, found: `status ${status}` };
    } catch (cause) {
      return { path, wanted, found: "no answer", cause };
    }
  }
  return undefined;
}

type Reachable = Pick<Candidate, "url" | "headers" | "unseen" | "ask">;

/** An address that was just made may not be known to every node that answers; those are asked again. */
async function answerOf(candidate: Reachable, path: string, { sleep, timeout = 35_000 }: Asking): Promise<number> {
  const { url, headers = {}, unseen, ask } = candidate;
  if (ask) return ask(path);
  for (let waited = 0; ; waited += pause) {
    const response = await fetch(url + path, { headers, redirect: "manual", signal: AbortSignal.timeout(timeout) });
    const isUnseen = response.status === unseen?.status && (await response.text()) === unseen.body;
    if (!response.bodyUsed) await response.body?.cancel();
    if (!isUnseen || waited >= patience) return response.status;
    await sleep(pause);
  }
}

/** Throws UserError SMOKE_FAILED; the live release is untouched then. */
export async function requireSmoke(
  candidate: Candidate,
  checks: readonly SmokeCheck[],
  live: number | undefined,
  asking: Asking = systemClock,
): Promise<void> {
  // A Worker that only other Workers call has no address; with checks it was refused before (NO_URL).
  if (candidate.url === "" && !candidate.ask) return;
  const failure = await runSmoke(candidate, checks, asking);
  if (!failure) return;
  const { path, wanted, found, cause } = failure;
  const state = live === undefined ? "nothing is live yet" : `release ${live} stays live`;
  throw new UserError(
    "SMOKE_FAILED",
    `release ${candidate.number} answers GET ${path} with ${found}, ${wanted}; ${state}`,
    "run portico dev and open that path, repair it, and deploy again",
    cause === undefined ? {} : { cause },
  );
}
