/** `portico build`: the manifest that it writes for each target, what it prints, and an app without routes. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Manifest } from "../../../framework/model/manifest.ts";
import { appFolder, says } from "../../e2e/app.ts";
import { run } from "../../e2e/portico.ts";

const app = appFolder("build");

it("writes a manifest for each target of hosting.json, and only for that of --target", async () => {
  const root = await app("both", {
    "hosting.json": JSON.stringify({ name: "both", target: ["lambda", "node"] }),
    "functions/index.ts": says("hi"),
    "functions/users/[id].ts": says("user"),
  });
  const { code, stdout, stderr } = await run(["build"], root);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^lambda: 2 functions, 0 assets → \.portico\/build\/lambda in \d+ ms$/m);
  for (const target of ["lambda", "node"]) {
    const manifest = await readFile(join(root, ".portico/build", target, "manifest.json"), "utf8");
    expect((JSON.parse(manifest) as Manifest).functions.map(({ id }) => id)).toEqual(["index", "users-id"]);
  }
  const json = await run(["build", "--target", "node", "--json"], root);
  expect(JSON.parse(json.stdout)).toMatchObject({ target: "node", out: ".portico/build/node", assets: 0 });
});

it("refuses a folder without routes", async () => {
  expect(await run(["build"], await app("empty", {}))).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error NO_ROUTES: .*\nfix: .*portico init\n$/),
  });
});
