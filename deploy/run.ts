/** One run of a release command: its options, the steps that it reports, and the state of each cloud. */
import { systemClock } from "./clock.ts";
import type { Version } from "./parts.ts";
import type { Plan } from "./plan.ts";
import type { Candidate, Deployed, DesiredFunction, DesiredState, Lease, Live, Platform, Removed } from "./platform.ts";
import type { Schema } from "./schema.ts";
import type { RequestOptions, SmokeCheck } from "./smoke-test.ts";

/** A step that is done. */
export type Progress =
  | { readonly step: "lock" }
  | { readonly step: "upload"; readonly version: Version; readonly done: number; readonly total: number }
  | { readonly step: "assemble"; readonly release: number }
  | { readonly step: "smoke"; readonly checks: number }
  | { readonly step: "promote"; readonly live: Live }
  | { readonly step: "canary"; readonly release: number; readonly percentage: number }
  | { readonly step: "collect"; readonly removed: readonly Removed[] };

/** One cloud with its observed state and its plan. */
export interface PlannedRelease<F extends DesiredFunction = DesiredFunction> {
  readonly platform: Platform<F>;
  readonly deployed: Deployed;
  readonly desired: DesiredState<F>;
  readonly plan: Plan;
}

/** The options of all steps of a run. */
export interface RunOptions {
  readonly smoke: readonly SmokeCheck[];
  /** Of apps with databases. */
  readonly schema?: Schema;
  readonly message?: string;
  readonly commit?: string;
  /** Who deploys. */
  readonly by?: string;
  /** Epoch ms. */
  readonly now: () => number;
  /** Default the machine's. */
  readonly sleep?: (milliseconds: number) => Promise<void>;
  readonly onProgress: (progress: Progress, platform: Platform) => void;
  /** Called between two steps; throws when the user stopped the command. */
  readonly checkpoint: () => void;
  /** Turns an error of one cloud into that cloud's user error; returns any other error unchanged. */
  readonly explain?: (error: unknown, platform: Platform) => unknown;
}

/** Runs work on one cloud; `explain` turns its errors into that cloud's. */
export async function onCloud<T>(
  { explain }: Pick<RunOptions, "explain">,
  platform: Platform,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explain ? explain(error, platform) : error;
  }
}

/** A candidate, and the lock under which it was made. */
export interface ReadyRelease<F extends DesiredFunction = DesiredFunction> extends PlannedRelease<F> {
  readonly lease: Lease;
  /** Missing when the live release stays and only leftovers are cleared. */
  readonly candidate?: Candidate;
}

/** How smoke-test requests are sent. */
export const requestOptions = ({ sleep = systemClock.sleep }: Pick<RunOptions, "sleep">): RequestOptions => ({ sleep });

/** Ends a lease after a failure. A lease that cannot be ended expires, and the first failure is reported. */
export const abandonLease = (lease: Lease): Promise<void> => lease.end(false).catch(() => undefined);
