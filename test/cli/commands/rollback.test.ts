/** `portico rollback` and `portico promote`: moves between two releases, and the releases that they refuse. */
// @module-tag check
import { expect, it } from "vitest";
import { appFolder, says, write } from "../../e2e/app.ts";
import { startCloud } from "../../e2e/cloud.ts";
import { type Finished, run } from "../../e2e/portico.ts";

const app = appFolder("rollback");

it("move the traffic to the previous release, or to another one by its number", async () => {
  const root = await app("shop", { "functions/index.ts": says("one") });
  await startCloud(root);
  const local = (...words: string[]): Promise<Finished> => run([...words, "--stage", "local"], root);
  const served = async (): Promise<string> => (await local("invoke", "/")).stdout.trimEnd().split("\n").at(-1)!;
  await local("deploy");
  expect(await local("rollback")).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error \w+: .*\nfix: /) });
  await write(root, "functions/index.ts", says("two"));
  await local("deploy");
  expect(await local("rollback")).toMatchObject({ code: 0, stdout: expect.stringContaining("release 1 is live") });
  expect(await served()).toBe("one");
  expect(await local("promote", "2")).toMatchObject({ code: 0, stdout: expect.stringContaining("release 2 is live") });
  expect(await served()).toBe("two");
  expect(await local("promote", "9")).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error \w+: .*9/) });
  const refused = await local("rollback", "x");
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error BAD_RELEASE: /) });
});
