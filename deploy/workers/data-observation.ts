/** What holds the data of an app's stage: the database of its store and the bucket of its files, as they are found. */
import type { DeployedPart } from "../parts.ts";
import type { Deployed } from "../platform.ts";
import { hasCode } from "./cloudflare-error.ts";
import { bucketPart, type BucketState, findBucket } from "./files-bucket.ts";
import { lookForStore, type ObservedStore, type StoreInput, storeParts } from "./store-observation.ts";
import type { FullRecord } from "./version-record.ts";

/** Whose data, and what the build needs of it. */
export interface DataInput extends StoreInput {
  /** Absent without a build, which looks for a bucket all the same. */
  readonly needsFiles?: boolean;
}

/** What was found. */
export interface ObservedData extends ObservedStore {
  /** Undefined where there is none, or where nobody looked. */
  readonly files: BucketState | undefined;
}

/** Looks for both at once. */
export async function lookForData(input: DataInput): Promise<ObservedData> {
  const [store, files] = await Promise.all([lookForStore(input), lookForFiles(input)]);
  return { ...store, files };
}

/** A token that may not read buckets, or an account that has not enabled R2. */
const withoutR2 = [10_000, 9109, 10_042] as const;

/** Without a build a token that may not read buckets is no failure: its releases had none. */
async function lookForFiles({ client, owner, needsFiles }: DataInput): Promise<BucketState | undefined> {
  if (needsFiles === false) return undefined;
  try {
    return await findBucket(client, owner);
  } catch (error) {
    if (needsFiles === undefined && hasCode(error, ...withoutR2)) return undefined;
    throw error;
  }
}

/** Both; of a live release whose next one does not need one of them, what its record says. */
export function dataParts(
  input: Pick<DataInput, "owner" | "needsStore" | "needsFiles">,
  { store, files }: ObservedData,
  liveRecord: FullRecord | undefined,
): readonly DeployedPart[] {
  const hadFiles = liveRecord?.detail.some(({ kind }) => kind === "bucket") ?? false;
  const hasFiles = files === "ours" || (input.needsFiles === false && hadFiles);
  return [...storeParts(input, store, liveRecord), ...(hasFiles ? [bucketPart(input.owner)] : [])];
}

/** Those of our name that are somebody else's. */
export const takenData = (name: string, { store, files }: ObservedData): Deployed["taken"] => [
  ...(store?.state === "taken" ? [{ kind: "table" as const, name }] : []),
  ...(files === "taken" ? [{ kind: "bucket" as const, name }] : []),
];
