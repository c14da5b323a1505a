/** Which static files of earlier releases the next one serves too: its own files and the live record in, those that stay reachable out. Pure. */
import { isHashed } from "../framework/model/hashed.ts";
import type { RecordedAsset, ReleaseRecord } from "./record.ts";

/** What decides. */
export interface Keeping {
  /** The next release's own files. */
  readonly own: ReadonlySet<string>;
  /** What is live; only what it has can be taken over. */
  readonly live: ReleaseRecord | undefined;
  /** Numbers of the releases that are kept. */
  readonly kept: ReadonlySet<number>;
  /** Bytes that are left for them. */
  readonly room: number;
  /** The same of their bytes as they are unpacked, where that is limited too. */
  readonly unpacked?: { readonly room: number; readonly of: (asset: RecordedAsset) => number };
  /** True when the own files are those of the live release: then what it serves beside them stays as it is. */
  readonly unchanged: boolean;
}

/** A browser that has yesterday's page asks for yesterday's `app.3f2a9c1b.js`: names with a content hash stay, newest release first. */
export function keepAssets({ own, live, kept, room, unpacked, unchanged }: Keeping): {
  readonly kept: readonly RecordedAsset[];
  readonly left: readonly RecordedAsset[];
} {
  const others = (live?.assets ?? []).filter(({ path }) => !own.has(path) && isHashed(path));
  if (unchanged) return { kept: others, left: [] };
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
  return { kept: wanted.filter((_, at) => fits[at]), left: wanted.filter((_, at) => !fits[at]) };
}

/** For people. */
export const earlierFiles = (count: number): string => `${count} ${count === 1 ? "file" : "files"} of earlier releases`;

/** For people: what a plan says of files that do not fit. */
export function leftText(left: readonly RecordedAsset[]): string | undefined {
  if (!left.length) return undefined;
  const megabytes = left.reduce((sum, { bytes }) => sum + bytes, 0) / 1024 ** 2;
  return `${earlierFiles(left.length)} (${megabytes.toFixed(1)} MB) no longer fit and go`;
}
