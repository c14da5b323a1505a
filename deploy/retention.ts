/** Decides which earlier releases, and which of their static files, stay available beside the next release. Pure. */
import { isImmutableAsset } from "../framework/model/immutable-asset.ts";
import type { Release } from "./platform.ts";
import type { RecordedAsset, ReleaseRecord } from "./record.ts";

/** The facts by which releases are kept or removed. */
export interface AssetRetention {
  /** The next release's own files. */
  readonly own: ReadonlySet<string>;
  /** The live release: only its files can be carried over. */
  readonly live: ReleaseRecord | undefined;
  /** Numbers of the releases that are kept. */
  readonly kept: ReadonlySet<number>;
  /** Bytes that are left for them. */
  readonly room: number;
  /** The same of their bytes as they are unpacked, where that is limited too. */
  readonly unpacked?: { readonly room: number; readonly of: (asset: RecordedAsset) => number };
  /** True when the own files are those of the live release: then its carried files stay as they are. */
  readonly isUnchanged: boolean;
}

/**
 * A browser that has yesterday's page asks for yesterday's `app.3f2a9c1b.js`: names with a content hash stay, newest
 * release first.
 */
export function keepAssets({ own, live, kept, room, unpacked, isUnchanged }: AssetRetention): {
  readonly kept: readonly RecordedAsset[];
  readonly dropped: readonly RecordedAsset[];
} {
  const others = (live?.assets ?? []).filter(({ path }) => !own.has(path) && isImmutableAsset(path));
  if (isUnchanged) return { kept: others, dropped: [] };
  const wanted = others
    .filter(({ release }) => kept.has(release))
    .toSorted((one, other) => other.release - one.release || (one.path < other.path ? -1 : 1));
  let [used, usedUnpacked] = [0, 0];
  const fits = wanted.map((asset) => {
    const [bytes, more] = [used + asset.bytes, usedUnpacked + (unpacked?.of(asset) ?? 0)];
    if (bytes > room || more > (unpacked?.room ?? Infinity)) return false;
    [used, usedUnpacked] = [bytes, more];
    return true;
  });
  return { kept: wanted.filter((_, at) => fits[at]), dropped: wanted.filter((_, at) => !fits[at]) };
}

/** For people. */
export const earlierFilesText = (count: number): string =>
  `${count} ${count === 1 ? "file" : "files"} of earlier releases`;

/** For people: the plan's note about files that do not fit. */
export function droppedFilesText(dropped: readonly RecordedAsset[]): string | undefined {
  if (!dropped.length) return undefined;
  const megabytes = dropped.reduce((sum, { bytes }) => sum + bytes, 0) / 1024 ** 2;
  return `${earlierFilesText(dropped.length)} (${megabytes.toFixed(1)} MB) no longer fit and go`;
}

/**
 * The releases that stay: the live one, then those that took traffic before, newest first; a release that never did is
 * not kept.
 */
export function keptReleases(live: Release, releases: readonly Release[], keep: number): readonly Release[] {
  // A record is written before the switch: a release without one never took traffic, or somebody deleted it to have it
  // forgotten.
  const others = releases.filter(({ number, record }) => number !== live.number && record?.state === "live");
  return [live, ...others.toReversed().slice(0, keep - 1)];
}
