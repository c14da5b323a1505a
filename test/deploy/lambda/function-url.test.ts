/** Releases behind a function URL, through the real SDK to the local cloud. */
// @module-tag check
import {
  GetAliasCommand,
  GetPolicyCommand,
  ListVersionsByFunctionCommand,
  RemovePermissionCommand,
  UpdateAliasCommand,
  UpdateFunctionUrlConfigCommand,
} from "@aws-sdk/client-lambda";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { functionName } from "../../../deploy/lambda/names.ts";
import { switchRelease } from "../../../deploy/switch.ts";
import { removeStage } from "../../../deploy/teardown.ts";
import type { App } from "../../../framework/model/app.ts";
import {
  type DeployOptions,
  isWrite,
  openDeployFixture,
  page,
  type DeployFixture,
  type RecordedCall,
} from "./deploy-fixture.ts";

const behindUrl: Partial<App> = {
  group: "app",
  lambda: { architecture: "arm64", logRetention: 30, policies: [], front: "function-url" },
};
const url = (more: DeployOptions = {}): DeployOptions => ({ ...more, app: { ...behindUrl, ...more.app } });

let fixture: DeployFixture;
beforeEach(async () => {
  fixture = await openDeployFixture();
});
afterEach(() => fixture.close());

const FunctionName = functionName({ app: "road", stage: "local" }, "app");
const answer = async (root: string, path: string): Promise<string> => (await fetch(new URL(path, root))).text();
const named = (calls: readonly RecordedCall[], method: string, path: RegExp): number =>
  calls.filter((call) => call.method === method && path.test(call.path)).length;
const uploads = (calls: readonly RecordedCall[]): number =>
  named(calls, "POST", /^\/2015-03-31\/functions$/) + named(calls, "PUT", /\/code$/);
const switches = (calls: readonly RecordedCall[]): number => named(calls, "PUT", /\/aliases\/live$/);
/** Writes that touch the app itself and not its lease or its records. */
const appWrites = (calls: readonly RecordedCall[]): readonly RecordedCall[] =>
  calls.filter((call) => isWrite(call) && !/^\/portico-|invocations\?Qualifier=\d+$/.test(call.path));
const versions = async (): Promise<readonly (string | undefined)[]> =>
  ((await fixture.clients.lambda.send(new ListVersionsByFunctionCommand({ FunctionName }))).Versions ?? []).map(
    ({ Version }) => Version,
  );

async function rollBack(number?: number) {
  const platform = await fixture.platform(url(), false);
  return switchRelease({
    platform,
    command: "rollback",
    smoke: [],
    ...(number !== undefined && { number }),
    onSwitch: async () => {},
  });
}

test("a first release makes a function, its alias, then its URL; an unchanged one writes nothing", async () => {
  await fixture.write("functions/_public/style.css", "body{}");
  await fixture.write(
    "functions/stream.ts",
    `export const GET = () => new Response(new ReadableStream({
      start() { globalThis.sent = 0; },
      pull(c) {
        c.enqueue(new TextEncoder().encode("x".repeat(1024 ** 2)));
        if (++globalThis.sent === 7) c.close();
      },
    }));\n`,
  );
  const first = await fixture.deploy(url());
  expect(first.text).toContain("road at stage local: release 1");
  expect(first.text).toMatch(/\+ url {9}road--local/);
  expect(first.text).toMatch(/! permission {2}url road--local +may be called by anybody/);
  expect(first.text).not.toMatch(/ route | api /);
  const calls = fixture.takeCalls();
  expect(uploads(calls)).toBe(1);
  expect(appWrites(calls).at(-1)?.path).toMatch(/\/url\?Qualifier=live$/);
  const { url: live } = first.live;
  expect(await answer(live, "/")).toBe("home");
  expect(await answer(live, "/users/7")).toBe("user");
  expect(await answer(live, "/style.css")).toBe("body{}");
  expect((await fetch(new URL("/none", live))).status).toBe(404);
  const large = await fetch(new URL("/stream", live));
  expect([large.headers.get("transfer-encoding"), (await large.arrayBuffer()).byteLength]).toEqual([
    "chunked",
    7 * 1024 ** 2,
  ]);

  const second = await fixture.deploy(url());
  const again = fixture.takeCalls();
  expect(second.changed).toBe(false);
  expect(second.live).toEqual(first.live);
  expect(again.filter(isWrite)).toEqual([]);
  expect(again.length).toBeGreaterThan(5);
});

test("a change is one upload and one call that moves the traffic", async () => {
  const first = await fixture.deploy(url());
  fixture.takeCalls();
  await fixture.write("functions/users/[id].ts", page("someone"));
  const second = await fixture.deploy(url());
  const calls = fixture.takeCalls();
  expect(second.live).toMatchObject({ number: 2, url: first.live.url });
  expect(second.text).toMatch(/~ function {4}app +\d+\.\d KB {2}code/);
  expect([uploads(calls), switches(calls)]).toEqual([1, 1]);
  // Code, version, alias.
  expect(appWrites(calls).map(({ method, path }) => `${method} ${path.split("/").slice(4).join("/")}`)).toEqual([
    "PUT code",
    "POST versions",
    "PUT aliases/live",
  ]);
  expect(await answer(second.live.url, "/users/7")).toBe("someone");
  expect(await answer(second.live.url, "/")).toBe("home");
});

test("a release of earlier code makes no version; two releases of one version stay distinct", async () => {
  await fixture.deploy(url());
  await fixture.write("functions/index.ts", page("other"));
  await fixture.deploy(url());
  await fixture.write("functions/index.ts", page("home"));
  fixture.takeCalls();
  const third = await fixture.deploy(url());
  const calls = fixture.takeCalls();
  expect(third.text).toContain("to version 1, which is there already");
  expect(third.live.number).toBe(3);
  expect([uploads(calls), named(calls, "POST", /\/versions$/), switches(calls)]).toEqual([0, 0, 1]);
  expect(await answer(third.live.url, "/")).toBe("home");
  expect(await versions()).toEqual(["$LATEST", "1", "2"]);
  expect((await rollBack(1)).live.number).toBe(1);
  expect((await rollBack(3)).live.number).toBe(3);
});

test("a rollback is one call that changes the app, without a build", async () => {
  await fixture.deploy(url());
  await fixture.write("functions/index.ts", page("two"));
  await fixture.deploy(url());
  fixture.takeCalls();
  const { live, changed } = await rollBack();
  const calls = fixture.takeCalls();
  expect([live.number, changed, await answer(live.url, "/")]).toEqual([1, true, "home"]);
  expect(appWrites(calls)).toHaveLength(1);
  expect(switches(calls)).toBe(1);
  // The same release again goes live without an upload.
  const forth = await fixture.deploy(url());
  expect([forth.live.number, await answer(forth.live.url, "/")]).toEqual([2, "two"]);
  expect(uploads(fixture.takeCalls())).toBe(0);
});

test("each answer comes wholly from one release, and none is lost, while releases and rollbacks go on", async () => {
  const word = (name: string): string =>
    `const word = "${name}";
    export const GET = () => new Response(new ReadableStream({
      async start(c) {
        const say = (t) => c.enqueue(new TextEncoder().encode(t));
        say(word);
        await new Promise((go) => setTimeout(go, 5));
        say(" " + (await import("./_lib/word.ts")).word);
        c.close();
      },
    }));\n`;
  const write = async (name: string): Promise<void> => {
    await fixture.write("functions/index.ts", word(name));
    await fixture.write("functions/_lib/word.ts", `export const word = "${name}";\n`);
  };
  await write("one");
  const { live } = await fixture.deploy(url());
  const answers: string[] = [];
  let going = true;
  const prober = async (): Promise<void> => {
    while (going) {
      const response = await fetch(live.url);
      answers.push(`${response.status} ${await response.text()}`);
    }
  };
  const probers = [prober(), prober(), prober()];
  await write("two");
  await fixture.deploy(url());
  await rollBack();
  await write("three");
  await fixture.deploy(url({ app: { smoke: [{ path: "/nothing", status: 200 }] } })).catch(() => undefined);
  await fixture.deploy(url());
  going = false;
  await Promise.all(probers);
  expect(new Set(answers)).toEqual(new Set(["200 one one", "200 two two", "200 three three"]));
  expect(await answer(live.url, "/")).toBe("three three");
});

describe("a candidate that does not pass", () => {
  const wants = (path: string, status: number): DeployOptions => url({ app: { smoke: [{ path, status }] } });

  test("leaves nothing live at first, and no address", async () => {
    await expect(fixture.deploy(wants("/none?a=b", 200))).rejects.toMatchObject({
      code: "SMOKE_FAILED",
      message: expect.stringContaining("GET /none?a=b with status 404") as string,
    });
    await expect(
      fixture.clients.lambda.send(new GetAliasCommand({ FunctionName, Name: "live" })),
    ).rejects.toMatchObject({
      name: "ResourceNotFoundException",
    });
    const next = await fixture.deploy(wants("/users/안녕", 200));
    expect(next.live.number).toBe(1);
  });

  test("leaves the live release alone, be it that it does not start", async () => {
    const { live } = await fixture.deploy(url());
    await fixture.write("functions/index.ts", `throw new Error("at the top");\n${page("never")}`);
    await expect(fixture.deploy(url())).rejects.toMatchObject({
      code: "PROBE_FAILED",
      message: expect.stringContaining("at the top") as string,
    });
    expect(await answer(live.url, "/")).toBe("home");
    await fixture.write("functions/index.ts", page("mended"));
    expect(await answer((await fixture.deploy(url())).live.url, "/")).toBe("mended");
  });

  test("is asked for a status alone where its answer never ends", async () => {
    await fixture.write(
      "functions/events.ts",
      `export const GET = () => new Response(new ReadableStream({ start(c) { c.enqueue(new Uint8Array([65])); } }));\n`,
    );
    expect((await fixture.deploy(wants("/events", 200))).live.number).toBe(1);
  });
});

test("hashed files of kept releases stay reachable, also when the app has no files any more", async () => {
  await fixture.write("functions/_public/app.3f2a9c1b.js", "one");
  await fixture.write("functions/_public/plain.txt", "plain");
  const { live } = await fixture.deploy(url());
  await fixture.write("functions/_public/app.3f2a9c1b.js", undefined);
  await fixture.write("functions/_public/app.4e5b0d2c.js", "two");
  await fixture.deploy(url());
  expect(await Promise.all(["/app.3f2a9c1b.js", "/app.4e5b0d2c.js"].map((path) => answer(live.url, path)))).toEqual([
    "one",
    "two",
  ]);
  await fixture.write("functions/_public/app.4e5b0d2c.js", undefined);
  await fixture.write("functions/_public/plain.txt", undefined);
  await fixture.deploy(url());
  expect(await Promise.all(["/app.3f2a9c1b.js", "/app.4e5b0d2c.js"].map((path) => answer(live.url, path)))).toEqual([
    "one",
    "two",
  ]);
  expect((await fetch(new URL("/plain.txt", live.url))).status).toBe(404);
  expect((await fixture.deploy(url())).changed).toBe(false);
});

test("only the newest releases are kept, and their versions", async () => {
  for (const word of ["a", "b", "c", "d"]) {
    await fixture.write("functions/index.ts", page(word));
    await fixture.deploy(url({ app: { keep: 2 } }));
  }
  expect(await versions()).toEqual(["$LATEST", "3", "4"]);
  const { releases } = await (await fixture.platform(url(), false)).observe();
  expect(releases.map(({ number }) => number)).toEqual([3, 4]);
});

describe("what somebody else did to the alias", () => {
  test("another mode and a grant that is gone are lines of the plan, and mended", async () => {
    const { live } = await fixture.deploy(url());
    const target = { FunctionName, Qualifier: "live" };
    await fixture.clients.lambda.send(new UpdateFunctionUrlConfigCommand({ ...target, InvokeMode: "BUFFERED" }));
    await fixture.clients.lambda.send(new RemovePermissionCommand({ ...target, StatementId: "portico-invoke" }));
    expect((await fetch(live.url)).status).toBe(403);
    const mended = await fixture.deploy(url());
    expect(mended.text).toMatch(/~ url {9}road--local/);
    expect(mended.text).toMatch(/! permission {2}url road--local/);
    expect(await answer(live.url, "/")).toBe("home");
    const { Policy = "" } = await fixture.clients.lambda.send(new GetPolicyCommand(target));
    expect(Policy.match(/portico-/g)).toHaveLength(2);
    expect((await fixture.deploy(url())).changed).toBe(false);
  });

  test("a move between the look and the switch is seen by the switch itself", async () => {
    await fixture.deploy(url());
    await fixture.write("functions/index.ts", page("two"));
    await fixture.deploy(url());
    const platform = await fixture.platform(url(), false);
    const seen = await platform.observe();
    const lease = await platform.records.lock({ command: "rollback", release: 1, functions: [] }, seen);
    await fixture.clients.lambda.send(
      new UpdateAliasCommand({ FunctionName, Name: "live", FunctionVersion: "1", Description: "by hand" }),
    );
    await expect(platform.promote(seen.releases[0]!)).rejects.toMatchObject({ code: "SWITCH_OVERTAKEN" });
    await lease.end(true);
  });
});

test("remove takes everything away, and again there is nothing", async () => {
  const { live } = await fixture.deploy(url());
  const remove = async () =>
    (await removeStage({ platform: await fixture.platform(url(), false), withData: true, onPlan: async () => {} }))
      .removed;
  const removed = await remove();
  expect(removed.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(["url", "function", "role", "logs", "records"]),
  );
  await expect(fetch(live.url)).rejects.toThrow();
  expect(await remove()).toEqual([]);
});

describe("the two fronts", () => {
  test("are not exchanged under an address that people know", async () => {
    await fixture.deploy(url());
    await expect(fixture.deploy()).rejects.toMatchObject({
      code: "FRONT_CHANGED",
      message: expect.stringContaining("behind a function URL") as string,
    });
    await fixture.deploy({ app: { stage: "other" } });
    await expect(fixture.deploy(url({ app: { stage: "other" } }))).rejects.toMatchObject({ code: "FRONT_CHANGED" });
  });

  test("--only is refused where there is one function", async () => {
    await fixture.deploy(url());
    await expect(fixture.deploy(url({ only: "/" }))).rejects.toMatchObject({ code: "ONLY_ONE_FUNCTION" });
  });
});
