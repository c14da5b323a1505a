/** `portico secret`: the actions at stage local, whose secrets come from .env files, and at a stage of an account. */
import { expect, it } from "vitest";
import { appFolder, says } from "../../e2e/app.ts";
import { startCloud } from "../../e2e/cloud.ts";
import { type Finished, run } from "../../e2e/portico.ts";

const app = appFolder("secret");
const files = {
  "hosting.json": JSON.stringify({
    name: "shop",
    secrets: ["KEY"],
    lambda: { region: "us-east-1" },
    extensions: { "portico-rates": { currency: "eur" } },
  }),
  "functions/index.ts": says("hi"),
};

it("sets, lists and removes the secrets of a stage, and prints no value", async () => {
  const root = await app("account", files);
  const { aws } = await startCloud(root);
  const secret = (words: readonly string[], stdin = ""): Promise<Finished> =>
    run(["secret", ...words, "--stage", "prod"], root, { stdin, env: aws });
  expect((await secret(["list"])).stdout).toMatch(/^KEY +missing\nRATES_KEY of portico-rates +missing$/m);
  const set = await secret(["set", "KEY"], "not-to-be-shown\n");
  expect(set).toMatchObject({ code: 0, stdout: "set KEY at prod, version 1; the next deploy takes it\n" });
  const listed = await secret(["list"]);
  expect(listed.stdout).toMatch(/^KEY +version 1 /m);
  expect(set.stdout + listed.stdout).not.toContain("not-to-be-shown");
  expect(await secret(["remove", "KEY", "--yes"])).toMatchObject({ code: 0, stdout: "removed KEY\n" });
  expect((await secret(["list"])).stdout).toMatch(/^KEY +missing$/m);
  expect(await secret(["set", "SESSION_KEYS=short"])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error SESSION_KEYS: .* 5 characters, .* 32\nfix: .*--stage prod: openssl/),
  });
});

it.each([
  ["SECRET_LOCAL", ["set", "KEY=value"]],
  ["USAGE", ["show"]],
  ["USAGE", ["remove"]],
  ["USAGE", []],
])("%s: portico secret %j", async (code, words) => {
  const root = await app(words.join("-"), files);
  expect(await run(["secret", ...words, "--stage", "local"], root)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(new RegExp(`^error ${code}: .*\nfix: .*\n$`)),
  });
});
