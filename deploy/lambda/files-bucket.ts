/** The S3 bucket of an app's files: found, made and completed before a release, counted, deleted with all its files. */
import {
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketTaggingCommand,
  ListObjectsV2Command,
  PutBucketCorsCommand,
} from "@aws-sdk/client-s3";
import { formRule } from "../../framework/model/files-bucket.ts";
import { UserError } from "../../framework/model/user-error.ts";
import type { DeployedPart, Owner, Part } from "../parts.ts";
import type { StoredData } from "../platform.ts";
import type { ReleaseRecord } from "../record.ts";
import { retry } from "../retry.ts";
import { hasName, undefinedIfMissing } from "./aws-error.ts";
import type { Clients } from "./clients.ts";
import { filesBucketName, isOurs, ownerTags, type Place } from "./names.ts";
import {
  blockPublicAccess,
  createBucket,
  isRefused,
  type OwnedBucket,
  refusedFor,
  tagBucket,
} from "./private-bucket.ts";

/**
 * Whose the bucket of our name is. Tags are written last, so one of `ours` is complete; an `empty` one without tags was
 * left by a run that died, and holds nothing that could be lost.
 */
export type BucketState = "ours" | "empty" | "taken";

/** The bucket, as a part that all releases share. @param note for people */
export const bucketPart = (owner: Owner, place: Place, note?: string): Part => ({
  kind: "bucket",
  name: filesBucketName(owner, place),
  key: "S3 1",
  shared: true,
  ...(note !== undefined && { note }),
});

/** For people: a function in a VPC does not reach S3 by itself (VPC user guide, "Gateway endpoints"). */
export const bucketNetworkNote = "functions in a VPC reach it through a gateway endpoint for S3 or a NAT gateway alone";

const owned = (owner: Owner, place: Place): OwnedBucket => ({
  Bucket: filesBucketName(owner, place),
  ExpectedBucketOwner: place.account,
});

/** One call; another, where the bucket has no tags. Throws UserError BUCKET_TAKEN. */
export async function findFilesBucket(clients: Clients, owner: Owner, place: Place): Promise<BucketState | undefined> {
  return stateOf(clients, owner, place).catch(refusedFor(filesBucketName(owner, place)));
}

async function stateOf({ s3 }: Pick<Clients, "s3">, owner: Owner, place: Place): Promise<BucketState | undefined> {
  const bucket = owned(owner, place);
  try {
    const found = await s3.send(new GetBucketTaggingCommand(bucket)).catch(undefinedIfMissing);
    if (!found) return undefined;
    const tags = Object.fromEntries(found.TagSet?.map(({ Key = "", Value = "" }) => [Key, Value]) ?? []);
    return isOurs(owner, tags) ? "ours" : "taken";
  } catch (error) {
    if (!hasName(error, "NoSuchTagSet")) throw error;
    const first = await s3
      .send(new ListObjectsV2Command({ ...bucket, ...urlKeys, MaxKeys: 1 }))
      .catch(undefinedIfMissing);
    return first && (first.KeyCount ? "taken" : "empty");
  }
}

/** No call for a build without files; without a build, credentials that may not look are taken for no bucket. */
export async function lookForFiles(
  clients: Clients,
  owner: Owner,
  place: Place,
  needed: { readonly files: boolean } | undefined,
): Promise<BucketState | undefined> {
  if (needed) return needed.files ? findFilesBucket(clients, owner, place) : undefined;
  try {
    return await stateOf(clients, owner, place);
  } catch (error) {
    if (isRefused(error)) return undefined;
    throw error;
  }
}

/** The bucket; of a live release whose next one does not need it, what its record says. */
export function filesParts(
  owner: Owner,
  place: Place,
  found: BucketState | undefined,
  live: ReleaseRecord | undefined,
  needed: { readonly files: boolean } | undefined,
): readonly DeployedPart[] {
  const part = bucketPart(owner, place);
  const hadBucket = needed?.files === false && Object.hasOwn(live?.parts ?? {}, `bucket ${part.name}`);
  return found === "ours" || hadBucket ? [part] : [];
}

/** As S3 names the parts of the rule. */
const corsRule = {
  AllowedMethods: [...formRule.methods],
  AllowedOrigins: [...formRule.origins],
  AllowedHeaders: [...formRule.headers],
  ExposeHeaders: [...formRule.exposed],
  MaxAgeSeconds: formRule.maxAge,
};

/**
 * Makes the bucket, and completes one that a run which ended early left. Each call may be repeated. Throws UserError
 * NAME_TAKEN, BUCKET_TAKEN. @param seen as it was just read
 */
export async function ensureFilesBucket(
  clients: Clients,
  owner: Owner,
  place: Place,
  seen: BucketState | undefined,
): Promise<void> {
  if (seen === "ours") return;
  const bucket = owned(owner, place);
  await createBucket(clients, bucket);
  // A creation also succeeds where somebody was first.
  if ((await findFilesBucket(clients, owner, place)) === "taken") throw filesBucketTaken(bucket.Bucket);
  await blockPublicAccess(clients, bucket);
  const CORSConfiguration = { CORSRules: [corsRule] };
  await clients.s3.send(new PutBucketCorsCommand({ ...bucket, CORSConfiguration })).catch(refusedFor(bucket.Bucket));
  await tagBucket(clients, bucket, ownerTags(owner));
}

const filesBucketTaken = (name: string): UserError =>
  new UserError(
    "NAME_TAKEN",
    `the bucket ${name} exists in the account, and its tags do not name this app and stage`,
    "Rename the app or the stage, or remove that bucket yourself.",
  );

/** How many files there are, from the first page. */
export async function countFiles({ s3 }: Clients, owner: Owner, place: Place): Promise<StoredData> {
  const bucket = owned(owner, place);
  const page = await s3.send(new ListObjectsV2Command({ ...bucket, ...urlKeys })).catch(undefinedIfMissing);
  return { kind: "bucket", name: bucket.Bucket, entries: page?.KeyCount ?? 0, isMore: page?.IsTruncated ?? false };
}

/**
 * Deletes the bucket, with its files if its tags say that they are ours; true when there was one. One without tags is
 * never emptied: what is in it by now is somebody else's, and stays.
 */
export async function deleteFilesBucket(clients: Clients, owner: Owner, place: Place): Promise<boolean> {
  const bucket = owned(owner, place);
  const found = await findFilesBucket(clients, owner, place);
  if (found === "ours") await deleteWithFiles(clients, bucket);
  return found === "ours" || (found === "empty" && deleteEmpty(clients, bucket));
}

/** Forms that are still valid may fill it meanwhile, so a refused deletion begins anew. */
const deleteWithFiles = ({ s3, clock }: Clients, bucket: OwnedBucket): Promise<unknown> =>
  retry(
    { clock },
    (error) => hasName(error, "BucketNotEmpty", "OperationAborted"),
    async () => {
      await emptyBucket(s3, bucket);
      await s3.send(new DeleteBucketCommand(bucket)).catch(undefinedIfMissing);
    },
  );

async function deleteEmpty({ s3, clock }: Clients, bucket: OwnedBucket): Promise<boolean> {
  const remove = (): Promise<unknown> => s3.send(new DeleteBucketCommand(bucket)).catch(undefinedIfMissing);
  try {
    await retry({ clock }, (error) => hasName(error, "OperationAborted"), remove);
    return true;
  } catch (error) {
    if (hasName(error, "BucketNotEmpty")) return false;
    throw error;
  }
}

/** Keys of a list may hold characters that XML 1.0 cannot (API reference, ListObjectsV2, "encoding-type"). */
const urlKeys = { EncodingType: "url" } as const;

/** S3 writes a space as a plus sign. */
const decodeKey = (encoded: string): string => decodeURIComponent(encoded.replaceAll("+", "%20"));

/** Whether a deletion of many, which is XML, can name it (XML 1.0 section 2.2, "Char"). */
const fitsXml = (key: string): boolean => !/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.test(key);

/** A page of a list has 1,000 keys, as many as a deletion takes. */
async function emptyBucket(s3: Clients["s3"], bucket: OwnedBucket): Promise<void> {
  for (;;) {
    const page = await s3.send(new ListObjectsV2Command({ ...bucket, ...urlKeys })).catch(undefinedIfMissing);
    const keys = page?.Contents?.flatMap(({ Key }) => (Key === undefined ? [] : [decodeKey(Key)])) ?? [];
    if (keys.length === 0) return;
    for (const Key of keys.filter((key) => !fitsXml(key))) await s3.send(new DeleteObjectCommand({ ...bucket, Key }));
    await deleteObjects(s3, bucket, keys.filter(fitsXml));
  }
}

async function deleteObjects(s3: Clients["s3"], bucket: OwnedBucket, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return;
  const Delete = { Objects: keys.map((Key) => ({ Key })), Quiet: true };
  const { Errors = [] } = await s3.send(new DeleteObjectsCommand({ ...bucket, Delete }));
  const [first] = Errors;
  if (first) throw notDeleted(bucket.Bucket, `${first.Key}: ${first.Code}`);
}

const notDeleted = (name: string, what: string): UserError =>
  new UserError(
    "FILES_KEPT",
    `S3 did not delete every file of the bucket ${name} (${what})`,
    "Run the command again; it continues where it stopped.",
  );
