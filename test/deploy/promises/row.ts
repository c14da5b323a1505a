/** The interface by which the suite of promises drives one platform, and the values that go through it. */
import type { LockOwner } from "../../../deploy/lock-owner.ts";
import type { Platform } from "../../../deploy/platform.ts";
import type { App } from "../../../framework/model/app.ts";
import type { BusyClock } from "../busy-clock.ts";

/** What is in an app. */
export interface Sample {
  readonly files: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  /** Names of things that its functions may read. */
  readonly allowed: readonly string[];
  /** Settings of jobs by name; with them the clock of schedules is on. */
  readonly jobs?: App["jobs"];
}

/** An app, built for one platform. */
export interface Build {
  /** For messages: `B`. */
  readonly name: string;
  readonly folder: string;
  readonly sample: Sample;
}

/** A call to the cloud's API, as the deployer's clients know it. */
export interface ApiCall {
  readonly service: string;
  readonly operation: string;
}

/** Stands between a run and the cloud: sends a call with `send`, or does not. */
export type Transport = <T>(call: ApiCall, send: () => Promise<T>) => Promise<T>;

/** True for what changes something that stays; Cloudflare's operations begin with a small letter. */
export const isWrite = ({ operation }: ApiCall): boolean =>
  !/^(?:Get|List|Head|Describe|Filter|Export|Invoke|Scan)/i.test(operation);

/** One process that deploys. */
export interface Process {
  readonly lockOwner: LockOwner;
  readonly transport: Transport;
  readonly build?: Build;
  readonly keep: number;
  /** A route's pattern: the others stay as they are live. */
  readonly only?: string;
  /** True keeps to the calls a second that the platform allows. */
  readonly paced?: boolean;
}

/** What a platform's emulation may be asked to do. */
export interface EmulationOptions {
  /** Where its state is. */
  readonly folder: string;
  readonly clock: BusyClock;
  /** What becomes of a call. */
  readonly fault?: (call: ApiCall) => InjectedFault | undefined;
  /** Milliseconds that slow states last. */
  readonly delay?: number;
  /** Milliseconds within which a switch is seen everywhere. */
  readonly propagation?: number;
  /** Milliseconds after which the front sees that it may call a version. */
  readonly grants?: number;
}

/**
 * A fault: refused as too many calls, as broken, as just being changed, with a role that is not seen yet; cut before it
 * took effect; cut after it.
 */
export type InjectedFault = "throttle" | "broken" | "conflict" | "role" | "reset" | "lose";

/** One platform's emulated cloud. */
export interface Emulation {
  platform(process: Process): Promise<Platform>;
  /** All that the app has at the stage, without numbers, dates and ids that differ between two equal runs. */
  state(): Promise<CloudState>;
  /** What no kept release needs, in words. */
  orphans(): Promise<readonly string[]>;
  /** Root URL of what is live, with a slash at its end. */
  url(): Promise<string | undefined>;
  /** What the requests of one visitor carry, whom a canary's part has. */
  readonly visitor?: Readonly<Record<string, string>>;
  /** A failure as a command tells it, where the platform's own errors have no name. */
  toCommandError?(error: unknown): unknown;
  close(): Promise<void>;
}

/** Comparable with toEqual. */
export type CloudState = Readonly<Record<string, unknown>>;

/** A row of the suite: one platform. */
export interface Row {
  readonly name: string;
  /** The one call that moves traffic. */
  readonly switchCall: string;
  /** The one that makes an app's place before its first release, where it would overwrite what is there. */
  readonly placeCall?: string;
  /** Calls that wait for each other, at most: of one changed route, of nothing to do, of a rollback. */
  readonly maxRoundTrips: { readonly change: number; readonly nothing: number; readonly rollback: number };
  /** Milliseconds that so many calls take at the least, by the calls a second that the platform allows. */
  rateLimitedDuration(calls: readonly ApiCall[]): number;
  /** The one that makes a version; undefined where a release is a version, so that each makes one. */
  readonly publishCall: string | undefined;
  /** Where the lease and the records are; undefined where records are in versions. */
  readonly recordService: string | undefined;
  /** False where there is no lease to take: who deploys looks whether what is live moved. */
  readonly leases: boolean;
  /**
   * Makes a built folder hold something else than its manifest says, and gives the code by which a deploy of it ends.
   */
  corruptBuild(folder: string): Promise<string>;
  /** How it is said that the function of the route /old does not start, which throws "not at start". */
  readonly notStarted: RegExp;
  /** True where two releases can share the traffic. */
  readonly splits: boolean;
  /** Of a full matrix, how many npm test takes at once: a process for each version takes its time. */
  readonly sample: number;
  /** Builds the app that lies in `root`. */
  build(sample: Sample, root: string, out: string): Promise<void>;
  open(options: EmulationOptions): Promise<Emulation>;
}

/** How many releases stay. */
export const keep = 3;
