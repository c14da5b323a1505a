/** The measurements of every server: throughput, first response and memory, each against a limit. */
import { get } from "node:http";
import { requestsPerSecond } from "./load-generator.ts";
import { compare, type Measured, time } from "./measurement.ts";
import type { BenchServer } from "./raw-server.ts";
import { resident } from "./soak.ts";

/** A server and the limit that it is held to. */
export interface Contest {
  readonly name: string;
  readonly server: () => Promise<BenchServer>;
  readonly against: string;
  readonly limit: () => Promise<BenchServer>;
  /** Limits of the ratios: minimum for requests per second, maximum for the time to the first response. */
  readonly bars: { readonly throughput: number; readonly first: number };
}

const path = "/r0";

/** Resolves after a complete hello response; rejects for another response. */
function hello(port: number): Promise<void> {
  return new Promise((done, fail) => {
    const request = get({ port, host: "127.0.0.1", path, agent: false }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("end", () => (text === "Hello, route 0!" ? done() : fail(new Error(`answered ${text}`))));
    });
    request.on("error", fail);
  });
}

/** Requests per second at 32 connections, and the memory of all its processes afterwards. */
export async function throughput({ name, server, against, limit, bars }: Contest): Promise<readonly Measured[]> {
  const [own, other] = [await server(), await limit()];
  await requestsPerSecond(own.port, path);
  const setup = {
    name: `${name}, requests per second`,
    against,
    unit: "requests/s",
    rounds: 7,
    bar: `>= ${bars.throughput}`,
  };
  const measured = await compare(
    setup,
    () => requestsPerSecond(own.port, path),
    () => requestsPerSecond(other.port, path),
  );
  const [value, held] = [resident(own.pid), resident(other.pid)].map(Math.round) as [number, number];
  await Promise.all([own.close(), other.close()]);
  const memory = { name: `${name}, memory of all processes after load`, against, unit: "MB resident", rounds: 1 };
  return [measured, { ...memory, value, limit: held, ratio: Number((value / held).toPrecision(3)), spread: [0, 0] }];
}

/** Time from the start of the process to the end of the first response. */
export function firstAnswer({ name, server, against, limit, bars }: Contest): Promise<Measured> {
  const until = async (open: Contest["server"]): Promise<number> => {
    let started: BenchServer | undefined;
    const took = await time(async () => {
      started = await open();
      await hello(started.port);
    });
    await started?.close();
    return took;
  };
  const setup = { name: `${name}, start to first answer`, against, unit: "ms", rounds: 11, bar: `<= ${bars.first}` };
  return compare(
    setup,
    () => until(server),
    () => until(limit),
  );
}
