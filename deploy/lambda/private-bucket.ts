/** A bucket of S3 that nobody outside the account can read: made, closed, tagged. */
import {
  CreateBucketCommand,
  type BucketLocationConstraint,
  PutBucketTaggingCommand,
  PutPublicAccessBlockCommand,
} from "@aws-sdk/client-s3";
import { UserError } from "../../framework/model/user-error.ts";
import { retry } from "../retry.ts";
import { hasName, isServiceError } from "./aws-error.ts";
import type { Clients } from "./clients.ts";

/** A bucket in calls: every call but its creation names the account that must own it. */
export interface OwnedBucket {
  readonly Bucket: string;
  readonly ExpectedBucketOwner: string;
}

/** May be repeated. Throws UserError BUCKET_TAKEN where it is another account's. */
export async function createBucket(
  { s3, region, clock }: Pick<Clients, "s3" | "region" | "clock">,
  { Bucket }: OwnedBucket,
): Promise<void> {
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
}

/** Throws UserError BUCKET_TAKEN. */
export async function blockPublicAccess({ s3 }: Pick<Clients, "s3">, owned: OwnedBucket): Promise<void> {
  const PublicAccessBlockConfiguration = {
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  };
  const block = new PutPublicAccessBlockCommand({ ...owned, PublicAccessBlockConfiguration });
  await s3.send(block).catch(refusedFor(owned.Bucket));
}

/** In place of all tags that it has. Throws UserError BUCKET_TAKEN. */
export async function tagBucket(
  { s3 }: Pick<Clients, "s3">,
  owned: OwnedBucket,
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  const Tagging = { TagSet: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) };
  await s3.send(new PutBucketTaggingCommand({ ...owned, Tagging })).catch(refusedFor(owned.Bucket));
}

const isOperationAborted = (error: unknown): boolean => hasName(error, "OperationAborted");

/** S3 has one answer for another account's bucket and for calls that these credentials may not make. */
export const isRefused = (error: unknown): boolean => isServiceError(error) && error.$metadata.httpStatusCode === 403;

/** For `catch`: throws UserError BUCKET_TAKEN for a refusal, and every other error on. */
export const refusedFor =
  (bucket: string) =>
  (error: unknown): never => {
    throw isRefused(error) ? bucketTaken(bucket, error) : error;
  };

const bucketTaken = (name: string, cause: unknown): UserError =>
  new UserError(
    "BUCKET_TAKEN",
    `the bucket ${name} cannot be used: it belongs to another account, or these credentials may not touch it`,
    "Grant the deployer the permissions that portico doctor --policy --stage NAME prints; if the bucket belongs to " +
      "another account, use another region.",
    { cause },
  );
