/** Asks a candidate for its version and has it start its new functions; names those that fail to start. */
import type { Clock } from "../clock.ts";
import { digest, type Part } from "../parts.ts";
import { inParallel } from "../parallel.ts";
import type { Candidate } from "../platform.ts";
import { retry } from "../retry.ts";
import { isConnectionError } from "./cloudflare-error.ts";
import { versionHeaderName } from "./names.ts";
import type { Route } from "../../framework/model/route.ts";
import { UserError } from "../../framework/model/user-error.ts";

/** A function by its id, and the route that people know it by. */
export interface Startable extends Pick<Route, "pattern" | "file"> {
  readonly id: string;
}

/** Error texts of functions that failed to start, by their ids. */
type Failures = Readonly<Record<string, string>>;

/**
 * A path that no static file has; the adapter answers it to whoever knows the version's id
 * (framework/runtime/workers.ts).
 */
const path = "/.portico/version";

/** Milliseconds; a new deployment takes "a couple of seconds" to be everywhere, a fresh domain's certificate longer. */
const patience = 120_000;
const seconds = 1_000;

// A request has 10 ms of processor time on the Free plan (docs: Workers limits), which are for a module or a few.
const together = 8;
const atOnce = 4;

/**
 * An override that is not applied is ignored in silence (docs: version overrides), so it is tried until it is. The
 * first question asks for the version and for the first functions: a deploy that changed a few has one question. Throws
 * UserError PROBE_FAILED.
 * @param functions that were never probed
 */
export async function probe(clock: Clock, candidate: Candidate, functions: readonly Startable[]): Promise<void> {
  const ids = functions.map(({ id }) => id);
  const pieces = Array.from({ length: Math.ceil(ids.length / together) }, (_, at) =>
    ids.slice(at * together, (at + 1) * together),
  );
  const [first = [], ...others] = pieces;
  const found = await startFunctions(candidate, first).catch(unlessUnseen);
  if (!found) {
    await retry({ clock, limit: patience }, isUnseen, () => startFunctions(candidate, []));
    others.unshift(first);
  }
  const more = await inParallel(others, atOnce, (piece) => startWithRetries(clock, candidate, piece));
  requireStarted(candidate, functions, Object.assign({}, found, ...more) as Failures);
}

/**
 * Another node may not know the candidate yet. Functions that get no answer together are probed one by one, since
 * one of them may be the cause.
 */
async function startWithRetries(clock: Clock, candidate: Candidate, ids: readonly string[]): Promise<Failures> {
  const isAlone = ids.length <= 1;
  try {
    return await retry({ clock, limit: (isAlone ? 20 : 2) * seconds }, isUnseen, () => startFunctions(candidate, ids));
  } catch (error) {
    if (!isUnseen(error)) throw error;
    if (isAlone) return Object.fromEntries(ids.map((id) => [id, `asked to start it, ${error.message}`]));
    const each = await inParallel(ids, atOnce, (id) => startWithRetries(clock, candidate, [id]));
    return Object.assign({}, ...each) as Failures;
  }
}

/** The stage for messages. */
const stageOf = ({ record }: Candidate): string => record?.stage ?? "NAME";

/** Throws UserError PROBE_FAILED when the answer is not the candidate's. */
async function startFunctions(candidate: Candidate, ids: readonly string[]): Promise<Failures> {
  let found = "no answer";
  let cause: unknown;
  try {
    const response = await fetch(candidate.url + path, {
      headers: { ...candidate.headers, ...(ids.length && { "portico-start": ids.join(",") }) },
      redirect: "manual",
      signal: AbortSignal.timeout(35_000),
    });
    if (response.headers.get(versionHeaderName) === candidate.ref) return (await response.json()) as Failures;
    found = `status ${response.status} of another version`;
    await response.body?.cancel();
  } catch (error) {
    if (!isConnectionError(error)) throw error;
    cause = error;
  }
  throw new UserError(
    "PROBE_FAILED",
    `release ${candidate.number} does not answer at ${candidate.url}: ${found}`,
    `Run portico logs -f --stage ${stageOf(candidate)} --target workers during the next deploy to see its errors; ` +
      "if the address is new, deploy again in a few minutes. The live release is unchanged.",
    cause === undefined ? {} : { cause },
  );
}

const isUnseen = (error: unknown): error is UserError => error instanceof UserError && error.code === "PROBE_FAILED";

function unlessUnseen(error: unknown): undefined {
  if (!isUnseen(error)) throw error;
}

/** Failures that are listed by name. */
const most = 5;

function requireStarted(candidate: Candidate, functions: readonly Startable[], failures: Failures): void {
  const failed = functions.filter(({ id }) => Object.hasOwn(failures, id));
  const [one] = failed;
  if (!one) return;
  const lines = failed
    .slice(0, most)
    .map(({ id, pattern, file }) => `${pattern} (${file}): ${failures[id]?.slice(0, 600)}`);
  if (failed.length > most) lines.push(`and ${failed.length - most} more`);
  throw new UserError(
    "PROBE_FAILED",
    `${failed.length === 1 ? "a route" : `${failed.length} routes`} of release ${candidate.number} did not start: ` +
      lines.join("; "),
    "Open the route in portico dev --target workers, which shows the same error, and correct the code; then run " +
      `portico deploy --stage ${stageOf(candidate)} again. The live release is unchanged.`,
    { at: { file: one.file } },
  );
}

/**
 * The functions whose code is not live; all of them where their settings differ from the live ones: date, flags, env,
 * secrets, bindings.
 */
export function unprobedFunctions(live: readonly Part[], desired: readonly Part[]): readonly string[] {
  const keys = new Map(functionsOf(live).map(({ name, key }) => [name, key]));
  const isSame = settingsOf(live) === settingsOf(desired);
  return functionsOf(desired).flatMap(({ name, key }) => (isSame && keys.get(name) === key ? [] : [name]));
}

const functionsOf = (parts: readonly Part[]): readonly Part[] => parts.filter(({ kind }) => kind === "function");

/** Settings that functions depend on; the router, part of a Worker's key, is not one. */
function settingsOf(parts: readonly Part[]): string {
  const settings = parts.flatMap(({ kind, name, key, facts = [] }): readonly unknown[] => {
    if (kind === "worker")
      return [facts.filter(({ label }) => label !== "router").map(({ label, value }) => [label, value])];
    return kind === "binding" || kind === "secret" ? [[kind, name, key]] : [];
  });
  return digest(settings);
}
