/**
 * A cloud in memory, as deploy/platform.ts wants it: releases, traffic, and a lock as AWS has it, or none and canaries,
 * as Cloudflare. Every call is a step of a run.
 */
import type { Candidate, Deployed, Intent, Lease, Live, Platform, Release } from "../../../deploy/platform.ts";
import { UserError } from "../../../framework/model/user-error.ts";
import type { SteppedRun } from "./stepped-run.ts";

/** What a release is made of. */
export interface ReleasedCode {
  readonly hash: string;
}

/** One process that deploys there. */
export interface CloudProcess<Code extends ReleasedCode> {
  readonly run: SteppedRun;
  readonly code?: Code;
  /** Status of the answers of a candidate. */
  readonly smoke?: (code: Code) => Promise<number>;
  /** True for one that stood still until its lock ran out. */
  readonly isOverdue?: () => boolean;
}

/** The cloud, at one stage of one app. */
export interface ModelCloud<Code extends ReleasedCode> {
  readonly target: "lambda" | "workers";
  platform(process: CloudProcess<Code>): Platform;
  /** What takes traffic. */
  traffic(): readonly Code[];
  live(): number | undefined;
}

interface Held<Code> {
  readonly release: Release;
  readonly code: Code;
}

type Holder = Pick<CloudProcess<ReleasedCode>, "run" | "isOverdue">;

interface Lock {
  readonly process: Holder;
  readonly intent: Intent;
}

interface State<Code> {
  held: readonly Held<Code>[];
  live?: number;
  canary?: { readonly number: number; readonly percentage: number };
  lastNumber: number;
  /** Grows with every change of what is live. */
  moved: number;
  lock?: Lock | undefined;
  /** Of a run that ended half way. */
  left?: Intent | undefined;
}

export const owner = { app: "history", stage: "prod" };

const failure = (code: string): UserError => new UserError(code, `the model says ${code}`, "Repeat.");

/** @param onMove called whenever the traffic may be another's */
export function createModelCloud<Code extends ReleasedCode>(
  target: "lambda" | "workers",
  onMove: () => void,
): ModelCloud<Code> {
  const isLocking = target === "lambda";
  const state: State<Code> = { held: [], lastNumber: 0, moved: 0 };
  const heldOf = (number: number | undefined): Held<Code> | undefined =>
    state.held.find(({ release }) => release.number === number);
  const move = (number: number, percentage = 100): void => {
    state.moved += 1;
    if (percentage === 100) {
      state.live = number;
      delete state.canary;
    } else state.canary = { number, percentage };
    if (!isLocking) mark(state, number);
    onMove();
  };
  return {
    target,
    traffic: () => [heldOf(state.live), heldOf(state.canary?.number)].flatMap((one) => (one ? [one.code] : [])),
    live: () => state.live,
    platform: (process) => createPlatform({ state, process, isLocking, heldOf, move }),
  };
}

/** A record says live once its release took traffic. */
function mark<Code>(state: State<Code>, number: number): void {
  state.held = state.held.map((one) =>
    one.release.number === number ? { ...one, release: withState(one.release, "live") } : one,
  );
}

const withState = (release: Release, state: "candidate" | "live"): Release => ({
  ...release,
  record: { ...release.record!, state },
});

interface Parts<Code extends ReleasedCode> {
  readonly state: State<Code>;
  readonly process: CloudProcess<Code>;
  readonly isLocking: boolean;
  readonly heldOf: (number: number | undefined) => Held<Code> | undefined;
  readonly move: (number: number, percentage?: number) => void;
}

function createPlatform<Code extends ReleasedCode>(parts: Parts<Code>): Platform {
  const { state, process, isLocking, heldOf, move } = parts;
  const call = <T>(name: string, work: () => T | Promise<T>): Promise<T> =>
    process.run.step(name, async () => await work());
  /** What this run saw last, where nothing is locked. */
  let known = -1;
  const requireOurs = (): void => {
    if (isLocking && state.lock?.process.run !== process.run) throw failure("LEASE_LOST");
    if (!isLocking && state.moved !== known) throw failure("MOVED");
  };
  const toCandidate = ({ release, code }: Held<Code>): Candidate => ({
    ...release,
    url: "",
    request: () => call("smoke", () => process.smoke?.(code) ?? 200),
  });
  const toLive = ({ release }: Held<Code>): Live => ({ ...release, url: "" });
  return {
    observe: () =>
      call("observe", () => {
        known = state.moved;
        return { ...observed(parts, toCandidate), ...(process.code && { desired: desiredOf(process.code) }) };
      }),
    upload: () => Promise.reject(new Error("the model has no functions of their own")),
    async assemble({ number, record, desired }) {
      await call("upload", requireOurs);
      const held = await call("assemble", () => {
        requireOurs();
        const release = { number, hash: desired.hash, ref: `${number}-${desired.hash}`, record };
        const made: Held<Code> = { release, code: process.code! };
        state.held = [...state.held.filter((one) => one.release.number !== number), made];
        state.lastNumber = Math.max(state.lastNumber, number);
        return made;
      });
      return { ...toCandidate(held), verify: () => call("verify", () => undefined) };
    },
    // As `UpdateStage` and `createDeployment`, the call itself has no precondition.
    promote: ({ number }, percentage) =>
      call("promote", () => {
        move(number, percentage);
        known = state.moved;
        return toLive(heldOf(number)!);
      }),
    collect: (kept) =>
      call("collect", () => {
        requireOurs();
        if (isLocking)
          state.held = state.held.filter(
            ({ release: { number } }) => number === state.live || kept.some((one) => one.number === number),
          );
        return [];
      }),
    records: {
      lock: (intent, before) => call("lock", () => lock(parts, intent, before, requireOurs, call)),
      settle: (live) =>
        call("settle", () => {
          requireOurs();
          mark(state, live.number);
          return { ...live, ...withState(live, "live") };
        }),
    },
    operations: {
      withdraw: () =>
        call("withdraw", () => {
          state.moved += 1;
          delete state.live;
        }),
      storedData: () => Promise.resolve([]),
      remove: () => Promise.reject(new Error("no history removes the stage")),
    },
  };
}

const desiredOf = ({ hash }: ReleasedCode) => ({
  ...owner,
  hash,
  parts: [],
  functions: [],
  routes: [],
  secrets: {},
  assets: [],
});

/** One that is dead, or that stood still for too long, holds nothing any more. */
const isHeld = ({ process }: Lock): boolean => !process.run.isDead() && !(process.isOverdue?.() ?? false);

function observed<Code extends ReleasedCode>(
  { state, isLocking, heldOf }: Parts<Code>,
  toCandidate: (held: Held<Code>) => Candidate,
): Deployed {
  const [live, canary] = [heldOf(state.live), heldOf(state.canary?.number)];
  const left = state.lock && !isHeld(state.lock) ? state.lock.intent : state.left;
  const unmarked = isLocking && live?.release.record?.state === "candidate";
  return {
    parts: [],
    releases: state.held.map(({ release }) => release).toSorted((one, other) => one.number - other.number),
    ...(live && { live: { ...live.release, url: "" } }),
    ...(canary && { canary: { release: toCandidate(canary), percentage: state.canary!.percentage } }),
    ...(!isLocking && { splitsTraffic: true as const }),
    leftovers: unmarked ? [{ kind: "records", name: "record", reason: "not marked" }] : [],
    ...(left && { interrupted: left }),
    taken: [],
    fingerprint: String(state.moved),
    lastNumber: state.lastNumber,
  };
}

function lock<Code extends ReleasedCode>(
  { state, process, isLocking }: Parts<Code>,
  intent: Intent,
  { fingerprint }: Deployed,
  requireOurs: () => void,
  call: <T>(name: string, work: () => T) => Promise<T>,
): Lease {
  if (isLocking && state.lock && isHeld(state.lock)) throw failure("LOCKED");
  if (fingerprint !== String(state.moved)) throw failure("MOVED");
  if (isLocking) state.lock = { process, intent };
  return {
    isExclusive: isLocking,
    confirm: () => call("confirm", requireOurs),
    end: (isFinished) =>
      call("unlock", () => {
        if (state.lock?.process.run !== process.run) return;
        delete state.lock;
        state.left = isFinished ? undefined : intent;
      }),
  };
}
