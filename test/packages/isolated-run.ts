/** One request to a production build in a separate process and folder, where the app's packages cannot be found. */
import { spawn } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { Log, LogLevel, Miniflare } from "miniflare";
import { zipEntries } from "../../framework/zip/reader.ts";
import { newestCompatibilityDate } from "../../framework/emulation/workers/miniflare.ts";
import type { Manifest } from "../../framework/model/manifest.ts";
import type { Target } from "../../framework/model/target.ts";
import { start } from "../e2e/portico.ts";

/** Returns the response's text, or the output of a failed process. @param out the build's folder */
export type IsolatedRequest = (out: string, path: string) => Promise<string>;

const readManifestOf = async (out: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(out, "manifest.json"), "utf8")) as Manifest;

/** Runs a function's extracted zip; the response is printed by ask-zip.mjs. */
async function callZip(out: string, path: string): Promise<string> {
  const { functions } = await readManifestOf(out);
  const zip = functions[0]?.zip ?? "";
  const folder = join(out, "unzipped");
  for (const { path: name, bytes } of zipEntries(await readFile(join(out, zip)))) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  return runNode([join(import.meta.dirname, "lambda-invocation.mjs"), join(folder, "index.mjs"), path]);
}

/** Runs `portico start`, which finds only packages that hosting.json declares. */
async function callNode(out: string, path: string): Promise<string> {
  const server = start(["start", "--port", "0", "--processes", "1"], join(out, "../../.."));
  try {
    const [origin] = await server.until(/http:\/\/127\.0\.0\.1:\d+/);
    return await (await fetch(new URL(path, origin))).text();
  } catch (error) {
    return String(error);
  } finally {
    await server.stop();
  }
}

async function runNode(args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], cwd: dirname(args[1] ?? "") });
  const [answer, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return answer || (/^\w*Error.*$/m.exec(errors)?.[0] ?? errors);
}

const moduleTypes = { esm: "ESModule", text: "Text", wasm: "CompiledWasm" } as const;

/** Runs the uploaded modules in workerd. */
async function callWorker(out: string, path: string): Promise<string> {
  const { modules = [], app } = await readManifestOf(out);
  const code = modules.flatMap(({ name, type }) => (type === "source-map" ? [] : [{ name, type }]));
  const newest = newestCompatibilityDate();
  const { compatibilityDate } = app.workers;
  const miniflare = new Miniflare({
    host: "127.0.0.1",
    port: 0,
    cf: false,
    log: new Log(LogLevel.NONE),
    handleStructuredLogs: () => {},
    modulesRoot: out,
    modules: await Promise.all(
      code.map(async ({ name, type }) => ({
        type: moduleTypes[type],
        path: join(out, name),
        contents: await readFile(join(out, name)),
      })),
    ),
    compatibilityDate: compatibilityDate > newest ? newest : compatibilityDate,
    compatibilityFlags: ["nodejs_compat"],
  });
  try {
    const origin = await miniflare.ready;
    return await (await fetch(new URL(path, origin))).text();
  } catch (error) {
    return String(error);
  } finally {
    await miniflare.dispose();
  }
}

/** By target. */
export const isolatedRequests: Readonly<Record<Target, IsolatedRequest>> = {
  lambda: callZip,
  workers: callWorker,
  node: callNode,
};
