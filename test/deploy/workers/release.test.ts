/** Releases to the local Cloudflare, which runs the versions in workerd. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { join } from "node:path";
import type { Platform } from "../../../deploy/platform.ts";
import { planForCloud } from "../../../deploy/planning.ts";
import { release } from "../../../deploy/release.ts";
import { CloudflareError, toUserError } from "../../../deploy/workers/cloudflare-error.ts";
import { createWorkersPlatform } from "../../../deploy/workers/platform.ts";
import { readBuild } from "../../../deploy/workers/build.ts";
import { isWrite, openDeployFixture, page, type DeployFixture } from "./deploy-fixture.ts";
import type { RecordedCall } from "../recording-proxy.ts";

let fixture: DeployFixture;
beforeEach(async () => {
  fixture = await openDeployFixture();
});
afterEach(() => fixture.close());

const answer = async (url: string, path: string): Promise<string> => (await fetch(new URL(path, url))).text();
const named = (calls: readonly RecordedCall[], method: string, path: RegExp): number =>
  calls.filter((call) => call.method === method && path.test(call.path)).length;
const uploads = (calls: readonly RecordedCall[]): number => named(calls, "POST", /\/scripts\/road--local\/versions\?/);
const switches = (calls: readonly RecordedCall[]): number => named(calls, "POST", /\/deployments\?/);

test("a first release answers from the uploaded modules, and an unchanged one writes nothing", async () => {
  await fixture.write("functions/_public/style.css", "body{}");
  const first = await fixture.deploy();
  expect(first.text).toContain("road at stage local: release 1");
  expect(first.text).toContain("+ route       /users/:id");
  expect(first.live.number).toBe(1);
  expect(await answer(first.live.url, "/")).toBe("home");
  expect(await answer(first.live.url, "/users/7")).toBe("user");
  expect(await answer(first.live.url, "/style.css")).toBe("body{}");
  expect((await fetch(new URL("/none", first.live.url))).status).toBe(404);
  const made = fixture.takeCalls();
  expect([uploads(made), named(made, "PUT", /\/scripts\/road--local\?/)]).toEqual([1, 1]);

  const second = await fixture.deploy();
  const calls = fixture.takeCalls();
  expect(second.text).toContain("= release     1");
  expect(second.changed).toBe(false);
  expect(second.live).toEqual(first.live);
  expect(calls.filter(isWrite)).toEqual([]);
});

test("a change of one route is one version and one switch", async () => {
  const first = await fixture.deploy();
  fixture.takeCalls();
  await fixture.write("functions/users/[id].ts", page("someone"));
  const second = await fixture.deploy();
  const calls = fixture.takeCalls();
  expect(second.live).toMatchObject({ number: 2, url: first.live.url });
  expect(second.text).toMatch(/~ function {4}users-id +\d\.\d KB {2}code/);
  expect(second.text).toMatch(/= function {4}index/);
  expect(uploads(calls)).toBe(1);
  // The candidate beside the live version, then the switch.
  expect(switches(calls)).toBe(2);
  expect(calls.filter(isWrite)).toHaveLength(3);
  expect(await answer(second.live.url, "/users/7")).toBe("someone");
  expect(await answer(second.live.url, "/")).toBe("home");
});

test("a removed route is gone, an added one is there", async () => {
  await fixture.deploy();
  await fixture.write("functions/users/[id].ts", undefined);
  await fixture.write("functions/new.ts", page("new"));
  const second = await fixture.deploy();
  expect(second.text).toContain("- route       /users/:id");
  expect(second.text).toContain("- function    users-id");
  expect(await answer(second.live.url, "/new")).toBe("new");
  expect((await fetch(new URL("/users/7", second.live.url))).status).toBe(404);
  expect((await fixture.deploy()).changed).toBe(false);
});

test("env reaches the handler; a changed value is a change of the Worker", async () => {
  await fixture.write(
    "functions/index.ts",
    "export const GET = (_: Request, { env }: { env: unknown }) => Response.json(env);\n",
  );
  const app = { secrets: ["KEY"] };
  const secrets = (KEY: string, version: number) => ({ values: { KEY }, versions: { KEY: version } });
  const first = await fixture.deploy({ app, env: { WORD: "one" }, secrets: secrets("s3cret", 1) });
  expect(JSON.parse(await answer(first.live.url, "/"))).toEqual({ WORD: "one", KEY: "s3cret" });
  const second = await fixture.deploy({ app, env: { WORD: "two" }, secrets: secrets("s3cret", 1) });
  expect(second.text).toMatch(/~ worker.*env WORD/);
  expect(JSON.parse(await answer(second.live.url, "/"))).toEqual({ WORD: "two", KEY: "s3cret" });
  const third = await fixture.deploy({ app, env: { WORD: "two" }, secrets: secrets("n3wv4lue", 2) });
  expect(third.text).toMatch(/~ secret {6}KEY +version 1 → 2/);
  expect(JSON.parse(await answer(third.live.url, "/"))).toEqual({ WORD: "two", KEY: "n3wv4lue" });
  for (const { plan, text } of [first, second, third])
    expect(JSON.stringify(plan) + text).not.toMatch(/s3cret|n3wv4lue/);
  expect((await fixture.deploy({ app, env: { WORD: "two" }, secrets: secrets("n3wv4lue", 2) })).changed).toBe(false);
});

test("compatibility flags are sent with two of our own; another list is a change of the Worker", async () => {
  await fixture.write(
    "functions/index.ts",
    "export const GET = (request: Request) => new Response(typeof process + request.signal.aborted);\n",
  );
  const flagsSent = (): unknown[] =>
    fixture.takeCalls().flatMap(({ path, body }) => {
      const [, flags] = (/versions\?/.test(path) && /"compatibility_flags":(\[[^\]]*\])/.exec(String(body))) || [];
      return flags === undefined ? [] : [JSON.parse(flags) as unknown];
    });
  const first = await fixture.deploy();
  expect(flagsSent()).toEqual([["nodejs_compat", "enable_request_signal"]]);
  expect(await answer(first.live.url, "/")).toBe("objectfalse");
  const app = { workers: { compatibilityDate: "2026-07-01", bindings: {}, domains: [], routes: [] } };
  const flags = ["request_signal_passthrough", "enable_request_signal", "no_global_navigator"];
  const second = await fixture.deploy({ app: { workers: { ...app.workers, compatibilityFlags: flags } } });
  expect(second.text).toMatch(
    /~ worker.*compatibility flags nodejs_compat, enable_request_signal → .*no_global_navigator/,
  );
  expect(flagsSent()).toEqual([
    ["nodejs_compat", "enable_request_signal", "no_global_navigator", "request_signal_passthrough"],
  ]);
  expect(
    (await fixture.deploy({ app: { workers: { ...app.workers, compatibilityFlags: flags.toReversed() } } })).changed,
  ).toBe(false);
});

describe("refused before any change", () => {
  const many = Object.fromEntries(Array.from({ length: 127 }, (_, at) => [`NAME_${at}`, "x"]));

  test.each([
    ["ENV_SIZE", { env: { BIG: "x".repeat(5121) } }],
    ["ENV_COUNT", { env: many }],
    ["SECRET_MISSING", { app: { secrets: ["KEY"] } }],
    ["NAME_TOO_LONG", { app: { name: "a".repeat(60), stage: "local" } }],
    [
      "NO_URL",
      {
        app: { workers: { compatibilityDate: "2026-07-01", bindings: {}, domains: [], routes: [], workersDev: false } },
      },
    ],
    [
      "BINDING_KIND",
      {
        app: {
          workers: {
            compatibilityDate: "2026-07-01",
            bindings: { S: { type: "json", json: {} } },
            domains: [],
            routes: [],
          },
        },
      },
    ],
  ])("%s", async (code, options) => {
    await expect(fixture.deploy(options)).rejects.toMatchObject({ code });
    expect(fixture.takeCalls().filter(isWrite)).toEqual([]);
  });
});

describe("more static files than Cloudflare takes", () => {
  const withFiles = async (many: number) => {
    await fixture.write("functions/_public/a.txt", "a");
    await fixture.deploy({ app: { stage: "built" } });
    const build = await readBuild(join(fixture.root, ".portico/build/workers"), fixture.root);
    const [file] = build.files;
    const files = Array.from({ length: many }, (_, at) => ({ ...file!, path: `/${at}`, encodedPath: `/${at}` }));
    fixture.takeCalls();
    const source = { build: { ...build, files }, values: async () => ({ env: {} }) };
    return createWorkersPlatform({ client: fixture.client, owner: { app: "road", stage: "full" }, keep: 3, source });
  };
  const releaseTo = (platform: Platform) =>
    release({
      clouds: [platform],
      smoke: [],
      keep: 3,
      now: Date.now,
      onPlans: async () => undefined,
      onProgress: () => undefined,
      checkpoint: () => undefined,
    });

  test("on any plan are refused before any change", { tags: ["check"] }, async () => {
    await expect(releaseTo(await withFiles(100_001))).rejects.toMatchObject({
      code: "ASSET_COUNT",
      fix: expect.stringContaining("R2"),
    });
    expect(fixture.takeCalls().filter(isWrite)).toEqual([]);
  });

  test(
    "on the Free plan are told of in the plan, and refused by Cloudflare while nothing is made",
    { tags: ["check"] },
    async () => {
      await fixture.close();
      fixture = await openDeployFixture({ plan: "free" });
      const platform = await withFiles(20_001);
      const { plan } = await planForCloud(platform);
      expect(plan.changes.find(({ kind }) => kind === "assets")?.note).toContain(
        "20001 files need Cloudflare's paid plan",
      );
      await expect(releaseTo(platform)).rejects.toMatchObject({ code: 10304 });
      expect(toUserError(new CloudflareError(400, 10304, ""), "Cloudflare")).toMatchObject({
        fix: expect.stringContaining("paid"),
      });
      expect(
        fixture
          .takeCalls()
          .filter(isWrite)
          .map(({ path }) => path.replace(/^.*scripts\//, "")),
      ).toEqual(["road--full/assets-upload-session"]);
      expect(
        await createWorkersPlatform({
          client: fixture.client,
          owner: { app: "road", stage: "full" },
          keep: 3,
        }).observe(),
      ).toMatchObject({
        parts: [],
        releases: [],
      });
    },
  );
});

describe("a smoke test that fails", () => {
  const failing = { smoke: [{ path: "/users/1", status: 418 }] };

  test("leaves the placeholder at first, and no candidate", { tags: ["check"] }, async () => {
    await expect(fixture.deploy({ app: failing })).rejects.toMatchObject({ code: "SMOKE_FAILED" });
    const deployed = await (await fixture.platform()).observe();
    expect([deployed.live, deployed.leftovers]).toEqual([undefined, []]);
    expect(deployed.releases).toMatchObject([{ number: 1, record: { state: "candidate" } }]);
    const { url } = await fixture.client
      .call<{ subdomain: { url: string } }>({ ...getWorker })
      .then(({ subdomain }) => subdomain);
    const response = await fetch(url);
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "60"]);
  });

  test("leaves the live release alone, and the same release goes live once it passes", async () => {
    const first = await fixture.deploy();
    await fixture.write("functions/index.ts", 'export const GET = () => { throw new Error("broken"); };\n');
    await expect(fixture.deploy()).rejects.toMatchObject({
      code: "SMOKE_FAILED",
      message: expect.stringContaining("release 1 stays live"),
    });
    expect(await answer(first.live.url, "/")).toBe("home");
    expect((await (await fixture.platform()).observe()).leftovers).toEqual([]);
    fixture.takeCalls();
    const second = await fixture.deploy({ app: { smoke: [{ path: "/", status: 500 }] } });
    expect(second.text).toMatch(/~ release {5}2 .*made before, not live now/);
    expect(second.live.number).toBe(2);
    expect(uploads(fixture.takeCalls())).toBe(0);
  });
});

const getWorker = { operation: "getWorker", method: "GET", path: "/workers/workers/road--local" } as const;

test("a Worker of that name that is not ours is refused before any change", async () => {
  await fixture.deploy();
  const path = "/workers/scripts/road--local/script-settings";
  await fixture.client.call({
    operation: "patchScriptSettings",
    method: "PATCH",
    path,
    json: { tags: ["portico:app=else"] },
  });
  fixture.takeCalls();
  await expect(fixture.deploy()).rejects.toMatchObject({ code: "NAME_TAKEN" });
  expect(await (await fixture.platform({}, false)).operations.remove(true)).toEqual([]);
  expect(fixture.takeCalls().filter(isWrite)).toEqual([]);
});

test("another app and another stage share nothing; what is removed is gone", { tags: ["check"] }, async () => {
  const one = await fixture.deploy();
  const other = await fixture.deploy({ app: { stage: "local-2" } });
  expect(other.plan.release).toBe(1);
  expect(other.live.url).not.toBe(one.live.url);
  expect((await fixture.deploy()).changed).toBe(false);
  expect(await (await fixture.platform({}, false)).operations.remove(true)).toEqual([
    { kind: "worker", name: "road--local" },
  ]);
  expect(await (await fixture.platform({}, false)).observe()).toMatchObject({ parts: [], releases: [], lastNumber: 0 });
  expect(await answer(other.live.url, "/")).toBe("home");
});

test(
  "a release's hashed files stay with the next ones, by their hashes alone, and go with it",
  { tags: ["check"] },
  async () => {
    await fixture.write("functions/_public/app.3f2a9c1b.js", "one");
    const first = await fixture.deploy();
    await fixture.write("functions/_public/app.3f2a9c1b.js", undefined);
    await fixture.write("functions/_public/app.7d1e0f44.js", "two");
    fixture.takeCalls();
    const second = await fixture.deploy();
    expect(await answer(second.live.url, "/app.3f2a9c1b.js")).toBe("one");
    expect(await answer(second.live.url, "/app.7d1e0f44.js")).toBe("two");
    const cached = async (path: string) => (await fetch(new URL(path, second.live.url))).headers.get("cache-control");
    const forGood = "public, max-age=31536000, immutable";
    expect([await cached("/app.3f2a9c1b.js"), await cached("/app.7d1e0f44.js")]).toEqual([forGood, forGood]);
    const sent = fixture.takeCalls().filter(({ path }) => path.includes("/assets/upload"));
    expect(sent).toHaveLength(1);
    expect((await fixture.deploy()).changed).toBe(false);
    for (const word of ["a", "b", "c"]) {
      await fixture.write("functions/_public/word.txt", word);
      await fixture.deploy();
    }
    expect(await answer(first.live.url, "/app.7d1e0f44.js")).toBe("two");
    expect((await fetch(new URL("/app.3f2a9c1b.js", first.live.url))).status).toBe(404);
  },
);
