/** The package miniflare, which an app installs while a local cloud or portico dev may be running already. */
import { execFile } from "node:child_process";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { makeFolder } from "../../bundler/test-app.ts";

const script = `
  import { mkdir, writeFile } from "node:fs/promises";
  import { loadMiniflare } from "./framework/emulation/workers/miniflare.ts";
  const load = () => loadMiniflare().then((found) => found.name, (error) => error.code);
  console.log(await load());
  await mkdir("node_modules/miniflare/dist", { recursive: true });
  await writeFile("node_modules/miniflare/package.json", '{ "main": "dist/index.js" }');
  console.log(await load());
  await writeFile("node_modules/miniflare/dist/index.js", "exports.name = 'installed';");
  console.log(await load());
`;

it("is found by a process that missed it before the install", async () => {
  const root = makeFolder({ "package.json": '{ "type": "module" }', "load.mjs": script });
  for (const folder of ["framework/emulation", "framework/model"])
    await cp(join(import.meta.dirname, "../../..", folder), join(root, folder), { recursive: true });
  const { stdout } = await promisify(execFile)(process.execPath, ["load.mjs"], { cwd: root });
  expect(stdout.trim().split("\n")).toEqual(["MINIFLARE_MISSING", "MINIFLARE_MISSING", "installed"]);
});
