/** Asks a candidate which version answers and has it start its functions: who they are in, nothing or the ones that do not start out. */
import type { Route } from "../../framework/model/route.ts";
import { UserError } from "../../framework/model/user-error.ts";
import type { Clock } from "../clock.ts";
import { inParallel } from "../parallel.ts";
import type { Candidate } from "../platform.ts";
import { retrying } from "../retrying.ts";
import { isBroken } from "./cloudflare-error.ts";
import { proofHeader } from "./names.ts";

/** A function by its id, and the route that people know it by. */
export interface Startable extends Pick<Route, "pattern" | "file"> {
  readonly id: string;
}

/** What does not start says why, by the function's id. */
type Failures = Readonly<Record<string, string>>;

/** A path that no static file has; the adapter answers it to whoever knows the version's id (framework/runtime/workers.ts). */
const path = "/.portico/version";

/** Milliseconds; a new deployment takes "a couple of seconds" to be everywhere, a fresh domain's certificate longer. */
const patience = 120_000;
const seconds = 1_000;

// A request has 10 ms of processor time on the Free plan (docs: Workers limits), which are for a module or a few.
const together = 8;
const atOnce = 4;

/**
 * An override that is not applied is ignored in silence (docs: version overrides), so it is tried until it is. The first question asks for
 * the version and for the first functions: a deploy that changed a few has one question. Throws UserError PROBE_FAILED.
 * @param functions that were never asked anything
 */
export async function probe(clock: Clock, candidate: Candidate, functions: readonly Startable[]): Promise<void> {
  const ids = functions.map(({ id }) => id);
  const pieces = Array.from({ length: Math.ceil(ids.length / together) }, (_, at) => ids.slice(at * together, (at + 1) * together));
  const [first = [], ...others] = pieces;
  const found = await ask(candidate, first).catch(unlessUnseen);
  if (!found) {
    await retrying({ clock, limit: patience }, isUnseen, () => ask(candidate, []));
    others.unshift(first);
  }
  const more = await inParallel(others, atOnce, (piece) => start(clock, candidate, piece));
  refuse(candidate, functions, Object.assign({}, found, ...more) as Failures);
}

/** Another node may not know the candidate yet. What gets no answer together is asked one by one, since one of them may be why. */
async function start(clock: Clock, candidate: Candidate, ids: readonly string[]): Promise<Failures> {
  const isAlone = ids.length <= 1;
  try {
    return await retrying({ clock, limit: (isAlone ? 20 : 2) * seconds }, isUnseen, () => ask(candidate, ids));
  } catch (error) {
    if (!isUnseen(error)) throw error;
    if (isAlone) return Object.fromEntries(ids.map((id) => [id, `asked to start it, ${error.message}`]));
    const each = await inParallel(ids, atOnce, (id) => start(clock, candidate, [id]));
    return Object.assign({}, ...each) as Failures;
  }
}

/** Throws UserError PROBE_FAILED when the answer is not the candidate's. */
async function ask(candidate: Candidate, ids: readonly string[]): Promise<Failures> {
  let found = "no answer";
  let cause: unknown;
  try {
    const response = await fetch(candidate.url + path, {
      headers: { ...candidate.headers, ...(ids.length && { "portico-start": ids.join(",") }) },
      redirect: "manual",
      signal: AbortSignal.timeout(35_000),
    });
    if (response.headers.get(proofHeader) === candidate.ref) return (await response.json()) as Failures;
    found = `status ${response.status} of another version`;
    await response.body?.cancel();
  } catch (error) {
    if (!isBroken(error)) throw error;
    cause = error;
  }
  throw new UserError(
    "PROBE_FAILED",
    `release ${candidate.number} does not answer at ${candidate.url}: ${found}`,
    "what is live was not touched; portico logs shows what it printed; when the address is new, deploy again in a few minutes",
    cause === undefined ? {} : { cause },
  );
}

const isUnseen = (error: unknown): error is UserError => error instanceof UserError && error.code === "PROBE_FAILED";

function unlessUnseen(error: unknown): undefined {
  if (!isUnseen(error)) throw error;
}

/** How many are told of by name. */
const most = 5;

function refuse({ number }: Candidate, functions: readonly Startable[], failures: Failures): void {
  const failed = functions.filter(({ id }) => Object.hasOwn(failures, id));
  const [one] = failed;
  if (!one) return;
  const lines = failed.slice(0, most).map(({ id, pattern, file }) => `${pattern} (${file}): ${failures[id]?.slice(0, 600)}`);
  if (failed.length > most) lines.push(`and ${failed.length - most} more`);
  throw new UserError(
    "PROBE_FAILED",
    `${failed.length === 1 ? "a route" : `${failed.length} routes`} of release ${number} would not start: ${lines.join("; ")}`,
    "what is live was not touched; portico dev --target workers shows the same when the route is asked: repair it and deploy again",
    { at: { file: one.file } },
  );
}
