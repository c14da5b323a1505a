/** `portico releases`: the releases of a stage, and a stage without any. */
// @module-tag check
import { expect, it } from "vitest";
import { appFolder, says } from "../../e2e/app.ts";
import { startCloud } from "../../e2e/cloud.ts";
import { run } from "../../e2e/portico.ts";

const app = appFolder("releases");

it("says that a stage has no releases, and lists a deploy's release as live, with its message", async () => {
  const root = await app("shop", { "functions/index.ts": says("hi") });
  await startCloud(root);
  const releases = (...words: string[]) => run(["releases", "--stage", "local", ...words], root);
  expect(await releases()).toMatchObject({ code: 0, stdout: "the stage local has no releases yet\n" });
  expect(await run(["deploy", "--stage", "local", "-m", "first try"], root)).toMatchObject({ code: 0 });
  expect((await releases()).stdout).toMatch(/^\* +1 +\d{4}-\d\d-\d\d \d\d:\d\d .*first try/m);
  expect(JSON.parse((await releases("--json")).stdout)).toMatchObject({
    type: "releases",
    target: "lambda",
    releases: [{ number: 1, live: true, message: "first try", by: expect.stringMatching(/./) as string }],
  });
});
