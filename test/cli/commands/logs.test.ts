/** `portico logs`: the lines of a route, of all routes and with -f, and the requests that it refuses. */
import { expect, it } from "vitest";
import { appFolder, says } from "../../e2e/app.ts";
import { startCloud } from "../../e2e/cloud.ts";
import { run, start } from "../../e2e/portico.ts";

const app = appFolder("logs");

it("prints the output of one route's function or of all functions, and follows new lines", async () => {
  const root = await app("shop", {
    "functions/index.ts": 'export const GET = () => { console.log("from index"); return new Response("hi"); };\n',
    "functions/other.ts": 'export const GET = () => { console.log("from other"); return new Response("hi"); };\n',
  });
  await startCloud(root);
  const logs = (...words: string[]) => run(["logs", "--stage", "local", ...words], root);
  expect(await logs("/")).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error NOTHING_LIVE: /) });
  const deployed = await run(["deploy", "--stage", "local", "--json"], root);
  const { url } = JSON.parse(deployed.stdout) as { readonly url: string };
  for (const path of ["", "other"]) await fetch(url + path);
  const all = await logs();
  expect(all).toMatchObject({ code: 0, stdout: expect.stringContaining("from index") });
  expect(all.stdout).toContain("from other");
  const { stdout } = await logs("/other");
  expect(stdout).toContain("from other");
  expect(stdout).not.toContain("from index");
  expect(await logs("/none")).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error ROUTE_UNKNOWN: /) });
  expect(await logs("--since", "soon")).toMatchObject({ code: 1, stderr: expect.stringMatching(/^error BAD_SINCE: /) });
  const following = start(["logs", "-f", "/other", "--stage", "local"], root);
  await following.until(/from other/);
  await fetch(`${url}other`);
  await following.until(/from other[^]*from other/);
  expect(await following.stop()).toBe(0);
});

it("refuses stored lines of Workers, which can only be followed", async () => {
  const root = await app("workers", {
    "hosting.json": JSON.stringify({ name: "shop", target: "workers" }),
    "functions/index.ts": says("hi"),
  });
  expect(await run(["logs", "--stage", "local"], root)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^error LOGS_LIVE_ONLY: .*\nfix: .*-f/),
  });
});
