/** Reads release records and the lock from the bucket, and derives deployed functions and leftovers from them. */
import type { LambdaFront } from "../../framework/model/app.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { keptReleases } from "../retention.ts";
import type { DeployedPart, Version, Owner } from "../parts.ts";
import type { LockOwner } from "../lock-owner.ts";
import { inParallel } from "../parallel.ts";
import type { Intent, Leftover, Live, Release } from "../platform.ts";
import { readRecord, type ReleaseRecord } from "../record.ts";
import type { Lock } from "./lease.ts";
import { stageName } from "./names.ts";
import type { StoredObject, Store } from "./store.ts";

/** By number. A record that went away meanwhile is none. */
export async function readRecords(
  store: Store,
  entries: readonly StoredObject[],
): Promise<ReadonlyMap<number, ReleaseRecord>> {
  const read = await inParallel(entries, 16, async ({ key }) => {
    const stored = await store.get(key);
    return stored && readRecord(stored.text, `s3://${store.name}/${key}`);
  });
  return new Map(read.flatMap((record) => (record ? [[record.number, record]] : [])));
}

/** Functions of the live release, each with its versions in all kept releases. */
export function functionParts(
  records: ReadonlyMap<number, ReleaseRecord>,
  live: ReleaseRecord | undefined,
): readonly DeployedPart[] {
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
 * The intent of an interrupted run. A lock that is held belongs to a running deploy, unless its holder is a dead
 * process of this checkout.
 */
export async function findInterrupted(lock: Lock | undefined, mine: LockOwner): Promise<Intent | undefined> {
  if (!lock) return undefined;
  const { holder: theirs, millisecondsLeft, intent } = lock;
  const isLeft = theirs === undefined || millisecondsLeft === 0 || (await mine.isDead(theirs.run, theirs.checkout));
  return isLeft ? intent : undefined;
}

/** Releases and records of an app. */
export interface KnownReleases {
  readonly records: ReadonlyMap<number, ReleaseRecord>;
  readonly releases: readonly Release[];
  readonly live: Live | undefined;
  readonly interrupted: Intent | undefined;
  readonly keep: number;
  /** For people: why a record can be without its release. */
  readonly lost: string;
}

/** Leftovers of interrupted runs among releases and records. */
export function recordedLeftovers({
  records,
  releases,
  live,
  interrupted,
  keep,
  lost,
}: KnownReleases): readonly Leftover[] {
  const run = interrupted?.release === undefined ? "" : ` of release ${interrupted.release}`;
  const intents: readonly Leftover[] = interrupted
    ? [{ kind: "records", name: "lock", reason: `a ${interrupted.command}${run} that did not end` }]
    : [];
  const unmarked: readonly Leftover[] =
    live?.record?.state === "candidate"
      ? [{ kind: "records", name: String(live.number), reason: "it is live and was not marked so" }]
      : [];
  const kept = new Set(live ? keptReleases(live, releases, keep).map(({ number }) => number) : []);
  const unkept = releases
    .filter(({ number }) => !kept.has(number))
    .map(({ number, record }): Leftover => {
      const reason = record?.state === "live" ? "it is no longer kept" : "it never took traffic";
      return { kind: "release", name: String(number), reason };
    });
  const complete = new Set(releases.filter(({ record }) => record).map(({ number }) => number));
  const orphans = [...records.keys()].filter((number) => !complete.has(number));
  return [
    ...intents,
    ...unmarked,
    ...unkept,
    ...orphans.map((number): Leftover => ({ kind: "records", name: String(number), reason: lost })),
  ];
}

const frontNames: Readonly<Record<LambdaFront, string>> = {
  "http-api": "an HTTP API",
  "function-url": "a function URL",
};

/** The two have different addresses, and neither knows the other's releases. Throws UserError FRONT_CHANGED. */
export function requireFront(records: ReadonlyMap<number, ReleaseRecord>, wanted: LambdaFront, owner: Owner): void {
  const isUrl = [...records.values()].some(({ parts }) => Object.hasOwn(parts, `url ${stageName(owner)}`));
  const isApi = [...records.values()].some(({ parts }) => Object.hasOwn(parts, `api ${stageName(owner)}`));
  const found: LambdaFront | undefined = isUrl ? "function-url" : isApi ? "http-api" : undefined;
  if (found === undefined || found === wanted) return;
  throw new UserError(
    "FRONT_CHANGED",
    `${stageName(owner)} is behind ${frontNames[found]}, and hosting.json wants ${frontNames[wanted]}: its ` +
      "address would change",
    `Deploy to another stage; or set "lambda": { "front": "${found}" } again and first remove this stage: ` +
      `portico remove --stage ${owner.stage}`,
  );
}
