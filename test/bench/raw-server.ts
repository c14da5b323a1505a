/** The servers that benches compare with: raw node:http, a raw dev server and plain miniflare, each a process. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { start } from "../e2e/portico.ts";

/** A running server. */
export interface BenchServer {
  readonly port: number;
  readonly pid: number;
  close(): Promise<unknown>;
}

const script =
  `require("node:http").createServer((_, response) => response.end("Hello, route 0!")).listen(0, ` +
  `"127.0.0.1", function () { console.log(this.address().port); });`;

/** Node with these arguments; resolves with the port that it prints first. */
export function nodeServer(words: readonly string[]): Promise<BenchServer> {
  const child = spawn(process.execPath, words, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  const close = async (): Promise<void> => {
    child.kill();
    await ended;
  };
  return new Promise((listens, fail) => {
    child.stdout.once("data", (chunk: Buffer) => listens({ port: Number(chunk), pid: child.pid!, close }));
    void ended.then(() => fail(new Error("the server ended before it listened")));
  });
}

/** Raw node:http that responds to every request with the same text. */
export const rawServer = (): Promise<BenchServer> => nodeServer(["-e", script]);

/** Miniflare, started as in its documentation. @param folder of a Worker's modules, such as a build's */
export const plainMiniflare = (folder: string, bindings: object = {}): Promise<BenchServer> =>
  nodeServer([join(import.meta.dirname, "miniflare-process.mjs"), folder, JSON.stringify(bindings)]);

/** A dev server of fs.watch, esbuild and node:http for one route. @param file of the route, relative to the root */
export const rawDevServer = (root: string, file: string, out: string): Promise<BenchServer> =>
  nodeServer([join(import.meta.dirname, "raw-dev-server.mjs"), root, file, out]);

/** Portico's command line; resolves when it prints its address. @param bin its launcher */
export async function portico(
  bin: string,
  words: readonly string[],
  root: string,
  env: Readonly<Record<string, string>> = {},
): Promise<BenchServer> {
  const running = start([...words, "--port", "0"], root, { program: bin, env });
  const [, port] = await running.until(/http:\/\/127\.0\.0\.1:(\d+)/);
  return { port: Number(port), pid: running.child.pid!, close: () => running.stop("SIGTERM") };
}
