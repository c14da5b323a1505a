/** The rows that every server has: how fast it answers, how soon it first does, and what it then holds, each against a limit. */
import { get } from "node:http";
import { requestsPerSecond } from "./load.ts";
import { compare, type Measured, percentile, time } from "./measure.ts";
import type { BenchServer } from "./raw-server.ts";
import { resident } from "./soak.ts";

/** A server and the limit that it is held to. */
export interface Contest {
  readonly name: string;
  readonly server: () => Promise<BenchServer>;
  readonly against: string;
  readonly limit: () => Promise<BenchServer>;
  /** What is promised of the ratios: requests per second at least, time to the first answer at most. */
  readonly bars: { readonly throughput: number; readonly first: number };
}

const path = "/r0";

/** Resolves when the hello answer is whole; rejects on another. */
function hello(port: number): Promise<void> {
  return new Promise((done, fail) => {
    const asked = get({ port, host: "127.0.0.1", path, agent: false }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("end", () => (text === "Hello, route 0!" ? done() : fail(new Error(`answered ${text}`))));
    });
    asked.on("error", fail);
  });
}

/** Requests per second at 32 connections, and the memory of all its processes afterwards. */
export async function throughput({ name, server, against, limit, bars }: Contest): Promise<readonly Measured[]> {
  const [own, other] = [await server(), await limit()];
  await requestsPerSecond(own.port, path);
  const what = { name: `${name}, requests per second`, against, unit: "requests/s", rounds: 7, bar: `>= ${bars.throughput}` };
  const measured = await compare(
    what,
    () => requestsPerSecond(own.port, path),
    () => requestsPerSecond(other.port, path),
  );
  const [value, held] = [resident(own.pid), resident(other.pid)].map(Math.round) as [number, number];
  await Promise.all([own.close(), other.close()]);
  const memory = { name: `${name}, memory of all processes after load`, against, unit: "MB resident", rounds: 1 };
  return [measured, { ...memory, value, limit: held, ratio: Number((value / held).toPrecision(3)), spread: [0, 0] }];
}

/**
 * From the start of the process to the end of the first answer.
 * @param before done before each start of the server, and not counted
 */
export function firstAnswer({ name, server, against, limit, bars }: Contest, before?: () => Promise<void>): Promise<Measured> {
  const until = async (open: Contest["server"]): Promise<number> => {
    if (open === server) await before?.();
    let started: BenchServer | undefined;
    const took = await time(async () => {
      started = await open();
      await hello(started.port);
    });
    await started?.close();
    return took;
  };
  const which = before ? "start to first answer, started for the first time" : "start to first answer";
  const what = { name: `${name}, ${which}`, against, unit: "ms", rounds: 11, bar: `<= ${bars.first}` };
  return compare(
    what,
    () => until(server),
    () => until(limit),
  );
}

/** Milliseconds of a thing done many times, without a limit beside it: median as the value, 95th percentile as the limit. */
export function quantiles(name: string, took: readonly number[], bar: string): Measured {
  const [median, late] = [percentile(took, 0.5), percentile(took, 0.95)].map((value) => Number(value.toPrecision(4))) as [number, number];
  return {
    ...{ name, value: median, limit: late, unit: "ms, median and 95th percentile", against: "its own 95th percentile", bar },
    ...{ ratio: Number((median / late).toPrecision(3)), spread: [percentile(took, 0.1), percentile(took, 0.9)], rounds: took.length },
  };
}
