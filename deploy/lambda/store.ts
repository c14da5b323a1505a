/** The private S3 bucket of leases and records; every call names the account that must own it. */
import {
  CreateBucketCommand,
  type BucketLocationConstraint,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketTaggingCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
} from "@aws-sdk/client-s3";
import { UserError } from "../../framework/model/user-error.ts";
import { type Clients, dateOf } from "./clients.ts";
import { bucketName } from "./names.ts";
import { retry } from "../retry.ts";
import { isConflict, isMissing, isServiceError, hasName } from "./aws-error.ts";

/** A stored text, and its state then. */
export interface StoredText {
  readonly text: string;
  readonly etag: string;
  /** When it was written and when it was read, both by the store's own clock; epoch ms, whole seconds. */
  readonly written: number;
  readonly read: number;
}

/** An object in a list. */
export interface StoredObject {
  readonly key: string;
  readonly etag: string;
}

/** The bucket of one account and region; it may not exist yet. */
export interface Store {
  readonly name: string;
  /** Makes the bucket when there is none. Throws UserError BUCKET_TAKEN. */
  ensure(): Promise<void>;
  /** Undefined when there is none. */
  get(key: string): Promise<StoredText | undefined>;
  /** In the order of their keys. Undefined without a bucket. */
  list(prefix: string): Promise<readonly StoredObject[] | undefined>;
  /**
   * Gives the ETag. With `ifMatch`, or null for "only if there is none", it throws PreconditionFailed when that does
   * not hold.
   */
  put(key: string, text: string, ifMatch?: string | null): Promise<string>;
  delete(key: string, ifMatch?: string): Promise<void>;
}

/** Makes no call before a method is called. */
export function openStore({ s3, region, clock }: Clients, account: string): Store {
  const Bucket = bucketName(account, region);
  const owned = { Bucket, ExpectedBucketOwner: account };
  const refused = (error: unknown): never => refusal(error, Bucket);
  const orNothing = (error: unknown): undefined => (isMissing(error) ? undefined : refused(error));
  return {
    name: Bucket,
    ensure: () => makeBucket({ s3, region, clock }, Bucket, account),
    async get(Key) {
      const found = await s3.send(new GetObjectCommand({ ...owned, Key })).catch(orNothing);
      if (!found) return undefined;
      const { ETag: etag = "", LastModified, Body } = found;
      return {
        text: (await Body?.transformToString()) ?? "",
        etag,
        written: LastModified?.getTime() ?? 0,
        read: dateOf(found) ?? clock.now(),
      };
    },
    async list(Prefix) {
      const all: StoredObject[] = [];
      let ContinuationToken: string | undefined;
      do {
        const page = await s3
          .send(new ListObjectsV2Command({ ...owned, Prefix, ...(ContinuationToken && { ContinuationToken }) }))
          .catch(orNothing);
        if (!page) return undefined;
        all.push(...(page.Contents ?? []).map(({ Key = "", ETag = "" }) => ({ key: Key, etag: ETag })));
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken);
      return all;
    },
    async put(Key, text, ifMatch) {
      const condition = ifMatch === undefined ? {} : ifMatch === null ? { IfNoneMatch: "*" } : { IfMatch: ifMatch };
      const object = { ...owned, Key, Body: Buffer.from(text), ContentType: "application/json", ...condition };
      const { ETag = "" } = await retry({ clock }, isConflict, () => s3.send(new PutObjectCommand(object))).catch(
        refused,
      );
      return ETag;
    },
    async delete(Key, ifMatch) {
      await s3
        .send(new DeleteObjectCommand({ ...owned, Key, ...(ifMatch !== undefined && { IfMatch: ifMatch }) }))
        .catch(orNothing);
    },
  };
}

function refusal(error: unknown, bucket: string): never {
  if (isServiceError(error) && error.$metadata.httpStatusCode === 403) throw bucketTaken(bucket, error);
  throw error;
}

/** A private bucket, tagged; one that is there is brought in step. */
async function makeBucket(
  { s3, region, clock }: Pick<Clients, "s3" | "region" | "clock">,
  Bucket: string,
  account: string,
): Promise<void> {
  const owned = { Bucket, ExpectedBucketOwner: account };
  const refused = (error: unknown): never => refusal(error, Bucket);
  const constraint =
    region === "us-east-1"
      ? {}
      : { CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint } };
  try {
    await retry({ clock }, isOperationAborted, () => s3.send(new CreateBucketCommand({ Bucket, ...constraint })));
  } catch (error) {
    // In us-east-1 a second creation succeeds; elsewhere it fails with BucketAlreadyOwnedByYou (S3 API reference).
    if (hasName(error, "BucketAlreadyExists")) throw bucketTaken(Bucket, error);
    if (!hasName(error, "BucketAlreadyOwnedByYou")) throw error;
  }
  const PublicAccessBlockConfiguration = {
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  };
  await s3.send(new PutPublicAccessBlockCommand({ ...owned, PublicAccessBlockConfiguration })).catch(refused);
  const Tagging = { TagSet: [{ Key: "portico:bucket", Value: "leases and records" }] };
  await s3.send(new PutBucketTaggingCommand({ ...owned, Tagging })).catch(refused);
}

const isOperationAborted = (error: unknown): boolean => hasName(error, "OperationAborted");

function bucketTaken(name: string, cause: unknown): UserError {
  return new UserError(
    "BUCKET_TAKEN",
    `the bucket ${name} cannot be used: it belongs to another account, or these credentials may not touch it`,
    "Grant the deployer the permissions that portico doctor --policy --stage NAME prints; if the bucket belongs to " +
      "another account, use another region.",
    { cause },
  );
}
