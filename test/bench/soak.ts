/** Leak measurement of a server: processes, descriptors and memory after 40,000 requests against those after 30,000. */
import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { descendants } from "../e2e/portico.ts";
import type { Measured } from "./measurement.ts";
import type { BenchServer } from "./raw-server.ts";

function send(port: number, method: string, path: string, body?: Uint8Array): Promise<void> {
  return new Promise((done) => {
    const message = request({ port, host: "127.0.0.1", method, path, agent: false }, (response) => {
      response.resume();
      response.on("close", done);
    });
    message.on("error", () => done());
    // Every client of this path disconnects at once.
    if (path.endsWith("leave")) message.on("socket", (socket) => socket.on("connect", () => message.destroy()));
    message.end(body);
  });
}

const paths = ["/r0", "/r1/name", "/missing", "/%zz", "/r2?a=b", "/r3/leave"] as const;

/** 10,000 mixed requests over 64 connections at a time. */
async function mixed(port: number): Promise<void> {
  let left = 10_000;
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const path = paths[left % paths.length]!;
      await (left % 5 === 0 ? send(port, "POST", path, new Uint8Array((left * 37) % 20_000)) : send(port, "GET", path));
    }
  };
  await Promise.all(Array.from({ length: 64 }, one));
}

const residentOne = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;

/** Resident megabytes of the process and its descendants. */
export const resident = (pid: number): number =>
  [pid, ...descendants(pid)].reduce((sum, one) => sum + residentOne(one), 0);

interface Held {
  readonly descriptors: number;
  readonly processes: number;
  readonly resident: number;
}

/** The resources in use, after pending work has ended. */
async function held(pid: number): Promise<Held> {
  await new Promise((done) => setTimeout(done, 1500));
  return {
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    processes: descendants(pid).length,
    resident: residentOne(pid),
  };
}

/**
 * The compiler's and allocator's memory is allocated in the first rounds; the last 10,000 requests must add nothing.
 */
export async function soak(name: string, { port, pid }: BenchServer): Promise<readonly Measured[]> {
  for (let round = 0; round < 3; round++) await mixed(port);
  const before = await held(pid);
  await mixed(port);
  const after = await held(pid);
  const row = (resource: keyof Held, unit: string): Measured => ({
    name: `${name}, after 40,000 mixed requests: ${resource}`,
    against: "after 30,000",
    unit,
    rounds: 1,
    value: Math.round(after[resource]),
    limit: Math.round(before[resource]),
    spread: [0, 0] as const,
    ratio: Number((after[resource] / (before[resource] || 1)).toPrecision(4)),
  });
  return [row("descriptors", "open"), row("processes", "children"), row("resident", "MB resident")];
}
