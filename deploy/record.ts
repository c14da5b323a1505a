/**
 * The record of a release, kept as JSON in the user's cloud account without secrets or their hashes, and its reader.
 */
import { UserError } from "../framework/model/user-error.ts";
import type { Fact, Version } from "./parts.ts";

/** A function as a release has it. */
export interface RecordedFunction extends Version {
  readonly bytes: number;
  /** The inputs of its key, for the next plan; env values are hashed. */
  readonly facts: readonly Fact[];
}

/** A static file as a release has it: enough to serve it from a later one. */
export interface RecordedAsset {
  /** Canonical URL path. */
  readonly path: string;
  /** Hex SHA-256 of the bytes. */
  readonly hash: string;
  readonly bytes: number;
  /** The number of the newest release that had it as a file of its own. */
  readonly release: number;
  /** As the platform lists it. */
  readonly entry: Readonly<Record<string, unknown>>;
}

/** `releases/APP--STAGE/000000042.json` on AWS, a module of the version on Cloudflare. */
export interface ReleaseRecord {
  readonly schemaVersion: 1;
  readonly app: string;
  readonly stage: string;
  readonly number: number;
  /** Over the keys of all parts. */
  readonly hash: string;
  /** The cloud's id of the release; absent where the record is inside of it. */
  readonly ref?: string;
  /** live once it took traffic, for however long. */
  readonly state: "candidate" | "live";
  readonly message?: string;
  /** Git commit, in hex; with "+" at its end where files differed from it. */
  readonly commit?: string;
  /** Who deployed it: an ARN of AWS, an address, or `user@machine`; absent in records of earlier versions. */
  readonly by?: string;
  /** ISO 8601. */
  readonly created: string;
  /** For people: `2 functions, 1 route changed`. */
  readonly changes: string;
  readonly functions: readonly RecordedFunction[];
  readonly routes: readonly { readonly key: string; readonly function: string }[];
  /** The release's own files and those that it serves for releases before it. */
  readonly assets: readonly RecordedAsset[];
  /** Version numbers by name. */
  readonly secrets: Readonly<Record<string, number>>;
  /** AWS only: what each role of its functions may, one line each; absent in records of earlier versions. */
  readonly roles?: Readonly<Record<string, readonly string[]>>;
  /** Its other parts, by `kind name`: the keys. */
  readonly parts: Readonly<Record<string, string>>;
}

/**
 * Throws UserError RECORD_NEWER for one that a newer Portico wrote, RECORD_BROKEN for anything else. `where` is for
 * people.
 */
export function readRecord(text: string, where: string): ReleaseRecord {
  const value = parseObject(text) as Partial<Record<keyof ReleaseRecord, unknown>> | undefined;
  const version = value?.schemaVersion;
  if (typeof version === "number" && version > 1) {
    throw new UserError(
      "RECORD_NEWER",
      `${where} was written by a newer Portico (schema ${version}; this one knows 1)`,
      "Run npm install portico@latest",
    );
  }
  const lists = [value?.functions, value?.routes, value?.assets].every(Array.isArray);
  if (version === 1 && lists && typeof value?.number === "number" && typeof value.hash === "string")
    return value as unknown as ReleaseRecord;
  throw new UserError(
    "RECORD_BROKEN",
    `${where} is not a record of a release`,
    "Restore that object, or delete it: the release then cannot be promoted any more.",
  );
}

function parseObject(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
