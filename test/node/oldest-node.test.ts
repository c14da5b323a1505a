/** The oldest Node that the package allows: its SQLite binds nothing to `?1`, and its hooks differ. */
// @module-tag check
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";

const run = promisify(execFile);

it("the store and files have every operation, and undeclared packages are missing", async () => {
  const folder = await mkdtemp(join(tmpdir(), "portico-oldest-node-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { engines } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as {
    readonly engines: { readonly node: string };
  };
  const oldest = engines.node.replace(">=", "");
  const name = `node-${process.platform.replace("win32", "win")}-${process.arch}`;
  await run("npm", ["install", "--prefix", folder, "--prefer-offline", "--ignore-scripts", `${name}@${oldest}`]);
  const program = fileURLToPath(new URL("oldest-node-program.ts", import.meta.url));
  const { stdout } = await run(join(folder, "node_modules", name, "bin/node"), [program, folder]);
  expect(JSON.parse(stdout)).toEqual({
    node: `v${oldest}`,
    store: { value: [1], sums: [2, 5], keys: ["a", "b"], deleted: true, left: ["b"] },
    files: { text: "other", keys: ["a/1"], left: ["b"] },
    undeclared: ["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"],
  });
});
