/** Sends a candidate the smoke-test requests of the app before it takes traffic, and reports the first that fails. */
import type { SmokeCheck } from "../framework/model/app.ts";
import { UserError } from "../framework/model/user-error.ts";
import { systemClock } from "./clock.ts";
import type { Candidate } from "./platform.ts";

export type { SmokeCheck } from "../framework/model/app.ts";

/** A request that failed: another status, or no answer at all. */
export interface SmokeFailure {
  readonly path: string;
  readonly wanted: string;
  readonly found: string;
  /** True for an answer that may come from another release, or from the cloud itself. */
  readonly isElsewhere?: boolean;
  readonly cause?: unknown;
}

/** A request, and the condition that its answer must meet. */
interface SmokeRequest {
  readonly path: string;
  readonly wanted: string;
  readonly isGood: (status: number) => boolean;
}

/** How requests are made; both in milliseconds. */
export interface RequestOptions {
  readonly sleep: (milliseconds: number) => Promise<void>;
  /** That one request may take; an HTTP API gives up after 30 s. */
  readonly timeout?: number;
}

/**
 * Milliseconds between two requests to something that may not be visible everywhere yet, and
 * all of them.
 */
const pause = 250;
const patience = 20_000;

/**
 * The checks, and before them, unless they ask for it themselves, one request for `/` that must be answered below 500.
 */
export function smokeRequests(checks: readonly SmokeCheck[]): readonly SmokeRequest[] {
  const all = checks.map(({ path, status }) => ({
    path,
    wanted: `"smoke" in hosting.json wants status ${status}`,
    isGood: (found: number) => found === status,
  }));
  if (checks.some(({ path }) => path === "/")) return all;
  return [{ path: "/", wanted: "any status below 500 is wanted", isGood: (found) => found < 500 }, ...all];
}

/** Asks in order; gives the first that fails. Redirects are answers, not followed. */
export async function runSmokeTest(
  candidate: Reachable,
  checks: readonly SmokeCheck[],
  options: RequestOptions,
): Promise<SmokeFailure | undefined> {
  for (const asked of smokeRequests(checks)) {
    const { path, wanted, isGood } = asked;
    try {
      const { status, isOurs } = await send(candidate, asked, options);
      if (!isOurs || !isGood(status)) return { path, wanted, found: `status ${status}`, isElsewhere: !isOurs };
    } catch (cause) {
      return { path, wanted, found: "no answer", cause };
    }
  }
  return undefined;
}

type Reachable = Pick<Candidate, "url" | "headers" | "notReadyAnswers" | "versionHeader" | "request">;

interface SmokeAnswer {
  readonly status: number;
  readonly isOurs: boolean;
}

/** Repeats a request while it meets a node that does not know the candidate yet. */
async function send(
  candidate: Reachable,
  { path, isGood }: SmokeRequest,
  { sleep, timeout = 35_000 }: RequestOptions,
): Promise<SmokeAnswer> {
  const { url, headers = {}, notReadyAnswers = [], versionHeader, request } = candidate;
  // The cloud's own answer is never the app's, whatever its status; an app's own answer counts if it is the wanted one.
  const isUnseen = (status: number, text?: string): boolean =>
    notReadyAnswers.some(
      (one) => one.status === status && (one.body === undefined ? !isGood(status) : one.body === text),
    );
  for (let waited = 0; request; waited += pause) {
    const status = await request(path);
    if (!isUnseen(status) || waited >= patience) return { status, isOurs: true };
    await sleep(pause);
  }
  for (let waited = 0; ; waited += pause) {
    const response = await fetch(url + path, { headers, redirect: "manual", signal: AbortSignal.timeout(timeout) });
    const { status } = response;
    const text = notReadyAnswers.some((one) => one.status === status) ? await response.text() : "";
    if (!response.bodyUsed) await response.body?.cancel();
    const isOurs =
      !versionHeader ||
      !versionHeader.covers(path) ||
      response.headers.get(versionHeader.header) === versionHeader.value;
    // A static file does not name its release: a good answer counts, a bad one may be another release's.
    const isDoubtful =
      isUnseen(status, text) || !isOurs || (versionHeader && !versionHeader.covers(path) && !isGood(status));
    if (!isDoubtful || waited >= patience) return { status, isOurs };
    await sleep(pause);
  }
}

/** Throws UserError SMOKE_FAILED, CANDIDATE_UNSEEN; the live release is untouched then. */
export async function requireSmokeTest(
  candidate: Candidate,
  checks: readonly SmokeCheck[],
  live: number | undefined,
  options: RequestOptions = systemClock,
): Promise<void> {
  // A Worker that only other Workers call has no address; with checks it was refused before (NO_URL).
  if (candidate.url === "" && !candidate.request) return;
  const failure = await runSmokeTest(candidate, checks, options);
  if (!failure) return;
  const { path, wanted, found, isElsewhere, cause } = failure;
  const stage = candidate.record?.stage ?? "NAME";
  const state = live === undefined ? "nothing is live yet" : `release ${live} stays live`;
  if (isElsewhere)
    throw new UserError(
      "CANDIDATE_UNSEEN",
      `GET ${path} was not answered by release ${candidate.number} for ${patience / 1000} s, but with ${found} by ` +
        `another release or by the cloud itself; ${state}`,
      `Run portico deploy --stage ${stage} again, since a candidate takes time to reach all nodes, and meanwhile ` +
        `portico logs -f --stage ${stage} to see errors of its code.`,
    );
  throw new UserError(
    "SMOKE_FAILED",
    `release ${candidate.number} answers GET ${path} with ${found}, ${wanted}; ${state}`,
    `Open that path in portico dev, correct the code, and run portico deploy --stage ${stage} again.`,
    cause === undefined ? {} : { cause },
  );
}
