/** `portico env`: the names of env and secrets with their sources, and never a secret's value. */
// @module-tag check
import { expect, it } from "vitest";
import { appFolder, says } from "../../e2e/app.ts";
import { run } from "../../e2e/portico.ts";

const app = appFolder("env");

it("lists env with values, and secrets without values", async () => {
  const root = await app("shop", {
    "hosting.json": JSON.stringify({ name: "shop", env: { WORD: "shown" }, secrets: ["KEY"] }),
    ".env": "KEY=not-to-be-shown\n",
    "functions/index.ts": says("hi"),
  });
  const { code, stdout, stderr } = await run(["env", "--stage", "local"], root);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^WORD +hosting\.json +shown$/m);
  expect(stdout).toMatch(/^KEY +secret +.*not in the live release$/m);
  const json = await run(["env", "--stage", "local", "--json"], root);
  expect(JSON.parse(json.stdout)).toEqual({
    type: "env",
    target: "lambda",
    env: [
      { name: "WORD", kind: "env", value: "shown" },
      { name: "KEY", kind: "secret" },
    ],
  });
  expect(stdout + json.stdout).not.toContain("not-to-be-shown");
});
