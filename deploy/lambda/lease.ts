/** The right to change one app's stage on AWS: a lease in the bucket, thirty seconds by the store's own clock, renewed while it is held. */
import { UserError } from "../../framework/model/user-error.ts";
import type { Clock } from "../clock.ts";
import type { Holder } from "../holder.ts";
import type { Intent, Lease } from "../platform.ts";
import { lockKey, type Owner, stageName } from "./names.ts";
import { isMissing, isOutdated } from "./retry.ts";
import type { Store, Stored } from "./store.ts";

/** Milliseconds that a lease lives without being renewed, between two renewals, and that must be left before the traffic moves. */
const life = 30_000;
const renewal = 10_000;
const least = 10_000;

/** What the lock says; JSON. */
interface LockText {
  readonly schemaVersion: 1;
  /** Who holds it; absent when nobody does and only an intent is left to finish. */
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
  /** Throws UserError LEASE_LOST, without a call, unless it was renewed so lately that ten seconds are left: for what must not be done by a run that stood still. */
  check(): void;
}

/** Where and as whom. */
export interface LeaseHost {
  readonly store: Store;
  readonly clock: Clock;
  readonly holder: Holder;
  readonly owner: Owner;
}

/** The lock, or undefined when there is none. */
export async function readLock(store: Store, owner: Owner): Promise<Lock | undefined> {
  const stored = await store.get(lockKey(owner));
  return stored && toLock(stored);
}

function toLock({ text, etag, written, read }: Stored): Lock {
  const value = parse(text);
  return { ...value, etag, millisecondsLeft: value.holder ? Math.max(0, written + life - read) : 0 };
}

/** A lock that cannot be read is somebody's all the same: it is honoured for its time, and tells nothing. */
function parse(text: string): LockText {
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
 * Takes the lock: a free one, one whose lease ran out, or one whose holder was of this checkout and is dead. What a dead run left to
 * finish stays in the intent. Throws UserError LOCKED.
 */
export async function takeLease(
  host: LeaseHost,
  intent: Intent,
): Promise<{ readonly lease: BucketLease; readonly inherited: readonly string[] }> {
  const { store, clock, holder, owner } = host;
  const key = lockKey(owner);
  const close = await holder.open();
  try {
    const { text, etag, inherited, renewed } = await take(host, intent);
    return { lease: holdLease({ key, text, etag, renewed, store, clock, owner, run: holder.run, close }), inherited };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Taken {
  readonly text: LockText;
  readonly etag: string;
  /** Epoch ms before it was written, by our own clock. */
  readonly renewed: number;
  /** Functions that runs which did not end may have uploaded. */
  readonly inherited: readonly string[];
}

async function take({ store, clock, holder, owner }: LeaseHost, intent: Intent): Promise<Taken> {
  const key = lockKey(owner);
  const { run, checkout, who } = holder;
  const mine = { run, checkout, who, since: new Date(clock.now()).toISOString() };
  let found: Lock | undefined;
  // A lock that changes hands while it is looked at is looked at again.
  for (let tries = 0; tries < 4; tries++) {
    const before: Intent | undefined = found?.intent;
    const text: LockText = { schemaVersion: 1, holder: mine, intent: merged(intent, before) };
    const renewed = clock.now();
    try {
      const etag = await store.put(key, JSON.stringify(text), found?.etag ?? null);
      return { text, etag, renewed, inherited: found?.intent.functions ?? [] };
    } catch (error) {
      if (!isOutdated(error)) throw error;
    }
    found = await readLock(store, owner);
    // Our own: the answer to a put was lost.
    if (found?.holder?.run === run) return { text: found, etag: found.etag, renewed, inherited: before?.functions ?? [] };
    if (found?.holder && found.millisecondsLeft > 0 && !(await holder.isDead(found.holder.run, found.holder.checkout)))
      throw locked(owner, found);
  }
  throw locked(owner, found);
}

/** What an earlier run left is still to be finished. */
function merged(intent: Intent, before: Intent | undefined): Intent {
  return { ...intent, functions: [...new Set([...(before?.functions ?? []), ...intent.functions])].toSorted() };
}

function locked(owner: Owner, lock: Lock | undefined): UserError {
  const { who = "somebody", since = "just now" } = lock?.holder ?? {};
  const what = lock?.intent.command ?? "deploy";
  const left = Math.ceil((lock?.millisecondsLeft ?? life) / 1000);
  return new UserError(
    "LOCKED",
    `${who} holds the lock of ${stageName(owner)} since ${since} (${what})`,
    `wait until that run ends; a run that was killed lets go of it in ${left} s`,
  );
}

interface Held extends Pick<Taken, "text" | "etag" | "renewed"> {
  readonly key: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly owner: Owner;
  readonly run: string;
  readonly close: () => Promise<void>;
}

function holdLease({ key, text, store, clock, owner, run, close, ...taken }: Held): BucketLease {
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
      if (!isOutdated(error) && !isMissing(error)) throw error;
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
  const check = (): void => {
    if (lost) throw lost;
    if (!isFresh()) throw leaseLost(owner, undefined);
  };
  return {
    check,
    // A renewal that takes effect is the proof: the object is as we wrote it, and thirty seconds are left.
    async hold() {
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
      await letGo({ key, text, etag, store }, isFinished);
    },
  };
}

async function letGo({ key, text, etag, store }: Pick<Held, "key" | "text" | "etag" | "store">, isFinished: boolean): Promise<void> {
  try {
    if (isFinished || text.intent.functions.length === 0) await store.delete(key, etag);
    else await store.put(key, JSON.stringify({ ...text, holder: undefined }), etag);
  } catch (error) {
    // Somebody else's by now: theirs to end.
    if (!isOutdated(error) && !isMissing(error)) throw error;
  }
}

function leaseLost(owner: Owner, cause: unknown): UserError {
  return new UserError(
    "LEASE_LOST",
    `another deployer took over the lock of ${stageName(owner)} while this run stood still; it stopped, and moved no traffic`,
    "look at portico releases, then run the command again",
    { cause },
  );
}
