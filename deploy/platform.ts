/** The interface of a cloud: five release verbs, records and operations, and the values that go through them. */
import type { DeployedPart, Kind, Part, Version } from "./parts.ts";
import type { ReleaseRecord } from "./record.ts";

/** A function as a release wants it. */
export interface DesiredFunction {
  /** As in the manifest. */
  readonly id: string;
  /** As the cloud calls it. */
  readonly name: string;
  readonly key: string;
}

/** A release as it should be; computed from the build and the present state, without a call. */
export interface DesiredState<F extends DesiredFunction = DesiredFunction> {
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

/** A desired state whose functions are all uploaded, with the release's record. */
export interface UploadedRelease<F extends DesiredFunction = DesiredFunction> {
  readonly desired: DesiredState<F>;
  readonly number: number;
  /** By function id; one for each function of the desired state. */
  readonly versions: ReadonlyMap<string, Version>;
  /** An equal snapshot that an interrupted run made: it is used instead of a new one. */
  readonly assembled?: Release;
  /** The record, without the cloud's name of the release. */
  readonly record: ReleaseRecord;
}

/** A snapshot that can take traffic by one call. */
export interface Release {
  readonly number: number;
  readonly hash: string;
  /** The cloud's id of it. */
  readonly ref: string;
  /** Missing where it was lost; the release can be promoted all the same. */
  readonly record?: ReleaseRecord;
}

/** A response header that identifies the release, since a node of the cloud may still answer from another one. */
export interface VersionHeader {
  /** The name and value of the header in every answer of the candidate. */
  readonly header: string;
  readonly value: string;
  /** False for paths that the cloud answers without the release's code: static files lack the header. */
  readonly covers: (path: string) => boolean;
}

/** A release without traffic, at an address that nobody can guess. */
export interface Candidate extends Release {
  /** Without a slash at its end; empty where it has no address. */
  readonly url: string;
  /** Headers that a request needs to reach it. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Answers that are asked for again, where something that was just made is not seen everywhere yet: with a body those
   * of the cloud itself, without one any of this status, as apps answer that may not use what they just got.
   */
  readonly notReadyAnswers?: readonly { readonly status: number; readonly body?: string }[];
  readonly versionHeader?: VersionHeader;
  /** In place of an address: GETs a path, query included, and gives the status. */
  readonly request?: (path: string) => Promise<number>;
}

/** A candidate that was just assembled. */
export interface AssembledCandidate extends Candidate {
  /** Reads it back and probes each of `changed`. Throws UserError CANDIDATE_DIFFERS, PROBE_FAILED. */
  verify(changed: readonly Version[]): Promise<void>;
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

/** Something that was deleted. */
export interface Removed {
  readonly kind: Kind | "snapshot" | "version";
  readonly name: string;
}

/** What holds an app's data: it outlives releases, and is removed only by who says so. */
export interface StoredData {
  readonly kind: "bucket" | "queue" | "table";
  readonly name: string;
  /** Files, messages, or entries with expired ones included. */
  readonly entries: number;
  /** True where there are more than were counted. */
  readonly isMore: boolean;
}

/** Something that an interrupted run left; the next run finishes or deletes it. */
export interface Leftover {
  readonly kind: Kind;
  readonly name: string;
  readonly reason: string;
}

/** The present state of an app at a stage, read from the cloud and never from a local file. */
export interface Deployed {
  readonly parts: readonly DeployedPart[];
  /** By number, oldest first. */
  readonly releases: readonly Release[];
  readonly live?: Live;
  readonly canary?: Canary;
  /** True where two releases can share the traffic. */
  readonly splitsTraffic?: true;
  readonly leftovers: readonly Leftover[];
  /** The intent of a run that did not end; missing while the owner of its lock is still at work. */
  readonly interrupted?: Intent;
  /** Resources with a name of ours that belong to somebody else by their tags: left alone. */
  readonly taken: readonly { readonly kind: Kind; readonly name: string }[];
  /** Equal for two looks between which nothing of this app and stage was moved by anybody. */
  readonly fingerprint: string;
  /** The greatest number that any release had, gone ones included as far as the cloud remembers. */
  readonly lastNumber: number;
}

/** The resources that a run will create, stored in the lock, so that the next run finds those of a killed one. */
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
  /** False where nothing is locked, and only a change by somebody else is detected. */
  readonly isExclusive: boolean;
  /**
   * Throws UserError LEASE_LOST, unless the lease is ours for ten seconds more at the least; where nothing is locked,
   * MOVED after a change by somebody else.
   */
  confirm(): Promise<void>;
  /** @param isFinished false when something is left for the next run to finish: then the intent stays */
  end(isFinished: boolean): Promise<void>;
}

/** The deployed state, and the state that a build wants. */
export interface ObservedStage<F extends DesiredFunction = DesiredFunction> extends Deployed {
  /** Computed from the build and the present state, without a call; absent without a build. */
  readonly desired?: DesiredState<F>;
}

/**
 * The release verbs of one cloud, for one run. Each may be repeated after it failed half way, and then ends where one
 * clean run does.
 */
export interface Platform<F extends DesiredFunction = DesiredFunction> {
  readonly records: Records;
  readonly operations: Operations;
  /** Reads only. */
  observe(): Promise<ObservedStage<F>>;
  /** Code and settings, frozen together; no traffic. The same key gives the same version. */
  upload(fn: F): Promise<Version>;
  /** Freezes routes, versions and files at a candidate address, with the release's record; no traffic. */
  assemble(release: UploadedRelease<F>): Promise<AssembledCandidate>;
  /**
   * Moves the traffic by one call, and proves that it moved.
   * @param percentage of a canary: the rest stays with the live release; only where `splitsTraffic`
   */
  promote(release: Release, percentage?: number): Promise<Live>;
  /** Removes candidate addresses and everything that no kept release needs. */
  collect(keep: readonly Release[]): Promise<readonly Removed[]>;
}

/** The lock of an app's stage, and the record of its live release. */
export interface Records {
  /** Takes the lock and reads again. Throws UserError LOCKED, and MOVED when the stage is not as it was observed. */
  lock(intent: Intent, observed: Deployed): Promise<Lease>;
  /** Updates the parts that all releases share to the live release's state, and marks its record as live. */
  settle(live: Live): Promise<Live>;
}

/** Operations that end a release or a stage. */
export interface Operations {
  /** Takes the traffic from a first release that failed: afterwards nothing is live, or a placeholder. */
  withdraw(live: Live): Promise<void>;
  /** Reads what holds data of the stage. After `observe`. */
  storedData(): Promise<readonly StoredData[]>;
  /** Removes everything that the app has at the stage; the lock goes last. @param withData its data, too */
  remove(withData: boolean): Promise<readonly Removed[]>;
}
