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

it.each(["lambda", "workers"])("a deploy of what was rolled back on %s keeps who made it and why", async (target) => {
  const root = await app(`again-${target}`, { "functions/index.ts": says("one") });
  await startCloud(root);
  const local = (...words: string[]): Promise<Finished> =>
    run([...words, "--stage", "local", "--target", target], root);
  await local("deploy");
  await write(root, "functions/index.ts", says("two"));
  await local("deploy", "-m", "second");
  const listed = async (): Promise<unknown> => {
    const { releases } = JSON.parse((await local("releases", "--json")).stdout) as { readonly releases: object[] };
    return releases.map((one) => ({ ...one, live: undefined, state: undefined }));
  };
  const before = await listed();
  expect(before).toContainEqual(expect.objectContaining({ number: 2, message: "second" }));
  await local("rollback");
  const again = await local("deploy", "-m", "another try");
  expect(again).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/release 2 {2}http/),
    stderr: expect.stringMatching(/^warning the message was not stored: it belongs to a new release, /),
  });
  expect(await listed()).toEqual(before);
  await local("rollback");
  expect(await local("deploy", "-m", "second")).toMatchObject({ code: 0, stderr: "" });
});
