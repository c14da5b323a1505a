/** A user behind an HTTP proxy: requests to this machine bypass it, calls to an account's cloud use it. */
// @module-tag check
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { startCloud, type StartedCloud } from "./cloud.ts";
import { run, start } from "./portico.ts";
import { type CountingProxy, startProxy } from "./proxy-server.ts";

let root: string;
let proxy: CountingProxy;
let cloud: StartedCloud;

const portico = (...words: string[]) => run(words, root, { env: proxy.env });

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "portico-proxy-"));
  await mkdir(join(root, "functions"));
  await writeFile(join(root, "functions/index.ts"), 'export const GET = () => new Response("direct");\n');
  const settings = {
    name: "shop",
    target: ["lambda", "workers"],
    smoke: [{ path: "/" }],
    lambda: { region: "us-east-1" },
    workers: { compatibilityDate: "2026-07-01" },
  };
  await writeFile(join(root, "hosting.json"), JSON.stringify(settings));
  proxy = await startProxy();
  cloud = await startCloud(root, proxy.env);
});
beforeEach(() => {
  proxy.requests.length = 0;
});
afterAll(async () => {
  await cloud.running.stop();
  await proxy.close();
  await rm(root, { recursive: true });
});

it("deploys to stage local on both clouds, their smoke tests and invoke bypass the proxy", async () => {
  expect(await portico("deploy", "--stage", "local")).toMatchObject({ code: 0, stderr: "" });
  for (const target of ["lambda", "workers"])
    expect(await portico("invoke", "/", "--stage", "local", "--target", target)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("direct"),
    });
  expect(proxy.requests).toEqual([]);
});

it.each(["lambda", "workers", "node"])(
  "dev on %s and invoke, by each name of this machine, bypass the proxy",
  async (target) => {
    const dev = start(["dev", "--port", "0", "--target", target], root, { env: proxy.env });
    const [, port = ""] = await dev.until(/http:\/\/127\.0\.0\.1:(\d+) {2}Ctrl-C/);
    for (const host of ["127.0.0.1", "localhost"])
      expect(await portico("invoke", "/", "--url", `http://${host}:${port}`)).toMatchObject({
        code: 0,
        stdout: expect.stringContaining("direct"),
      });
    expect(proxy.requests).toEqual([]);
    await dev.stop();
  },
);

it("calls to an account's clouds use the proxy, also without NODE_USE_ENV_PROXY; its refusal is an error", async () => {
  const { NODE_USE_ENV_PROXY: _, ...env } = proxy.env;
  const keys = {
    AWS_ACCESS_KEY_ID: "AKIA",
    AWS_SECRET_ACCESS_KEY: "x",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  };
  const [aws, cloudflare] = await Promise.all([
    run(["releases", "--stage", "prod", "--target", "lambda"], root, { env: { ...env, ...keys } }),
    run(["releases", "--stage", "prod", "--target", "workers"], root, { env: { ...env, CLOUDFLARE_API_TOKEN: "x" } }),
  ]);
  expect(aws).toMatchObject({ code: 1, stderr: expect.stringContaining("error CLOUD_UNREACHABLE: AWS in us-east-1") });
  expect(cloudflare).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("error CLOUD_UNREACHABLE: Cloudflare does not answer"),
  });
  expect(new Set(proxy.requests)).toEqual(
    new Set(["CONNECT sts.us-east-1.amazonaws.com:443", "CONNECT api.cloudflare.com:443"]),
  );
});

it("invoke --url of another host uses the proxy", async () => {
  expect(await portico("invoke", "/", "--url", "http://app.example")).toMatchObject({
    code: 1,
    stdout: expect.stringContaining("from the proxy"),
  });
  expect(proxy.requests).toEqual(["GET http://app.example/"]);
});

it("the user's NO_PROXY is respected", async () => {
  const env = { ...proxy.env, NO_PROXY: "app.invalid", no_proxy: "app.invalid" };
  expect(await run(["invoke", "/", "--url", "http://app.invalid"], root, { env })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("error NO_ANSWER"),
  });
  expect(proxy.requests).toEqual([]);
});
