/** The running versions: a version in, the port of its workerd out; started when first asked for, closed once nobody needs it. */
import type { RunningVersion } from "../../workers/miniflare-version.ts";
import type { VersionRecord } from "./records.ts";

/** A version for one request: to be given back when its answer is out. */
export interface Lease {
  readonly version: RunningVersion;
  /** True when it had to be started. */
  readonly cold: boolean;
  release(): void;
}

interface Entry {
  readonly running: Promise<RunningVersion>;
  /** Once it runs. */
  version?: RunningVersion;
  /** Requests that it answers right now. */
  leases: number;
  retired: boolean;
}

/** What a version is started with besides its own. */
export interface Extras {
  /** It tells what its invocations print. */
  readonly tailed: boolean;
  /** Other Workers call its methods. */
  readonly callable: boolean;
}

export type StartVersion = (version: VersionRecord, extras: Extras) => Promise<RunningVersion>;

/** How many versions without traffic keep running, for a rollback and for what came in before a switch. */
const spare = 2;

/** Ends with what it was started with, behind a sign that no id holds. */
const keyOf = ({ script, id }: Pick<VersionRecord, "script" | "id">, { tailed, callable }: Extras): string =>
  `${script}/${id}#${tailed ? "tail" : ""}${callable ? "call" : ""}`;

const versionOf = (key: string): string => key.slice(0, key.indexOf("#"));

/** A class, since it holds processes. */
export class VersionPool {
  readonly #start: StartVersion;
  readonly #onError: (error: unknown) => void;
  readonly #entries = new Map<string, Entry>();

  constructor(start: StartVersion, onError: (error: unknown) => void) {
    this.#start = start;
    this.#onError = onError;
  }

  /** Rejects with what the start rejected with; the next request tries again. */
  async lease(version: VersionRecord, extras: Extras): Promise<Lease> {
    const key = keyOf(version, extras);
    const found = this.#entries.get(key);
    const entry: Entry = found ?? { running: this.#start(version, extras), leases: 0, retired: false };
    // The order of the map is that of the last use.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    // One that was started with something else is not asked again.
    for (const [other, { retired }] of this.#entries)
      if (!retired && other !== key && versionOf(other) === versionOf(key)) this.#retire(other);
    entry.leases += 1;
    let released = false;
    let left: (() => void) | undefined;
    const release = (): void => {
      if (released) return;
      released = true;
      left?.();
      entry.leases -= 1;
      this.#sweep();
    };
    try {
      const running = await entry.running;
      entry.version = running;
      left = running.enter();
      return { version: running, cold: !found, release };
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  /** Says which versions have traffic: others are closed when their requests are answered, but for a few spare ones. */
  keep(live: ReadonlySet<string>): void {
    for (const [key, entry] of this.#entries) entry.retired = !live.has(versionOf(key));
    this.#sweep();
  }

  /** Its workerd is gone: the next request starts another. One that was started since is left alone. */
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
    for (const [key, entry] of idle.slice(0, Math.max(0, idle.length - spare))) {
      this.#entries.delete(key);
      this.#close(entry).catch(this.#onError);
    }
  }

  async #close({ running }: Entry): Promise<void> {
    // One that did not start was told to whoever asked for it.
    const version = await running.catch(() => undefined);
    await version?.close();
  }

  async close(): Promise<void> {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(entries.map((entry) => this.#close(entry)));
  }
}
