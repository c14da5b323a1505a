/** Asks what the releases ask that take traffic, or took some within twenty minutes, since their jobs may still run. */
import type { Client } from "pg";
import { queriesOf, type Tree } from "./app-tree.ts";

/** Code of a release, and when it took traffic last. */
export interface Serving {
  readonly tree: Tree;
  readonly hash: string;
  /** Minutes of the history at which it lost its traffic; absent while it has some. */
  readonly until?: number;
}

/** What failed. */
export interface Failure {
  readonly query: string;
  readonly error: string;
}

/** Minutes that a job of a release may go on for after its release lost the traffic. */
const jobMinutes = 20;

export interface Prober {
  /** Asks, after what was asked before; a query that waits for a lock holds up the next. */
  ask(serving: readonly Serving[], why: string): void;
  /** When all was answered. */
  quiet(): Promise<void>;
  readonly failures: readonly Failure[];
  readonly counts: { readonly asked: number; readonly waited: number };
}

export const isServing = ({ until }: Serving, now: number): boolean => until === undefined || now - until < jobMinutes;

/** @param client whose queries wait for a lock at most as long as its lock_timeout says */
export function createProber(client: Client): Prober {
  const failures: Failure[] = [];
  const counts = { asked: 0, waited: 0 };
  let asking: Promise<void> = Promise.resolve();
  const ask = async (query: string, who: string): Promise<void> => {
    counts.asked += 1;
    const started = performance.now();
    await client.query(query).catch((error: Error) => {
      failures.push({ query, error: `${error.message}, asked by ${who}` });
    });
    if (performance.now() - started > 50) counts.waited += 1;
  };
  return {
    ask(serving, why) {
      const queries = new Map(
        serving.flatMap(({ tree, hash }) => queriesOf(tree).map((query) => [query, `${hash} ${why}`] as const)),
      );
      asking = asking.then(async () => {
        for (const [query, who] of queries) await ask(query, who);
      });
    },
    quiet: () => asking,
    failures,
    counts,
  };
}
