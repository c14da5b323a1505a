/** Moves the traffic to a release that exists already: rollback and promote. */
import { UserError } from "../framework/model/user-error.ts";
import { requestOptions, abandonLease } from "./run.ts";
import type { RollbackJournal } from "./rollback-journal.ts";
import type { Candidate, Deployed, Live, Platform, Release } from "./platform.ts";
import { settleAgain, type SwitchedSchema } from "./schema.ts";
import { requireSmokeTest, type SmokeCheck } from "./smoke-test.ts";

/** The effects of a switch, for people to confirm. */
export interface Switch {
  readonly from: Live;
  readonly to: Release;
  /** Secrets that have another version there: the functions of that release carry the old values. */
  readonly secrets: readonly string[];
  /** Parts that all releases share and that stay as they are: `role guestbook--prod`. */
  readonly stays: readonly string[];
}

/** The options of a switch. */
export interface SwitchOptions {
  readonly platform: Platform;
  /** Of apps with databases. */
  readonly schema?: SwitchedSchema;
  readonly command: "rollback" | "promote";
  /**
   * The release's number; when absent the canary is promoted or taken back, or the one that was live before comes
   * again.
   */
  readonly number?: number;
  /** Smoke tests that a canary must pass before it gets all of the traffic. */
  readonly smoke: readonly SmokeCheck[];
  /** Default the machine's. */
  readonly sleep?: (milliseconds: number) => Promise<void>;
  /**
   * Tells a rollback without a number whether it was done already; without it, it is only known while the cloud has an
   * intent.
   */
  readonly journal?: RollbackJournal;
  /** Shows the two releases and the changes; throws to stop. */
  readonly onSwitch: (change: Switch, deployed: Deployed) => Promise<void>;
}

/** The result of a switch. */
export interface SwitchResult {
  readonly live: Live;
  readonly changed: boolean;
  /** The release that was live before a rollback which began here, had its effect, and was not seen to end. */
  readonly cutOffFrom?: number;
}

/**
 * Returns the release that is live afterwards. Throws UserError NOTHING_LIVE, NO_EARLIER_RELEASE, RELEASE_UNKNOWN,
 * SMOKE_FAILED, and those of the lock.
 */
export async function switchRelease(options: SwitchOptions): Promise<SwitchResult> {
  const { platform, onSwitch } = options;
  const journal = journalOf(options);
  const [deployed, step] = await Promise.all([platform.observe(), journal?.read()]);
  const { live, canary, lastNumber } = deployed;
  if (!live)
    throw new UserError(
      "NOTHING_LIVE",
      "nothing was released to this stage yet",
      "Run portico deploy --stage NAME first, with the name of this stage.",
    );
  const isCutOff = !canary && step?.to === live.number && step.last === lastNumber;
  const to = isCutOff ? live : targetRelease(options, live, deployed);
  // Already live: only leftovers of an earlier run are finished; a canary's part comes back by a switch.
  const isThere = to.number === live.number && !canary;
  if (!isThere) {
    await onSwitch(toSwitch(live, to), deployed);
    await journal?.record({ from: canary?.release.number ?? live.number, to: to.number, last: lastNumber });
  }
  const isDone = isThere && !deployed.interrupted;
  // A run that died after its switch did not write it down.
  if (isDone) await options.schema?.settle({ platform, number: to.number });
  const now = isDone ? live : await move(options, { deployed, live, to, isThere });
  await journal?.clear();
  return { live: now, changed: !isThere, ...(isCutOff && { cutOffFrom: step.from }) };
}

/** Only a rollback without a number means another release when it is repeated. */
const journalOf = ({ command, number, journal }: SwitchOptions): RollbackJournal | undefined =>
  command === "rollback" && number === undefined ? journal : undefined;

interface Move {
  readonly deployed: Deployed;
  readonly live: Live;
  readonly to: Release;
  /** True when the target is live already, and only leftovers of an earlier run are finished. */
  readonly isThere: boolean;
}

async function move(options: SwitchOptions, { deployed, live, to, isThere }: Move): Promise<Live> {
  const { platform, command, schema } = options;
  const { canary, leftovers } = deployed;
  const earlier = { platform, number: to.number, tookTraffic: to.record?.state !== "candidate" };
  // Refused here, nothing is left to finish; the second time is under the lock.
  await schema?.readmit(earlier);
  const lease = await platform.records.lock({ command, release: to.number, functions: [] }, deployed);
  try {
    if (canary?.release.number === to.number) await requireHealthyCanary(options, canary.release, live);
    // Before the call that moves the traffic: from then on no contract file runs that this release does not list.
    await schema?.readmit(earlier);
    // It may have waited for a migration that runs.
    if (schema) await lease.confirm();
    const switched = isThere ? live : await platform.promote(to);
    // First, since it needs no lock: a run whose lock ran out has moved the traffic all the same.
    await schema?.settle({ platform, number: to.number });
    const now = await platform.records.settle(switched);
    await lease.end(leftovers.length === 0);
    return now;
  } catch (error) {
    await abandonLease(lease);
    throw error;
  }
}

/** The stage for messages, or a placeholder where the live release has no record. */
const stageOf = ({ record }: Live): string => record?.stage ?? "NAME";

function targetRelease({ command, number }: SwitchOptions, live: Live, deployed: Deployed): Release {
  if (number !== undefined) return byNumber(number, deployed, stageOf(live));
  const { canary } = deployed;
  if (command === "promote") {
    if (canary) return canary.release;
    const stage = stageOf(live);
    throw new UserError(
      "NO_CANARY",
      "no release is a canary",
      `Run portico releases --stage ${stage}, then portico promote NUMBER --stage ${stage}`,
    );
  }
  return canary ? live : (interruptedRollback(deployed) ?? earlierRelease(live, deployed));
}

/** A canary that fails loses its part of the traffic. */
async function requireHealthyCanary(options: SwitchOptions, canary: Candidate, live: Live): Promise<void> {
  const { platform, smoke, schema } = options;
  try {
    await requireSmokeTest(canary, smoke, live.number, requestOptions(options));
  } catch (error) {
    await platform.promote(live);
    await settleAgain(schema, { platform, number: live.number, insteadOf: canary.number });
    throw error;
  }
}

function toSwitch(from: Live, to: Release): Switch {
  const names = new Set([...Object.keys(from.record?.secrets ?? {}), ...Object.keys(to.record?.secrets ?? {})]);
  const secrets = [...names].filter((name) => from.record?.secrets[name] !== to.record?.secrets[name]).toSorted();
  // A role that the other release does not have is its own: each function keeps the role that it was released with.
  const stays = Object.entries(from.record?.parts ?? {}).filter(
    ([name, key]) =>
      to.record && to.record.parts[name] !== key && (name in to.record.parts || !/^(permission )?role /.test(name)),
  );
  return { from, to, secrets, stays: stays.map(([name]) => name) };
}

/** The target of an interrupted rollback: repeated, it must not go one release further. */
function interruptedRollback({ interrupted, releases }: Deployed): Release | undefined {
  return interrupted?.command === "rollback"
    ? releases.find(({ number }) => number === interrupted.release)
    : undefined;
}

/** The newest that took traffic and is older than the live one. */
function earlierRelease(live: Live, { releases }: Deployed): Release {
  const earlier = releases.filter((one) => one.number < live.number && one.record?.state !== "candidate").at(-1);
  if (earlier) return earlier;
  throw new UserError(
    "NO_EARLIER_RELEASE",
    `release ${live.number} is the oldest one that is kept`,
    `Run portico releases --stage ${stageOf(live)} to list the releases that are kept.`,
  );
}

function byNumber(number: number, { releases }: Deployed, stage: string): Release {
  const found = releases.find((one) => one.number === number);
  if (found) return found;
  const numbers = releases.map((one) => one.number).join(", ") || "none";
  throw new UserError(
    "RELEASE_UNKNOWN",
    `there is no release ${number} that can be promoted; there are: ${numbers}`,
    `Run portico releases --stage ${stage} to list them.`,
  );
}
