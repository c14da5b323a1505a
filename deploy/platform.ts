/** One cloud behind five verbs, and the records that go through them: what should be, what is, and what a release became. */
import type { App } from "../framework/model/app.ts";

/** What a release is made of. */
export type Kind = "role" | "api" | "function" | "route" | "permission" | "stage" | "release";

/** A value that goes into a part's key, with the word people know it by. */
export interface Fact {
  readonly label: string;
  readonly value: string;
  /** Compared, never shown: hashes and env values. */
  readonly hidden?: boolean;
}

/** One thing of a release. Two of one kind and name are the same thing; equal keys say that nothing about it differs. */
export interface Part {
  readonly kind: Kind;
  readonly name: string;
  readonly key: string;
  /** What explains a changed key. Holds no secret and no hash of one. */
  readonly facts?: readonly Fact[];
  /** Permissions only: what is allowed, one line each. */
  readonly items?: readonly string[];
  readonly bytes?: number;
}

/** A part as the cloud has it. */
export interface DeployedPart extends Part {
  /** Functions only: the version that `key` describes; missing when none was published yet. */
  readonly version?: Version;
  /** Functions only: every published version. */
  readonly versions?: readonly Version[];
}

/** A function frozen with its settings; never changes. */
export interface Version {
  /** The function's id. */
  readonly function: string;
  /** For people: `7`. */
  readonly number: string;
  /** What the cloud calls it: a qualified ARN. */
  readonly ref: string;
  readonly key: string;
}

/** A function as a release wants it. */
export interface FunctionDraft {
  /** As in the manifest. */
  readonly id: string;
  /** As the cloud calls it. */
  readonly name: string;
  readonly key: string;
}

/** A release as it should be; computed from the build, without the cloud. */
export interface Draft<F extends FunctionDraft = FunctionDraft> {
  readonly app: string;
  readonly stage: string;
  /** Over the keys of all parts. */
  readonly hash: string;
  /** In the order they are made. */
  readonly parts: readonly Part[];
  readonly functions: readonly F[];
  /** In order of precedence: route keys with the function's id. */
  readonly routes: readonly { readonly key: string; readonly function: string }[];
}

/** A draft whose functions are all uploaded. */
export interface ReleaseDraft<F extends FunctionDraft = FunctionDraft> {
  readonly draft: Draft<F>;
  readonly number: number;
  /** By function id; one for each function of the draft. */
  readonly versions: ReadonlyMap<string, Version>;
  /** An equal snapshot that an interrupted run made: it is used instead of a new one. */
  readonly assembled?: Release;
}

/** A snapshot that can take traffic by one call. */
export interface Release {
  readonly number: number;
  readonly hash: string;
  /** What the cloud calls it. */
  readonly ref: string;
}

/** A release that answers at an address that nobody can guess. */
export interface Candidate extends Release {
  /** Without a slash at its end. */
  readonly url: string;
}

/** The release that takes the traffic. */
export interface Live extends Release {
  /** The stage's root URL, with a slash at its end. */
  readonly url: string;
}

/** Something that was taken away. */
export interface Removed {
  readonly kind: Kind | "snapshot";
  readonly name: string;
}

/** What one app has at one stage; read from the cloud, never from a file. */
export interface Deployed {
  readonly parts: readonly DeployedPart[];
  /** By number, oldest first. */
  readonly releases: readonly Release[];
  readonly live?: Live;
  /** Candidate addresses of runs that did not end. */
  readonly leftovers: readonly string[];
  /** What has a name of ours and belongs, by its tags, to somebody else: left alone. */
  readonly taken: readonly { readonly kind: Kind; readonly name: string }[];
}

/** One cloud. Every verb may be run again after it failed half way and then ends where one clean run does. */
export interface Platform<F extends FunctionDraft = FunctionDraft> {
  /** Reads only. */
  observe(app: Pick<App, "name" | "stage" | "secrets">): Promise<Deployed>;
  /** Code and settings, frozen together; no traffic. The same key gives the same version. */
  upload(fn: F): Promise<Version>;
  /** Routes and versions → a snapshot at a candidate address; no traffic. */
  assemble(release: ReleaseDraft<F>): Promise<Candidate>;
  /** The one call that moves traffic. */
  promote(release: Release): Promise<Live>;
  /** Removes candidate addresses, and snapshots that are neither live nor kept. */
  collect(keep: readonly Release[]): Promise<readonly Removed[]>;
}
