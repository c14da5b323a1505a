/** `portico cloud`: the local cloud of one app in the foreground. */
import { expect, it } from "vitest";
import { appFolder, says } from "../../e2e/app.ts";
import { startCloud } from "../../e2e/cloud.ts";
import { run } from "../../e2e/portico.ts";

const app = appFolder("cloud");

it("serves the control API until stopped, and refuses requests without the key and a second cloud", async () => {
  const root = await app("shop", { "functions/index.ts": says("hi") });
  const { running, url } = await startCloud(root);
  expect((await fetch(`${url}/client/v4/accounts`)).status).toBeGreaterThanOrEqual(400);
  expect(await run(["cloud", "--port", "0"], root)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error CLOUD_RUNNING: .*\nfix: .*\n$/),
  });
  expect(await running.stop()).toBe(0);
  await expect(fetch(url)).rejects.toThrow("fetch failed");
});
