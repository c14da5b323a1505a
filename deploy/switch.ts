/** Moves the traffic to a release that is there already: a cloud and a number in, that release live out; one call that changes the app. */
import { UserError } from "../framework/model/user-error.ts";
import { askingOf, giveUp } from "./candidate.ts";
import type { Journal } from "./journal.ts";
import type { Candidate, Deployed, Live, Platform, Release } from "./platform.ts";
import { requireSmoke, type SmokeCheck } from "./smoke.ts";

/** What a switch would do, for people to agree to. */
export interface Switch {
  readonly from: Live;
  readonly to: Release;
  /** Secrets that have another version there: the functions of that release carry the old values. */
  readonly secrets: readonly string[];
  /** Parts that all releases share and that stay as they are: `role guestbook--prod`. */
  readonly stays: readonly string[];
}

/** What it needs. */
export interface Switching {
  readonly platform: Platform;
  readonly command: "rollback" | "promote";
  /** The release's number; when absent the canary is promoted or taken back, or the one that was live before comes again. */
  readonly number?: number;
  /** What a canary must answer before it gets all of the traffic. */
  readonly smoke: readonly SmokeCheck[];
  /** Default the machine's. */
  readonly sleep?: (milliseconds: number) => Promise<void>;
  /** Tells a rollback without a number whether it was done already; without it, it is only known while the cloud has an intent. */
  readonly journal?: Journal;
  /** Shows the releases and what would change; throws to stop. */
  readonly onSwitch: (change: Switch, deployed: Deployed) => Promise<void>;
}

/** What came of it. */
export interface Switched {
  readonly live: Live;
  readonly changed: boolean;
  /** The release that was live before a rollback which began here, had its effect, and was not seen to end. */
  readonly cutOffFrom?: number;
}

/** Gives what is live then. Throws UserError NOTHING_LIVE, NO_EARLIER_RELEASE, RELEASE_UNKNOWN, SMOKE_FAILED, and those of the lock. */
export async function switchRelease(switching: Switching): Promise<Switched> {
  const { platform, onSwitch } = switching;
  const journal = journalOf(switching);
  const [deployed, step] = await Promise.all([platform.observe(), journal?.read()]);
  const { live, canary, lastNumber } = deployed;
  if (!live) throw new UserError("NOTHING_LIVE", "nothing was released to this stage yet", "portico deploy makes the first release");
  const isCutOff = !canary && step?.to === live.number && step.last === lastNumber;
  const to = isCutOff ? live : target(switching, live, deployed);
  // Already where it should be: only what an earlier run left is finished; a canary's part comes back by a switch.
  const isThere = to.number === live.number && !canary;
  if (!isThere) {
    await onSwitch(toSwitch(live, to), deployed);
    await journal?.begin({ from: canary?.release.number ?? live.number, to: to.number, last: lastNumber });
  }
  const now = isThere && !deployed.interrupted ? live : await move(switching, { deployed, live, to, isThere });
  await journal?.end();
  return { live: now, changed: !isThere, ...(isCutOff && { cutOffFrom: step.from }) };
}

/** Only a rollback to the release before means another one when it is said again. */
const journalOf = ({ command, number, journal }: Switching): Journal | undefined =>
  command === "rollback" && number === undefined ? journal : undefined;

interface Moving {
  readonly deployed: Deployed;
  readonly live: Live;
  readonly to: Release;
  /** True when it is live already, and only what an earlier run left is finished. */
  readonly isThere: boolean;
}

async function move(switching: Switching, { deployed, live, to, isThere }: Moving): Promise<Live> {
  const { platform, command } = switching;
  const { canary, leftovers } = deployed;
  const lease = await platform.lock({ command, release: to.number, functions: [] }, deployed);
  try {
    if (canary?.release.number === to.number) await tryCanary(switching, canary.release, live);
    const now = await platform.settle(isThere ? live : await platform.promote(to));
    await lease.end(leftovers.length === 0);
    return now;
  } catch (error) {
    await giveUp(lease);
    throw error;
  }
}

function target({ command, number }: Switching, live: Live, deployed: Deployed): Release {
  if (number !== undefined) return byNumber(number, deployed);
  const { canary } = deployed;
  if (command === "promote") {
    if (canary) return canary.release;
    throw new UserError("NO_CANARY", "no release is a canary", "say which one: portico promote N; portico releases lists them");
  }
  return canary ? live : (interruptedRollback(deployed) ?? before(live, deployed));
}

/** One that does not pass loses the part of the traffic that it has. */
async function tryCanary(switching: Switching, canary: Candidate, live: Live): Promise<void> {
  const { platform, smoke } = switching;
  try {
    await requireSmoke(canary, smoke, live.number, askingOf(switching));
  } catch (error) {
    await platform.promote(live);
    throw error;
  }
}

function toSwitch(from: Live, to: Release): Switch {
  const names = new Set([...Object.keys(from.record?.secrets ?? {}), ...Object.keys(to.record?.secrets ?? {})]);
  const secrets = [...names].filter((name) => from.record?.secrets[name] !== to.record?.secrets[name]).toSorted();
  const stays = Object.entries(from.record?.parts ?? {}).filter(([name, key]) => to.record && to.record.parts[name] !== key);
  return { from, to, secrets, stays: stays.map(([name]) => name) };
}

/** Where a rollback that did not end was going: done again, it must not go one further. */
function interruptedRollback({ interrupted, releases }: Deployed): Release | undefined {
  return interrupted?.command === "rollback" ? releases.find(({ number }) => number === interrupted.release) : undefined;
}

/** The newest that took traffic and is older than the live one. */
function before(live: Live, { releases }: Deployed): Release {
  const earlier = releases.filter((one) => one.number < live.number && one.record?.state !== "candidate").at(-1);
  if (earlier) return earlier;
  throw new UserError(
    "NO_EARLIER_RELEASE",
    `release ${live.number} is the oldest that is kept`,
    "portico releases lists what can be promoted",
  );
}

function byNumber(number: number, { releases }: Deployed): Release {
  const found = releases.find((one) => one.number === number);
  if (found) return found;
  const numbers = releases.map((one) => one.number).join(", ") || "none";
  throw new UserError(
    "RELEASE_UNKNOWN",
    `there is no release ${number} that can be promoted; there are: ${numbers}`,
    "portico releases lists them",
  );
}
