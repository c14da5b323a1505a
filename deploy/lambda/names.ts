/** Names, tags, descriptions and bucket keys of everything that a release has on AWS. */
import { createHash } from "node:crypto";
import { UserError } from "../../framework/model/user-error.ts";
import type { Owner } from "../parts.ts";

/** The account, 12 digits, and the region of a release. */
export interface Place {
  readonly account: string;
  readonly region: string;
}

// Lambda and IAM both allow 64. App and stage hold no "--", so the name can be split again.
const longest = 64;
const hashLength = 6;
const shortestSlug = 4;

/**
 * `app--stage`, the name of the API and the beginning of other names. Throws UserError NAME_TOO_LONG when no function
 * could be named after it.
 */
export function stageName({ app, stage }: Owner): string {
  const name = `${app}--${stage}`;
  const room = longest - "--".length - shortestSlug - "-".length - hashLength;
  if (name.length <= room) return name;
  throw new UserError(
    "NAME_TOO_LONG",
    `the app's and the stage's names have ${name.length - 2} characters together, and AWS leaves room for ${room - 2}`,
    `Shorten "name" in hosting.json or the stage's name.`,
  );
}

/** The prefix of all functions of one app and stage, and of no other. */
export const functionPrefix = (owner: Owner): string => `${stageName(owner)}--`;

/**
 * `app--stage--slug-hash6`, at most 64 characters: the slug is cut to fit, and the hash over the whole id keeps cut
 * ones apart. A collision is refused (`toDesiredState`).
 */
export function functionName(owner: Owner, id: string): string {
  const prefix = functionPrefix(owner);
  const suffix = shortHash(`${owner.app}\n${owner.stage}\n${id}`, hashLength);
  return `${prefix}${id.slice(0, longest - prefix.length - suffix.length - 1)}-${suffix}`;
}

/** At most 9 letters and digits of a text's SHA-256. */
function shortHash(text: string, length: number): string {
  const hash = createHash("sha256").update(text).digest();
  return (hash.readUIntBE(0, 6) % 36 ** length).toString(36).padStart(length, "0");
}

/**
 * The path of a stage's roles in one region, and of no other: IAM is one for all regions, and lists roles by their
 * paths.
 */
export const rolePath = (owner: Owner, { region }: Pick<Place, "region">): string =>
  `/portico/${region}/${stageName(owner)}/`;

/** `app--stage--hash9`: a role is named by all that it is made of, since it never changes. */
export const roleName = (owner: Owner, { region }: Pick<Place, "region">, contents: readonly string[]): string =>
  `${functionPrefix(owner)}${shortHash(JSON.stringify([region, ...contents]), 9)}`;

/** The tags of everything that a release makes. */
export const ownerTags = ({ app, stage }: Owner): Record<string, string> => ({
  "portico:app": app,
  "portico:stage": stage,
});

/** With the function's id, since its name may be cut. */
export const functionTags = (owner: Owner, id: string): Record<string, string> => ({
  ...ownerTags(owner),
  "portico:function": id,
});

/** True when the tags name exactly this app and stage; only then may a thing be changed. */
export function isOurs({ app, stage }: Owner, tags: Readonly<Record<string, string>> | undefined): boolean {
  return tags?.["portico:app"] === app && tags["portico:stage"] === stage;
}

/** A version's description: the key by which it is found again. */
export const versionDescription = (key: string): string => `portico key=${key}`;

/** The key in a version's description. */
export const versionKey = (description: string | undefined): string | undefined =>
  /^portico key=([0-9a-f]{64})$/.exec(description ?? "")?.[1];

/** Names a version in calls to Lambda. @param ref a qualified ARN */
export const versionTarget = (ref: string): { readonly FunctionName: string; readonly Qualifier: string } => ({
  FunctionName: ref.slice(0, ref.lastIndexOf(":")),
  Qualifier: ref.slice(ref.lastIndexOf(":") + 1),
});

/** A deployment's description: the release that it froze. */
export const releaseDescription = (number: number, hash: string): string =>
  `portico release ${number} manifest=${hash}`;

/** The release in a deployment's description. */
export function describedRelease(description: string | undefined): { number: number; hash: string } | undefined {
  const [, number, hash] = /^portico release ([1-9]\d{0,8}) manifest=([0-9a-f]{64})$/.exec(description ?? "") ?? [];
  return number && hash ? { number: Number(number), hash } : undefined;
}

/** The prefix of candidate stages; 128 random bits follow. */
export const candidatePrefix = "candidate-";

/** The bucket of an account and region: every app's leases and records. */
export const bucketName = (account: string, region: string): string => `portico-${account}-${region}`;

/** Characters of a bucket's name ("General purpose bucket naming rules"). */
const longestBucket = 63;

/**
 * The bucket of a stage's files, `portico-app--stage-hash9`: names are one for all accounts and regions, and the hash
 * is over both. What is cut of app and stage is in the hash, too.
 */
export function filesBucketName({ app, stage }: Owner, { account, region }: Place): string {
  const hash = shortHash(JSON.stringify([account, region, app, stage]), 9);
  return `${`portico-${app}--${stage}`.slice(0, longestBucket - hash.length - 1)}-${hash}`;
}

/** The key of an app's and stage's lock in it. */
export const lockKey = (owner: Owner): string => `locks/${stageName(owner)}.json`;

/** The prefix of the keys of its records. */
export const recordPrefix = (owner: Owner): string => `releases/${stageName(owner)}/`;

/** A record's key; they sort by number. */
export const recordKey = (owner: Owner, number: number): string =>
  `${recordPrefix(owner)}${String(number).padStart(9, "0")}.json`;

/** The prefix of a stage's secrets in SSM. */
export const secretPrefix = ({ app, stage }: Owner): string => `/portico/${app}/${stage}/`;
