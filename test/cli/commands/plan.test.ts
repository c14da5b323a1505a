/** `portico plan`: the changes of a deploy, its exit codes and its file; it changes nothing. */
// @module-tag check
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { appFolder, says } from "../../e2e/app.ts";
import { run } from "../../e2e/portico.ts";

const app = appFolder("plan");

it("prints what a first deploy creates, writes the plan to a file and exits 2, also when repeated", async () => {
  const root = await app("shop", {
    "hosting.json": JSON.stringify({ name: "shop", secrets: ["KEY"] }),
    "functions/index.ts": says("hi"),
  });
  const words = ["plan", "--stage", "local", "--port", "0", "--out", "plan.json"];
  const first = await run(words, root);
  expect(first).toMatchObject({ code: 2, stderr: "" });
  expect(first.stdout).toMatch(/^\+ function +index\b/m);
  expect(first.stdout).toContain("portico deploy --stage local applies it");
  expect(first.stdout).toContain("a deploy makes the secret KEY for this machine");
  const { schemaVersion, plans } = JSON.parse(await readFile(join(root, "plan.json"), "utf8")) as {
    readonly schemaVersion: number;
    readonly plans: readonly object[];
  };
  expect([schemaVersion, plans]).toMatchObject([1, [{ app: "shop", stage: "local" }]]);
  expect(await run(words, root)).toEqual(first);
});
