/** The deploy lock of one app and stage: a lease of thirty seconds in the bucket, renewed while it is held. */
import { UserError } from "../../framework/model/user-error.ts";
import type { Owner } from "../parts.ts";
import type { Clock } from "../clock.ts";
import type { LockOwner } from "../lock-owner.ts";
import type { Intent, Lease } from "../platform.ts";
import { lockKey, stageName } from "./names.ts";
import { isMissing, isPreconditionFailed } from "./aws-error.ts";
import type { Store, StoredText } from "./store.ts";

/**
 * Milliseconds that a lease lives without being renewed, between two renewals, and that must be left before the traffic
 * moves.
 */
const life = 30_000;
const renewal = 10_000;
const least = 10_000;

/** The content of the lock object, as JSON. */
interface LockText {
  readonly schemaVersion: 1;
  /** The deployer that holds it; absent where only the intent of an interrupted run is left. */
  readonly holder?: { readonly run: string; readonly checkout: string; readonly who: string; readonly since: string };
  readonly intent: Intent;
}

/** A lock as it was read. */
export interface Lock extends LockText {
  readonly etag: string;
  /** By the store's clock; a holder that is not there any more has none left. */
  readonly millisecondsLeft: number;
}

/** A lease in a bucket. */
export interface BucketLease extends Lease {
  /**
   * Throws UserError LEASE_LOST, without a call, unless ten seconds of the lease are left: before steps that a run must
   * not take after it was suspended.
   */
  requireFresh(): void;
}

/** Where and as whom. */
export interface LeaseInput {
  readonly store: Store;
  readonly clock: Clock;
  readonly lockOwner: LockOwner;
  readonly owner: Owner;
}

/** The lock, or undefined when there is none. */
export async function readLock(store: Store, owner: Owner): Promise<Lock | undefined> {
  const stored = await store.get(lockKey(owner));
  return stored && toLock(stored);
}

function toLock({ text, etag, written, read }: StoredText): Lock {
  const value = parseLock(text);
  return { ...value, etag, millisecondsLeft: value.holder ? Math.max(0, written + life - read) : 0 };
}

/** A lock that cannot be parsed is respected until it expires, with an unknown owner. */
function parseLock(text: string): LockText {
  const unknown: LockText = {
    schemaVersion: 1,
    holder: { run: "", checkout: "", who: "an unknown deployer", since: "an unknown time" },
    intent: { command: "deploy", functions: [] },
  };
  try {
    const value = JSON.parse(text) as Partial<LockText>;
    return value.schemaVersion === 1 && Array.isArray(value.intent?.functions) ? (value as LockText) : unknown;
  } catch {
    return unknown;
  }
}

/**
 * Takes the lock if it is free, if its lease expired, or if its holder is a dead process of this checkout. The intent
 * keeps the unfinished functions of a dead run. Throws UserError LOCKED.
 */
export async function acquireLease(
  host: LeaseInput,
  intent: Intent,
): Promise<{ readonly lease: BucketLease; readonly inherited: readonly string[] }> {
  const { store, clock, lockOwner, owner } = host;
  const key = lockKey(owner);
  const close = await lockOwner.open();
  try {
    const { text, etag, inherited, renewed } = await acquire(host, intent);
    return {
      lease: holdLease({ key, text, etag, renewed, store, clock, owner, run: lockOwner.run, close }),
      inherited,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface TakenLock {
  readonly text: LockText;
  readonly etag: string;
  /** Epoch ms before it was written, by our own clock. */
  readonly renewed: number;
  /** Functions that runs which did not end may have uploaded. */
  readonly inherited: readonly string[];
}

async function acquire({ store, clock, lockOwner, owner }: LeaseInput, intent: Intent): Promise<TakenLock> {
  const key = lockKey(owner);
  const { run, checkout, name: who } = lockOwner;
  const mine = { run, checkout, who, since: new Date(clock.now()).toISOString() };
  let found: Lock | undefined;
  // A lock that changes between reading and writing is read again.
  for (let tries = 0; tries < 4; tries++) {
    const before: Intent | undefined = found?.intent;
    const text: LockText = { schemaVersion: 1, holder: mine, intent: merged(intent, before) };
    const renewed = clock.now();
    try {
      const etag = await store.put(key, JSON.stringify(text), found?.etag ?? null);
      return { text, etag, renewed, inherited: found?.intent.functions ?? [] };
    } catch (error) {
      if (!isPreconditionFailed(error)) throw error;
    }
    found = await readLock(store, owner);
    // Our own: the answer to a put was lost.
    if (found?.holder?.run === run)
      return { text: found, etag: found.etag, renewed, inherited: before?.functions ?? [] };
    if (
      found?.holder &&
      found.millisecondsLeft > 0 &&
      !(await lockOwner.isDead(found.holder.run, found.holder.checkout))
    )
      throw locked(owner, found);
  }
  throw locked(owner, found);
}

/** Adds the functions of an earlier intent that is not finished. */
function merged(intent: Intent, before: Intent | undefined): Intent {
  return { ...intent, functions: [...new Set([...(before?.functions ?? []), ...intent.functions])].toSorted() };
}

function locked(owner: Owner, lock: Lock | undefined): UserError {
  const { who = "somebody", since = "just now" } = lock?.holder ?? {};
  const command = lock?.intent.command ?? "deploy";
  const left = Math.ceil((lock?.millisecondsLeft ?? life) / 1000);
  return new UserError(
    "LOCKED",
    `${who} holds the lock of ${stageName(owner)} since ${since} (${command})`,
    `Wait until that run ends; the lock of a killed run expires in ${left} s.`,
  );
}

interface HeldLock extends Pick<TakenLock, "text" | "etag" | "renewed"> {
  readonly key: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly owner: Owner;
  readonly run: string;
  readonly close: () => Promise<void>;
}

function holdLease({ key, text, store, clock, owner, run, close, ...taken }: HeldLock): BucketLease {
  let { etag, renewed } = taken;
  let lost: Error | undefined;
  let cancel: () => void = () => undefined;
  let renewing = Promise.resolve();
  const renew = async (): Promise<void> => {
    const sent = clock.now();
    try {
      etag = await store.put(key, JSON.stringify(text), etag);
    } catch (error) {
      // A lock that is gone was taken over and ended.
      if (!isPreconditionFailed(error) && !isMissing(error)) throw error;
      const found = await readLock(store, owner);
      if (found?.holder?.run !== run) throw leaseLost(owner, error);
      etag = found.etag;
    }
    renewed = sent;
  };
  const schedule = (): void => {
    cancel = clock.later(renewal, () => {
      renewing = renew().then(schedule, (error: Error) => {
        lost = error;
      });
    });
  };
  schedule();
  const stop = async (): Promise<void> => {
    cancel();
    await renewing;
    cancel();
  };
  // A call that took longer than a lease lives proves nothing about now.
  const isFresh = (): boolean => clock.now() - renewed <= life - least;
  const requireFresh = (): void => {
    if (lost) throw lost;
    if (!isFresh()) throw leaseLost(owner, undefined);
  };
  return {
    isExclusive: true,
    requireFresh,
    // A renewal that takes effect is the proof: the object is as we wrote it, and thirty seconds are left.
    async confirm() {
      await stop();
      if (lost) throw lost;
      for (let tries = 0; tries < 3; tries++) {
        await renew();
        if (isFresh()) return schedule();
      }
      throw leaseLost(owner, undefined);
    },
    async end(isFinished) {
      await stop();
      await close();
      await releaseLock({ key, text, etag, store }, isFinished);
    },
  };
}

async function releaseLock(
  { key, text, etag, store }: Pick<HeldLock, "key" | "text" | "etag" | "store">,
  isFinished: boolean,
): Promise<void> {
  try {
    if (isFinished || text.intent.functions.length === 0) await store.delete(key, etag);
    else await store.put(key, JSON.stringify({ ...text, holder: undefined }), etag);
  } catch (error) {
    // Somebody else's by now: theirs to end.
    if (!isPreconditionFailed(error) && !isMissing(error)) throw error;
  }
}

function leaseLost(owner: Owner, cause: unknown): UserError {
  return new UserError(
    "LEASE_LOST",
    `another deployer took over the lock of ${stageName(owner)} while this run was suspended; this run stopped ` +
      "and moved no traffic",
    `Run portico releases --stage ${owner.stage}, then run the command again.`,
    { cause },
  );
}
