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
  /** True when the own files are those of the live release: then what it serves beside them stays as it is. */
  readonly unchanged: boolean;
}

/** A browser that has yesterday's page asks for yesterday's `app.3f2a9c1b.js`: names with a content hash stay, newest release first. */
export function keepAssets({ own, live, kept, room, unchanged }: Keeping): {
  readonly kept: readonly RecordedAsset[];
  readonly left: readonly RecordedAsset[];
} {
  const others = (live?.assets ?? []).filter(({ path }) => !own.has(path) && isHashed(path));
  if (unchanged) return { kept: others, left: [] };
  const wanted = others
    .filter(({ release }) => kept.has(release))
    .toSorted((one, other) => other.release - one.release || (one.path < other.path ? -1 : 1));
  let used = 0;
  const fits = wanted.map(({ bytes }) => (used + bytes <= room ? ((used += bytes), true) : false));
  return { kept: wanted.filter((_, at) => fits[at]), left: wanted.filter((_, at) => !fits[at]) };
}

/** For people: what a plan says of files that do not fit. */
export function leftText(left: readonly RecordedAsset[]): string | undefined {
  if (!left.length) return undefined;
  const megabytes = left.reduce((sum, { bytes }) => sum + bytes, 0) / 1024 ** 2;
  return `${left.length} files of earlier releases (${megabytes.toFixed(1)} MB) no longer fit and go`;
}
