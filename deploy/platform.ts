/** One cloud behind a few verbs, and the values that go through them: what should be, what is, and what a release became. */
import type { ReleaseRecord } from "./record.ts";

/** What a release is made of, and what lies around it. */
export type Kind =
  | "role"
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
  | "secret"
  | "records";

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
  /** For people, beside the reason: what was left out, and why. */
  readonly note?: string;
  /** True for what all releases share: `settle` brings it in step, and no new release is needed for that. */
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

/** A release as it should be; computed from the build and from what is deployed, without a call. */
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
  /** Version numbers of the secrets that are frozen in it. */
  readonly secrets: Readonly<Record<string, number>>;
  readonly assets: ReleaseRecord["assets"];
}

/** A draft whose functions are all uploaded, with what the record says of it. */
export interface ReleaseDraft<F extends FunctionDraft = FunctionDraft> {
  readonly draft: Draft<F>;
  readonly number: number;
  /** By function id; one for each function of the draft. */
  readonly versions: ReadonlyMap<string, Version>;
  /** An equal snapshot that an interrupted run made: it is used instead of a new one. */
  readonly assembled?: Release;
  /** The record, but for what the cloud calls the release. */
  readonly record: ReleaseRecord;
}

/** A snapshot that can take traffic by one call. */
export interface Release {
  readonly number: number;
  readonly hash: string;
  /** What the cloud calls it. */
  readonly ref: string;
  /** Missing where it was lost; then it can be promoted, but tells nothing of itself. */
  readonly record?: ReleaseRecord;
}

/** What shows whose an answer is, where a node of the cloud may still answer from another release. */
export interface Proof {
  /** A header that each answer of the candidate has, and what it says there. */
  readonly header: string;
  readonly value: string;
  /** False for what the cloud answers without the release's code: a static file has no such header. */
  readonly covers: (path: string) => boolean;
}

/** A release that answers, and nobody else can guess how to reach it. */
export interface Candidate extends Release {
  /** Without a slash at its end; empty where it has no address. */
  readonly url: string;
  /** What a request must carry to reach it. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How the cloud itself answers, and no app of ours, where something that was just made is not seen everywhere yet. */
  readonly unseen?: readonly { readonly status: number; readonly body: string }[];
  readonly proof?: Proof;
  /** In place of an address: GETs a path, query included, and gives the status. */
  readonly ask?: (path: string) => Promise<number>;
}

/** The release that takes the traffic. */
export interface Live extends Release {
  /** The stage's root URL, with a slash at its end. */
  readonly url: string;
}

/** A release that takes a part of the traffic beside the live one. */
export interface Canary {
  /** And how to reach it alone. */
  readonly release: Candidate;
  /** 0 to 100. */
  readonly percentage: number;
}

/** Something that was taken away. */
export interface Removed {
  readonly kind: Kind | "snapshot" | "version";
  readonly name: string;
}

/** What a run that did not end left: it is finished or cleared by the next. */
export interface Leftover {
  readonly kind: Kind;
  readonly name: string;
  readonly reason: string;
}

/** What one app has at one stage; read from the cloud, never from a file of this machine. */
export interface Deployed {
  readonly parts: readonly DeployedPart[];
  /** By number, oldest first. */
  readonly releases: readonly Release[];
  readonly live?: Live;
  readonly canary?: Canary;
  readonly leftovers: readonly Leftover[];
  /** What a run that did not end was about to do; missing while whoever took the lock for it is still at work. */
  readonly interrupted?: Intent;
  /** What has a name of ours and belongs, by its tags, to somebody else: left alone. */
  readonly taken: readonly { readonly kind: Kind; readonly name: string }[];
  /** Equal for two looks between which nothing of this app and stage was moved by anybody. */
  readonly fingerprint: string;
  /** The greatest number that any release had, gone ones included as far as the cloud remembers. */
  readonly lastNumber: number;
}

/** What a run is about to make; kept with the lock, so that the next run finds what a killed one left. */
export interface Intent {
  /** `deploy`, `rollback`, `remove`. */
  readonly command: string;
  /** The release that it makes or promotes. */
  readonly release?: number;
  /** Ids of the functions that it uploads. */
  readonly functions: readonly string[];
}

/** The right to change one app's stage, held until it is ended or lost. */
export interface Lease {
  /** Throws UserError LEASE_LOST, unless the lease is ours for ten seconds more at the least. */
  hold(): Promise<void>;
  /** @param isFinished false when something is left for the next run to finish: then the intent stays */
  end(isFinished: boolean): Promise<void>;
}

/** One cloud. Every verb may be run again after it failed half way and then ends where one clean run does. */
export interface Platform<F extends FunctionDraft = FunctionDraft> {
  /** True where `lock` keeps others out; elsewhere it only looks whether something moved. */
  readonly locks?: true;
  /** True where two releases can share the traffic. */
  readonly splits?: true;
  /** Reads only. */
  observe(): Promise<Deployed>;
  /** What the app should be there, given what is. Pure. */
  draft(deployed: Deployed): Draft<F>;
  /** Takes the lock and looks again. Throws UserError LOCKED (who holds it, since when), MOVED when it is not as it was observed. */
  lock(intent: Intent, seen: Deployed): Promise<Lease>;
  /** Code and settings, frozen together; no traffic. The same key gives the same version. */
  upload(fn: F): Promise<Version>;
  /** Routes, versions and files → a snapshot at a candidate address, its record written beside or inside; no traffic. */
  assemble(release: ReleaseDraft<F>): Promise<Candidate>;
  /** Reads the candidate back and probes each of `changed`. Throws UserError CANDIDATE_DIFFERS, PROBE_FAILED. */
  verify(candidate: Candidate, release: ReleaseDraft<F>, changed: readonly Version[]): Promise<void>;
  /**
   * The one call that moves traffic, and the proof that it did.
   * @param percentage of a canary: the rest stays with the live release; only where traffic `splits`
   */
  promote(release: Release, percentage?: number): Promise<Live>;
  /** Takes the traffic from a first release that must not stay: nothing is live then, or a placeholder. */
  withdraw(live: Live): Promise<void>;
  /** Brings what all releases share in step with the live one, and notes that it took traffic. */
  settle(live: Live): Promise<Live>;
  /** Removes candidate addresses and whatever no kept release needs. */
  collect(keep: readonly Release[]): Promise<readonly Removed[]>;
  /** Removes everything that the app has at the stage; the lock goes last. */
  remove(): Promise<readonly Removed[]>;
}
