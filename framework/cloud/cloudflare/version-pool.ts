/** The running versions of Workers: each is started by its first request and stopped when it has no traffic. */
import type { RunningVersion } from "../../emulation/workers/miniflare-version.ts";
import type { VersionRecord } from "./records.ts";

/** A running version, held for one request until its answer is sent. */
export interface Lease {
  readonly version: RunningVersion;
  /** True when the version had to be started. */
  readonly cold: boolean;
  release(): void;
}

interface PoolEntry {
  readonly running: Promise<RunningVersion>;
  /** Set once it runs. */
  version?: RunningVersion;
  /** Requests that it answers right now. */
  leases: number;
  /** True when it gets no new traffic. */
  retired: boolean;
}

/** Features that a version is started with only while they are needed. */
export interface VersionFeatures {
  /** Its invocations are reported to tails. */
  readonly traced: boolean;
  /** Other Workers can call its methods. */
  readonly callable: boolean;
}

export type StartVersion = (version: VersionRecord, features: VersionFeatures) => Promise<RunningVersion>;

/** How many versions without traffic keep running, for a rollback and for requests that came before a switch. */
const spareCount = 2;

/** The version's id and its features; no id contains a `#`. */
const keyOf = ({ script, id }: Pick<VersionRecord, "script" | "id">, features: VersionFeatures): string =>
  `${script}/${id}#${features.traced ? "traced" : ""}${features.callable ? "callable" : ""}`;

const versionOf = (key: string): string => key.slice(0, key.indexOf("#"));

/** A class, since it holds processes. */
export class VersionPool {
  readonly #start: StartVersion;
  readonly #featuresOf: (script: string) => VersionFeatures;
  readonly #onError: (error: unknown) => void;
  readonly #entries = new Map<string, PoolEntry>();

  /** @param featuresOf the features that versions of a script need right now */
  constructor(start: StartVersion, featuresOf: (script: string) => VersionFeatures, onError: (error: unknown) => void) {
    this.#start = start;
    this.#featuresOf = featuresOf;
    this.#onError = onError;
  }

  /** Rejects when the version does not start; the next request tries again. */
  async lease(version: VersionRecord): Promise<Lease> {
    const features = this.#featuresOf(version.script);
    const key = keyOf(version, features);
    const found = this.#entries.get(key);
    const entry: PoolEntry = found ?? { running: this.#start(version, features), leases: 0, retired: false };
    // The map is in the order of last use.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    // One with other features gets no more requests.
    for (const [other, { retired }] of this.#entries)
      if (!retired && other !== key && versionOf(other) === versionOf(key)) this.#retire(other);
    entry.leases += 1;
    let released = false;
    let leave: (() => void) | undefined;
    const release = (): void => {
      if (released) return;
      released = true;
      leave?.();
      entry.leases -= 1;
      this.#sweep();
    };
    try {
      const running = await entry.running;
      entry.version = running;
      leave = running.enter();
      return { version: running, cold: !found, release };
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  /** Sets the versions that have traffic: others are closed when their requests are answered, but for a few spares. */
  keep(live: ReadonlySet<string>): void {
    for (const [key, entry] of this.#entries) entry.retired = !live.has(versionOf(key));
    this.#sweep();
  }

  /** Removes a version whose workerd has died: the next request starts another. One started since is left alone. */
  drop(gone: RunningVersion): void {
    for (const [key, entry] of this.#entries) {
      if (entry.version !== gone) continue;
      this.#entries.delete(key);
      this.#close(entry).catch(this.#onError);
    }
  }

  #retire(key: string): void {
    const entry = this.#entries.get(key);
    if (entry) entry.retired = true;
  }

  #sweep(): void {
    const idle = [...this.#entries].filter(([, { retired, leases }]) => retired && leases === 0);
    for (const [key, entry] of idle.slice(0, Math.max(0, idle.length - spareCount))) {
      this.#entries.delete(key);
      this.#close(entry).catch(this.#onError);
    }
  }

  async #close({ running }: PoolEntry): Promise<void> {
    // A failed start was reported to the request that caused it.
    const version = await running.catch(() => undefined);
    await version?.close();
  }

  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map((entry) => this.#close(entry)));
  }
}
