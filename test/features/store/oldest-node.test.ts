/** The store on the oldest Node that the package allows, whose node:sqlite can do less. */
// @module-tag check
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";

const run = promisify(execFile);

it("has every operation", async () => {
  const folder = await mkdtemp(join(tmpdir(), "portico-oldest-node-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const { engines } = JSON.parse(await readFile(new URL("../../../package.json", import.meta.url), "utf8")) as {
    readonly engines: { readonly node: string };
  };
  const oldest = engines.node.replace(">=", "");
  const name = `node-${process.platform.replace("win32", "win")}-${process.arch}`;
  await run("npm", ["install", "--prefix", folder, "--prefer-offline", "--ignore-scripts", `${name}@${oldest}`]);
  const program = new URL("oldest-node-program.ts", import.meta.url);
  const { stdout } = await run(join(folder, "node_modules", name, "bin/node"), [program.pathname, folder]);
  expect(JSON.parse(stdout)).toEqual({
    node: `v${oldest}`,
    created: true,
    createdAgain: false,
    replaced: true,
    value: { a: [1] },
    sums: [2, 5],
    listed: ["a", "b"],
    deleted: true,
    gone: true,
  });
});
