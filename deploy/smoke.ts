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
  /** True when it is not known to be the candidate's: it may be another release's, or the cloud's own. */
  readonly isElsewhere?: boolean;
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

/** Milliseconds between two looks at what is not known everywhere yet, an address, a candidate behind it or a grant, and all of them. */
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
  for (const asked of toAsk(checks)) {
    const { path, wanted, isGood } = asked;
    try {
      const { status, isOurs } = await answerOf(candidate, asked, asking);
      if (!isOurs || !isGood(status)) return { path, wanted, found: `status ${status}`, isElsewhere: !isOurs };
    } catch (cause) {
      return { path, wanted, found: "no answer", cause };
    }
  }
  return undefined;
}

type Reachable = Pick<Candidate, "url" | "headers" | "unseen" | "proof" | "ask">;

interface Answered {
  readonly status: number;
  readonly isOurs: boolean;
}

/** What was just made may not be known to every node that answers; those are asked again. */
async function answerOf(candidate: Reachable, { path, isGood }: Asked, { sleep, timeout = 35_000 }: Asking): Promise<Answered> {
  const { url, headers = {}, unseen = [], proof, ask } = candidate;
  if (ask) return { status: await ask(path), isOurs: true };
  for (let waited = 0; ; waited += pause) {
    const response = await fetch(url + path, { headers, redirect: "manual", signal: AbortSignal.timeout(timeout) });
    const { status } = response;
    const bodies = unseen.filter((one) => one.status === status).map(({ body }) => body);
    const isUnseen = bodies.length > 0 && bodies.includes(await response.text());
    if (!response.bodyUsed) await response.body?.cancel();
    const isOurs = !proof || !proof.covers(path) || response.headers.get(proof.header) === proof.value;
    // Whose a static file is cannot be seen: a good answer is taken, a bad one may be another release's.
    const isDoubtful = isUnseen || !isOurs || (proof && !proof.covers(path) && !isGood(status));
    if (!isDoubtful || waited >= patience) return { status, isOurs };
    await sleep(pause);
  }
}

/** Throws UserError SMOKE_FAILED, CANDIDATE_UNSEEN; the live release is untouched then. */
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
  const { path, wanted, found, isElsewhere, cause } = failure;
  const state = live === undefined ? "nothing is live yet" : `release ${live} stays live`;
  if (isElsewhere)
    throw new UserError(
      "CANDIDATE_UNSEEN",
      `GET ${path} got no answer of release ${candidate.number} for ${patience / 1000} s, but ${found} of another release or of the cloud itself; ${state}`,
      "deploy again: a candidate is not known everywhere at once; portico logs shows whether it failed before it could answer",
    );
  throw new UserError(
    "SMOKE_FAILED",
    `release ${candidate.number} answers GET ${path} with ${found}, ${wanted}; ${state}`,
    "run portico dev and open that path, repair it, and deploy again",
    cause === undefined ? {} : { cause },
  );
}
