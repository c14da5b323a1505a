/** The private S3 bucket of leases and records; every call names the account that must own it. */
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { type Clients, dateOf } from "./clients.ts";
import { bucketName } from "./names.ts";
import { retry } from "../retry.ts";
import { isConflict, isMissing } from "./aws-error.ts";
import { blockPublicAccess, createBucket, type OwnedBucket, refusedFor, tagBucket } from "./private-bucket.ts";

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
  const refused = refusedFor(Bucket);
  const orNothing = (error: unknown): undefined => (isMissing(error) ? undefined : refused(error));
  return {
    name: Bucket,
    ensure: () => makeBucket({ s3, region, clock }, owned),
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

/** A private bucket, tagged; one that is there is brought in step. */
async function makeBucket(clients: Pick<Clients, "s3" | "region" | "clock">, owned: OwnedBucket): Promise<void> {
  await createBucket(clients, owned);
  await blockPublicAccess(clients, owned);
  await tagBucket(clients, owned, { "portico:bucket": "leases and records" });
}
