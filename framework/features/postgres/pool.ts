/** A pool of connections as functions need it: no named statements, errors with codes, reads that reconnect. */
import { Client, type ClientConfig, Pool, type PoolClient, type PoolConfig } from "pg";
import { isLost, lostError, toConnectError } from "./database-error.ts";
import { isReadOnly } from "./read-statement.ts";

type Callback = (error: Error | undefined, client: PoolClient | undefined, release: (error?: Error) => void) => void;
type Query = (...args: readonly unknown[]) => Promise<unknown>;

/** Milliseconds to wait for a connection. */
const patienceMs = 5000;

/** Milliseconds after which an idle connection may have been closed while its process was frozen. */
const shortMs = 1000;

/** A connection that remembers when it was used last, by the wall clock. */
class DatabaseClient extends Client {
  used = Date.now();

  constructor(config?: ClientConfig) {
    super(config);
    // From the first moment: a connection that is cut would end the process otherwise. Statements get the error.
    this.on("error", () => {});
  }

  /** Poolers that share connections between transactions answer a named statement with 42P05. */
  override query = ((config: string | { readonly name?: string }, ...rest: readonly unknown[]) => {
    this.used = Date.now();
    const isNamed = typeof config === "object" && config.name !== undefined;
    return (super.query as unknown as Query)(isNamed ? { ...config, name: undefined } : config, ...rest);
  }) as unknown as Client["query"];
}

/** Settings beside those of `pg`. */
interface DatabasePoolConfig extends PoolConfig {
  /** Milliseconds of idleness by the wall clock after which a connection is replaced before use. */
  readonly maxIdleMs?: number;
}

/** The pool. Its constructor's name tells Drizzle that transactions take a connection of it. */
export class DatabasePool extends Pool {
  readonly #maxIdleMs: number;

  constructor({ maxIdleMs = Infinity, ...config }: DatabasePoolConfig) {
    super({ connectionTimeoutMillis: patienceMs, Client: DatabaseClient, ...config });
    this.#maxIdleMs = maxIdleMs;
    // An idle connection that is cut leaves the pool by itself.
    this.on("error", () => {});
  }

  override connect = ((callback?: Callback) => {
    const connected = this.#connect();
    if (!callback) return connected;
    connected.then(
      (client) => callback(undefined, client, client.release),
      (error: Error) => callback(error, undefined, () => {}),
    );
    return undefined;
  }) as Pool["connect"];

  /** A statement that fails leaves its connection as it was, unlike in `pg`; one that only reads may be repeated. */
  override query = ((...args: readonly unknown[]) => {
    if (typeof args.at(-1) === "function" || (args[0] as { readonly submit?: unknown }).submit)
      return (super.query as unknown as Query)(...args);
    return this.#query(args);
  }) as unknown as Pool["query"];

  async #query(args: readonly unknown[]): Promise<unknown> {
    for (let isRepeated = false; ; isRepeated = true) {
      const client = await this.#connect();
      let lost = false;
      try {
        return await (client.query as unknown as Query)(...args);
      } catch (error) {
        lost = isLost(error);
        if (!lost) throw error;
        if (isRepeated || !isRead(args[0])) throw lostError(error);
      } finally {
        client.release(lost);
      }
    }
  }

  async #connect(): Promise<PoolClient> {
    for (;;) {
      let client: PoolClient;
      try {
        client = await super.connect();
      } catch (error) {
        throw toConnectError(error);
      }
      const idle = Date.now() - (client as unknown as DatabaseClient).used;
      if (idle > shortMs) await readSockets();
      if (idle <= this.#maxIdleMs && !isEnded(client)) return client;
      client.release(true);
    }
  }
}

/** What a server said while the process was frozen is read between two timers, which are never of one turn. */
async function readSockets(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((next) => setTimeout(next));
}

const isEnded = (client: PoolClient): boolean =>
  (client as unknown as { readonly _queryable: boolean })._queryable === false;

/** It was not answered, so that nobody has seen the first answer. */
const isRead = (config: unknown): boolean =>
  isReadOnly(typeof config === "string" ? config : (config as { readonly text: string }).text);
