/** `workerd serve` for a Worker's modules on a free port, without miniflare or Portico. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { BenchServer } from "./raw-server.ts";

/** Paths of modules by name, the main module first; paths are relative to one folder. */
export type Modules = ReadonlyMap<string, string>;

/** miniflare's workerd. */
const { default: workerd } = createRequire(import.meta.resolve("miniflare"))("workerd") as { readonly default: string };

const text = (value: string): string => JSON.stringify(value);

/** workerd.capnp: https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp */
const configOf = (modules: Modules): string => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [
${[...modules].map(([name, path]) => `    (name = ${text(name)}, esModule = embed ${text(path)}),`).join("\n")}
  ],
  compatibilityDate = "2026-07-01",
  compatibilityFlags = ["nodejs_compat"],
);
`;

/** @param folder of the modules' files and the config, since workerd embeds files only from the config's folder */
export function bareWorkerd(folder: string, modules: Modules): () => Promise<BenchServer> {
  const config = join(folder, `${randomUUID()}.capnp`);
  writeFileSync(config, configOf(modules));
  return () => serve(config);
}

/** The port that workerd writes to its control descriptor (`workerd serve --control-fd`). */
function serve(config: string): Promise<BenchServer> {
  const child = spawn(workerd, ["serve", "--control-fd=3", config], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  const ended = new Promise<void>((done) => child.once("exit", () => done()));
  const close = async (): Promise<void> => {
    child.kill();
    await ended;
  };
  return new Promise((listens, fail) => {
    let output = "";
    child.stdio[3]!.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      const port = /"event":"listen".*"port":(\d+)/.exec(output)?.[1];
      if (port !== undefined) listens({ port: Number(port), pid: child.pid!, close });
    });
    void ended.then(() => fail(new Error("workerd ended before it listened")));
  });
}
