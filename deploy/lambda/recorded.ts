/** What an app's records and its lock tell of it, whatever front it is behind: stored texts in, records, parts and leftovers out. */
import type { LambdaFront } from "../../framework/model/app.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { keptReleases } from "../candidate.ts";
import type { Holder } from "../holder.ts";
import { inParallel } from "../parallel.ts";
import type { DeployedPart, Intent, Leftover, Live, Release, Version } from "../platform.ts";
import { readRecord, type ReleaseRecord } from "../record.ts";
import type { Lock } from "./lease.ts";
import { type Owner, stageName } from "./names.ts";
import type { Entry, Store } from "./store.ts";

/** By number. A record that went away meanwhile is none. */
export async function readRecords(store: Store, entries: readonly Entry[]): Promise<ReadonlyMap<number, ReleaseRecord>> {
  const read = await inParallel(entries, 16, async ({ key }) => {
    const stored = await store.get(key);
    return stored && readRecord(stored.text, `s3://${store.name}/${key}`);
  });
  return new Map(read.flatMap((record) => (record ? [[record.number, record]] : [])));
}

/** What the live release has, each with the versions that any kept one has. */
export function functionParts(records: ReadonlyMap<number, ReleaseRecord>, live: ReleaseRecord | undefined): readonly DeployedPart[] {
  const all = [...records.values()].flatMap(({ functions }) => functions);
  const byId = Map.groupBy(all, (fn) => fn.function);
  const mine = new Map(live?.functions.map((fn) => [fn.function, fn]));
  return [...byId].flatMap(([name, states]): readonly DeployedPart[] => {
    const current = mine.get(name);
    const versions = [...new Map(states.map((one) => [one.ref, toVersion(one)])).values()];
    if (!current) return [];
    return [{ kind: "function", name, key: current.key, facts: current.facts, version: toVersion(current), versions }];
  });
}

const toVersion = ({ function: id, number, ref, key }: Version): Version => ({ function: id, number, ref, key });

/**
 * What a run that ended early was about to do. A lock that is held is somebody's who is at work; one whose holder was of this checkout
 * and is dead waits for nobody.
 */
export async function interruption(lock: Lock | undefined, mine: Holder): Promise<Intent | undefined> {
  if (!lock) return undefined;
  const { holder: theirs, millisecondsLeft, intent } = lock;
  const isLeft = theirs === undefined || millisecondsLeft === 0 || (await mine.isDead(theirs.run, theirs.checkout));
  return isLeft ? intent : undefined;
}

/** What is known of an app's releases. */
export interface Recorded {
  readonly records: ReadonlyMap<number, ReleaseRecord>;
  readonly releases: readonly Release[];
  readonly live: Live | undefined;
  readonly interrupted: Intent | undefined;
  readonly keep: number;
  /** For people: why a record can be without its release. */
  readonly lost: string;
}

/** What a run that ended early left of releases. */
export function recordedLeftovers({ records, releases, live, interrupted, keep, lost }: Recorded): readonly Leftover[] {
  const run = interrupted?.release === undefined ? "" : ` of release ${interrupted.release}`;
  const intents: readonly Leftover[] = interrupted
    ? [{ kind: "records", name: "lock", reason: `a ${interrupted.command}${run} that did not end` }]
    : [];
  const unmarked: readonly Leftover[] =
    live?.record?.state === "candidate" ? [{ kind: "records", name: String(live.number), reason: "it is live and was not marked so" }] : [];
  const kept = new Set(live ? keptReleases(live, releases, keep).map(({ number }) => number) : []);
  const unkept = releases
    .filter(({ number }) => !kept.has(number))
    .map(({ number, record }): Leftover => {
      const reason = record?.state === "live" ? "it is no longer kept" : "it never took traffic";
      return { kind: "release", name: String(number), reason };
    });
  const whole = new Set(releases.filter(({ record }) => record).map(({ number }) => number));
  const orphans = [...records.keys()].filter((number) => !whole.has(number));
  return [
    ...intents,
    ...unmarked,
    ...unkept,
    ...orphans.map((number): Leftover => ({ kind: "records", name: String(number), reason: lost })),
  ];
}

const words: Readonly<Record<LambdaFront, string>> = { "http-api": "an HTTP API", "function-url": "a function URL" };

/** The two have different addresses, and neither knows the other's releases. Throws UserError FRONT_CHANGED. */
export function refuseFront(records: ReadonlyMap<number, ReleaseRecord>, wanted: LambdaFront, owner: Owner): void {
  const isUrl = [...records.values()].some(({ parts }) => Object.hasOwn(parts, `url ${stageName(owner)}`));
  const isApi = [...records.values()].some(({ parts }) => Object.hasOwn(parts, `api ${stageName(owner)}`));
  const found: LambdaFront | undefined = isUrl ? "function-url" : isApi ? "http-api" : undefined;
  if (found === undefined || found === wanted) return;
  throw new UserError(
    "FRONT_CHANGED",
    `${stageName(owner)} is behind ${words[found]}, and hosting.json wants ${words[wanted]}: its address would change`,
    `deploy to another stage; or set "lambda": { "front": "${found}" } again and take this one away first: portico remove --stage ${owner.stage}`,
  );
}
