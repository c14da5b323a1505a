/** The parts that a release consists of, as a build wants them and as a cloud has them, and their owner. */
import { createHash } from "node:crypto";

/** App and stage: a release belongs to exactly one pair. */
export interface Owner {
  readonly app: string;
  readonly stage: string;
}

/** Kinds of parts of a release and of its surroundings. */
export type Kind =
  | "role"
  | "bucket"
  | "table"
  | "queue"
  | "schedule"
  | "job"
  | "api"
  | "url"
  | "worker"
  | "function"
  | "route"
  | "permission"
  | "binding"
  | "domain"
  | "assets"
  | "stage"
  | "release"
  | "logs"
  | "migrate"
  | "database"
  | "secret"
  | "records";

/** A value that goes into a part's key, with the word people know it by. */
export interface Fact {
  readonly label: string;
  readonly value: string;
  /** Compared, never shown: hashes and env values. */
  readonly hidden?: boolean;
}

/**
 * One thing of a release. Two of one kind and name are the same thing; equal keys say that nothing about it differs.
 */
export interface Part {
  readonly kind: Kind;
  readonly name: string;
  readonly key: string;
  /** Facts that explain a changed key, without secrets and their hashes. */
  readonly facts?: readonly Fact[];
  /** Permissions only: allowed actions, one line each. */
  readonly items?: readonly string[];
  /** Permissions only: who wants an item, where it is not the app itself: the name of an extension. */
  readonly origins?: Readonly<Record<string, string>>;
  readonly bytes?: number;
  /** For people, beside the reason: omitted files, and why. */
  readonly note?: string;
  /** True for a part that all releases share: `settle` updates it, without a new release. */
  readonly shared?: boolean;
}

/** A part as the cloud has it. */
export interface DeployedPart extends Part {
  /** Functions only: the version that `key` describes; missing when none was published yet. */
  readonly version?: Version;
  /** Functions only: every version that is known. */
  readonly versions?: readonly Version[];
}

/** A function frozen with its settings; never changes. */
export interface Version {
  /** The function's id. */
  readonly function: string;
  /** For people: `7`. */
  readonly number: string;
  /** The cloud's id of it: a qualified ARN. */
  readonly ref: string;
  readonly key: string;
}

/** The key of a part from its contents: hex SHA-256 of a value as JSON; order of keys matters. */
export const digest = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");
