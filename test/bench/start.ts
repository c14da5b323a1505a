/** `portico start` with one process: requests per second against raw node:http, time to the first answer, and what a long run leaves behind. */
import { readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { request } from "node:http";
import { descendants, run, start } from "../e2e/portico.ts";
import { generateApp } from "./generate.ts";
import { requestsPerSecond } from "./load.ts";
import { compare, type Measured, time } from "./measure.ts";
import { rawServer } from "./raw-server.ts";

/** Builds and measures an app of 100 routes. */
export async function production(): Promise<readonly Measured[]> {
  const root = await generateApp(100);
  const built = await run(["build", "--target", "node"], root);
  if (built.code !== 0) throw new Error(built.stderr);
  const measured = [await throughput(root), await firstAnswer(root), ...(await soak(root))];
  await rm(root, { recursive: true });
  return measured;
}

async function serve(root: string): Promise<{ readonly port: number; readonly pid: number; stop(): Promise<unknown> }> {
  const running = start(["start", "--port", "0", "--processes", "1"], root);
  const port = Number((await running.until(/http:\/\/127\.0\.0\.1:(\d+)/))[1]);
  return { port, pid: running.child.pid!, stop: () => running.stop("SIGTERM") };
}

async function throughput(root: string): Promise<Measured> {
  const [app, raw] = [await serve(root), await rawServer()];
  const measured = await compare(
    { name: "portico start, requests per second, one process", against: "raw node:http", unit: "requests/s", rounds: 7 },
    () => requestsPerSecond(app.port, "/r0", 32, 1000),
    () => requestsPerSecond(raw.port, "/r0", 32, 1000),
  );
  await Promise.all([app.stop(), raw.close()]);
  return measured;
}

const answered = (port: number): Promise<number | undefined> => send(port, "GET", "/r0");

function firstAnswer(root: string): Promise<Measured> {
  const until = async (open: () => Promise<{ readonly port: number; end(): Promise<unknown> }>): Promise<number> => {
    let end = async (): Promise<unknown> => undefined;
    const took = await time(async () => {
      const server = await open();
      end = server.end;
      await answered(server.port);
    });
    await end();
    return took;
  };
  return compare(
    { name: "portico start, first answer", against: "raw node:http", unit: "ms", rounds: 7 },
    () => until(async () => ((app) => ({ port: app.port, end: app.stop }))(await serve(root))),
    () => until(async () => ((raw) => ({ port: raw.port, end: raw.close }))(await rawServer())),
  );
}

function send(port: number, method: string, path: string, body?: Uint8Array): Promise<number | undefined> {
  return new Promise((done) => {
    const message = request({ port, host: "127.0.0.1", method, path, agent: false }, (response) => {
      response.resume();
      response.on("close", () => done(response.statusCode));
    });
    message.on("error", () => done(undefined));
    // Every tenth client leaves at once.
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

const descriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;
const resident = (pid: number): number => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
const settle = (): Promise<void> => new Promise((done) => setTimeout(done, 1500));

async function soak(root: string): Promise<readonly Measured[]> {
  const app = await serve(root);
  // What the compiler and the allocator keep is there by then; the last ten thousand must add nothing.
  for (let round = 0; round < 3; round++) await mixed(app.port);
  await settle();
  const before = [descriptors(app.pid), descendants(app.pid).length, resident(app.pid)] as const;
  await mixed(app.port);
  await settle();
  const after = [descriptors(app.pid), descendants(app.pid).length, resident(app.pid)] as const;
  await app.stop();
  const row = (name: string, at: 0 | 1 | 2, unit: string): Measured => ({
    ...{ name: `portico start, after 40,000 mixed requests: ${name}`, against: "after 30,000", unit, rounds: 1 },
    ...{ value: after[at], limit: before[at], ratio: Number((after[at] / (before[at] || 1)).toPrecision(4)), spread: [0, 0] as const },
  });
  return [row("descriptors", 0, "open"), row("processes", 1, "children"), row("memory", 2, "MB resident")];
}
