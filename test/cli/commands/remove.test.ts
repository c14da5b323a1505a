/** `portico remove`: a stage that was deployed, one with nothing to remove, and a protected one. */
// @module-tag check
import { expect, it } from "vitest";
import { appFolder, says } from "../../e2e/app.ts";
import { startCloud } from "../../e2e/cloud.ts";
import { run } from "../../e2e/portico.ts";

const app = appFolder("remove");

it("removes a protected stage, with all its resources, only when its name is given", async () => {
  const root = await app("shop", {
    "hosting.json": JSON.stringify({ name: "shop", stages: { local: { protected: true } } }),
    "functions/index.ts": says("hi"),
  });
  await startCloud(root);
  const remove = (...words: string[]) => run(["remove", "--stage", "local", ...words], root);
  const deployed = await run(["deploy", "--stage", "local", "--json"], root);
  const { url } = JSON.parse(deployed.stdout) as { readonly url: string };
  expect(await remove("--yes")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error CONSENT_NEEDED: .*"Type the stage's name .*"\nfix: .*--confirm local/),
  });
  expect(await remove("--confirm", "prod")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error NOT_AGREED: .*\nfix: .*--confirm local\n$/),
  });
  expect(await (await fetch(url)).text()).toBe("hi");
  const removed = await remove("--confirm", "local");
  expect(removed).toMatchObject({ code: 0, stdout: expect.stringContaining("removed shop from the stage local") });
  expect(removed.stdout).toMatch(/^- function +/m);
  expect(await remove("--confirm", "local")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("the stage local has nothing of shop"),
  });
});

it("says that the data of a Worker at stage local are those of dev", async () => {
  const root = await app("kept", {
    "hosting.json": JSON.stringify({ name: "kept", target: "workers" }),
    "functions/index.ts": `import { store } from "portico/store";
export const GET = async (_: Request, context: never) => {
  await store(context, "seen").set("a", 1);
  return new Response("hi");
};
`,
  });
  await startCloud(root);
  const deployed = await run(["deploy", "--stage", "local", "--json"], root);
  await fetch((JSON.parse(deployed.stdout) as { readonly url: string }).url);
  const { stdout } = await run(["remove", "--stage", "local"], root);
  expect(stdout).toMatch(
    /^- table +kept--local, with its data: 1 entry\nportico dev --target workers has the same data/m,
  );
});
