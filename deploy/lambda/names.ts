/** What our things are called on AWS and whose they are: app, stage and function id in, names and tags out. */
import { createHash } from "node:crypto";
import { UserError } from "../../framework/model/user-error.ts";
import type { Owner } from "../owner.ts";

export type { Owner };

// Lambda and IAM both allow 64. App and stage hold no "--" (design.md section 5), so the parts are told apart.
const longest = 64;
const hashLength = 6;
const shortestSlug = 4;

/** `app--stage`, the name of the role and of the API. Throws UserError NAME_TOO_LONG when no function could be named after it. */
export function stageName({ app, stage }: Owner): string {
  const name = `${app}--${stage}`;
  const room = longest - "--".length - shortestSlug - "-".length - hashLength;
  if (name.length <= room) return name;
  throw new UserError(
    "NAME_TOO_LONG",
    `the app's and the stage's names have ${name.length - 2} characters together, and AWS leaves room for ${room - 2}`,
    `shorten "name" in hosting.json or the stage's name`,
  );
}

/** What the names of all functions of one app and stage begin with, and no other app's or stage's do. */
export const functionPrefix = (owner: Owner): string => `${stageName(owner)}--`;

/**
 * `app--stage--slug-hash6`, at most 64 characters: the slug is cut to fit, and the hash over the whole id keeps cut ones apart. The
 * draft refuses the one pair in two billion where it would not.
 */
export function functionName(owner: Owner, id: string): string {
  const prefix = functionPrefix(owner);
  const hash = createHash("sha256").update(`${owner.app}\n${owner.stage}\n${id}`).digest();
  const suffix = (hash.readUIntBE(0, 6) % 36 ** hashLength).toString(36).padStart(hashLength, "0");
  return `${prefix}${id.slice(0, longest - prefix.length - suffix.length - 1)}-${suffix}`;
}

/** The tags of everything that a release makes. */
export const ownerTags = ({ app, stage }: Owner): Record<string, string> => ({ "portico:app": app, "portico:stage": stage });

/** A function says its id too: its name may have been cut. */
export const functionTags = (owner: Owner, id: string): Record<string, string> => ({ ...ownerTags(owner), "portico:function": id });

/** True when the tags name exactly this app and stage; only then may a thing be changed. */
export function isOurs({ app, stage }: Owner, tags: Readonly<Record<string, string>> | undefined): boolean {
  return tags?.["portico:app"] === app && tags["portico:stage"] === stage;
}

/** A version's description: the key by which it is found again. */
export const versionDescription = (key: string): string => `portico key=${key}`;

/** The key in a version's description. */
export const versionKey = (description: string | undefined): string | undefined =>
  /^portico key=([0-9a-f]{64})$/.exec(description ?? "")?.[1];

/** A deployment's description: the release that it froze. */
export const releaseDescription = (number: number, hash: string): string => `portico release ${number} manifest=${hash}`;

/** The release in a deployment's description. */
export function describedRelease(description: string | undefined): { number: number; hash: string } | undefined {
  const [, number, hash] = /^portico release ([1-9]\d{0,8}) manifest=([0-9a-f]{64})$/.exec(description ?? "") ?? [];
  return number && hash ? { number: Number(number), hash } : undefined;
}

/** What every candidate stage's name begins with; 128 random bits follow. */
export const candidatePrefix = "candidate-";

/** The bucket of an account and region: every app's leases and records. */
export const bucketName = (account: string, region: string): string => `portico-${account}-${region}`;

/** The key of an app's and stage's lock in it. */
export const lockKey = (owner: Owner): string => `locks/${stageName(owner)}.json`;

/** What the keys of its records begin with. */
export const recordPrefix = (owner: Owner): string => `releases/${stageName(owner)}/`;

/** A record's key; they sort by number. */
export const recordKey = (owner: Owner, number: number): string => `${recordPrefix(owner)}${String(number).padStart(9, "0")}.json`;

/** What the names of all secrets of an app's stage begin with, in SSM. */
export const secretPrefix = ({ app, stage }: Owner): string => `/portico/${app}/${stage}/`;
