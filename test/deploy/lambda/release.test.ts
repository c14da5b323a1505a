/** Releases behind an HTTP API, through the real SDK to the local cloud, which runs the functions. */
import { CreateFunctionCommand, ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { CreateRoleCommand } from "@aws-sdk/client-iam";
import { CreateStageCommand, GetApisCommand, GetStagesCommand } from "@aws-sdk/client-apigatewayv2";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isWrite, openDeployFixture, page, type DeployFixture, type RecordedCall } from "./deploy-fixture.ts";

let fixture: DeployFixture;
beforeEach(async () => {
  fixture = await openDeployFixture();
});
afterEach(() => fixture.close());

const answer = async (url: string, path: string): Promise<string> => (await fetch(new URL(path, url))).text();
const named = (calls: readonly RecordedCall[], method: string, path: RegExp): number =>
  calls.filter((call) => call.method === method && path.test(call.path)).length;
const uploads = (calls: readonly RecordedCall[]): number =>
  named(calls, "POST", /^\/2015-03-31\/functions$/) + named(calls, "PUT", /\/code$/);
const liveOf = async (): Promise<string | undefined> => {
  const { Items: [api] = [] } = await fixture.clients.api.send(new GetApisCommand({}));
  const { Items: stages = [] } = await fixture.clients.api.send(new GetStagesCommand({ ApiId: api?.ApiId }));
  return stages.find(({ StageName }) => StageName === "$default")?.DeploymentId;
};

test("a first release answers from the uploaded zips, and an unchanged one writes nothing", async () => {
  await fixture.write("functions/_public/style.css", "body{}");
  const first = await fixture.deploy();
  expect(first.text).toContain("road at stage local: release 1");
  expect(first.text).toContain("+ route       ANY /users/{id}");
  expect(first.live.number).toBe(1);
  expect(await answer(first.live.url, "/")).toBe("home");
  expect(await answer(first.live.url, "/users/7")).toBe("user");
  expect(await answer(first.live.url, "/style.css")).toBe("body{}");
  expect((await fetch(new URL("/none", first.live.url))).status).toBe(404);
  expect(uploads(fixture.takeCalls())).toBe(3);

  const second = await fixture.deploy();
  const calls = fixture.takeCalls();
  expect(second.changed).toBe(false);
  expect(second.live).toEqual(first.live);
  expect(calls.filter(isWrite)).toEqual([]);
  expect(calls.length).toBeGreaterThan(5);
});

test("a change of one route uploads one function and switches all by one call", async () => {
  const first = await fixture.deploy();
  fixture.takeCalls();
  await fixture.write("functions/users/[id].ts", page("someone"));
  const second = await fixture.deploy();
  const calls = fixture.takeCalls();
  expect(second.live).toMatchObject({ number: 2, url: first.live.url });
  expect(second.text).toMatch(/~ function {4}users-id +\d+\.\d KB {2}code/);
  expect(second.text).toMatch(/= function {4}index and assets/);
  expect(uploads(calls)).toBe(1);
  expect(named(calls, "PATCH", /\/stages\/\$default$/)).toBe(1);
  // The lock; code, version, permission, working copy, snapshot; candidate stage, record; the lock again; the switch;
  // then all that away.
  expect(calls.filter(isWrite)).toHaveLength(13);
  expect(await answer(second.live.url, "/users/7")).toBe("someone");
  expect(await answer(second.live.url, "/")).toBe("home");
});

test("back to what was there before: nothing is uploaded, no version is made", { tags: ["check"] }, async () => {
  await fixture.deploy();
  await fixture.write("functions/index.ts", page("other"));
  await fixture.deploy();
  await fixture.write("functions/index.ts", page("home"));
  fixture.takeCalls();
  const third = await fixture.deploy();
  const calls = fixture.takeCalls();
  expect(third.text).toContain("to version 1, which is there already");
  expect(third.live.number).toBe(3);
  expect(uploads(calls)).toBe(0);
  expect(named(calls, "POST", /\/versions$/)).toBe(0);
  expect(await answer(third.live.url, "/")).toBe("home");
});

test("a removed route is gone, an added one is there, a removed function is kept for the releases before", async () => {
  await fixture.deploy();
  await fixture.write("functions/users/[id].ts", undefined);
  await fixture.write("functions/new.ts", page("new"));
  const second = await fixture.deploy();
  expect(second.text).toContain("- route       ANY /users/{id}");
  expect(second.text).toContain("- function    users-id");
  expect(await answer(second.live.url, "/new")).toBe("new");
  expect((await fetch(new URL("/users/7", second.live.url))).status).toBe(404);
  expect((await fixture.deploy()).changed).toBe(false);
});

describe("settings", () => {
  test("env reaches the handler, names what it is made of, and a changed value is a new version", async () => {
    await fixture.write(
      "functions/index.ts",
      "export const GET = (_: Request, { env }: { env: unknown }) => Response.json(env);\n",
    );
    const app = { secrets: ["KEY"], env: { WORD: "one" } };
    const first = await fixture.deploy({ app, env: { WORD: "one", KEY: "s3cret" }, secretVersions: { KEY: 1 } });
    expect(JSON.parse(await answer(first.live.url, "/"))).toEqual({ WORD: "one", KEY: "s3cret" });
    const second = await fixture.deploy({ app, env: { WORD: "two", KEY: "s3cret" }, secretVersions: { KEY: 1 } });
    expect(second.text).toMatch(/~ function.*env WORD/);
    expect(JSON.parse(await answer(second.live.url, "/"))).toEqual({ WORD: "two", KEY: "s3cret" });
    const third = await fixture.deploy({ app, env: { WORD: "two", KEY: "n3wv4lue" }, secretVersions: { KEY: 2 } });
    expect(third.text).toMatch(/~ function.*secrets/);
    expect(JSON.parse(await answer(third.live.url, "/"))).toEqual({ WORD: "two", KEY: "n3wv4lue" });
    for (const { plan, text } of [first, second, third])
      expect(JSON.stringify(plan) + text).not.toMatch(/s3cret|n3wv4lue/);
  });

  test("a key holds a secret's version and nothing of its value", async () => {
    const app = { secrets: ["KEY"] };
    const keys = async (value: string, version: number): Promise<readonly string[]> => {
      const { functions, hash } = await fixture.draft({ app, env: { KEY: value }, secretVersions: { KEY: version } });
      return [hash, ...functions.map(({ key }) => key)];
    };
    expect(await keys("a", 1)).toEqual(await keys("b", 1));
    expect(await keys("a", 1)).not.toEqual(await keys("a", 2));
  });

  test("a new version number of an equal secret ends, too, with nothing to do", async () => {
    const app = { secrets: ["KEY"] };
    await fixture.deploy({ app, env: { KEY: "same" }, secretVersions: { KEY: 1 } });
    await fixture.deploy({ app, env: { KEY: "same" }, secretVersions: { KEY: 2 } });
    expect((await fixture.deploy({ app, env: { KEY: "same" }, secretVersions: { KEY: 2 } })).changed).toBe(false);
  });

  test("memory and timeout are in the plan; a policy is a marked permission", async () => {
    await fixture.deploy();
    const policies = [{ Effect: "Allow", Action: "dynamodb:GetItem", Resource: "arn:aws:dynamodb:*:*:table/notes" }];
    const app = {
      routes: [{ pattern: "/users/*", settings: { memory: 1024 } }],
      lambda: { architecture: "arm64", logRetention: 30, policies },
    } as const;
    const { text } = await fixture.deploy({ app });
    expect(text).toMatch(/~ function {4}users-id.*memory \d+ MB → 1024 MB/);
    expect(text).toMatch(
      /! permission {2}role road--local--\w{9} +may dynamodb:GetItem on arn:aws:dynamodb:\*:\*:table\/notes/,
    );
    expect((await fixture.deploy({ app })).changed).toBe(false);
  });

  test.each([
    ["ENV_NAME", { AWS_REGION: "x" }],
    ["ENV_NAME", { A: "x" }],
    ["ENV_SIZE", { BIG: "x".repeat(4100) }],
  ])("%s before any change", async (code, env) => {
    await expect(fixture.deploy({ env })).rejects.toMatchObject({ code });
    expect(fixture.takeCalls().filter(isWrite)).toEqual([]);
  });
});

describe("a smoke test that fails", () => {
  const failing = {
    smoke: [
      { path: "/", status: 200 },
      { path: "/users/1", status: 418 },
    ],
  };

  test("leaves nothing live at first, and no candidate address", async () => {
    await expect(fixture.deploy({ app: failing })).rejects.toMatchObject({ code: "SMOKE_FAILED" });
    expect(await liveOf()).toBeUndefined();
    const { Items: [api] = [] } = await fixture.clients.api.send(new GetApisCommand({}));
    expect((await fixture.clients.api.send(new GetStagesCommand({ ApiId: api?.ApiId }))).Items).toEqual([]);
  });

  test(
    "leaves the live release alone, and the same release goes live once it passes",
    { tags: ["check"] },
    async () => {
      const first = await fixture.deploy();
      const before = await liveOf();
      await fixture.write("functions/index.ts", 'export const GET = () => { throw new Error("broken"); };\n');
      await expect(fixture.deploy()).rejects.toMatchObject({
        code: "SMOKE_FAILED",
        message: expect.stringContaining("release 1 stays live"),
      });
      expect(await liveOf()).toBe(before);
      expect(await answer(first.live.url, "/")).toBe("home");
      fixture.takeCalls();
      const second = await fixture.deploy({ app: { smoke: [{ path: "/", status: 500 }] } });
      const calls = fixture.takeCalls();
      expect(second.text).toMatch(/~ release {5}2 .*made before, not live now/);
      expect(second.live.number).toBe(2);
      expect(uploads(calls) + named(calls, "POST", /\/deployments$/)).toBe(0);
    },
  );
});

test("functions and deployments that take their time are waited for", { tags: ["check"] }, async () => {
  const slow = await openDeployFixture(100);
  try {
    await slow.deploy();
    await slow.write("functions/index.ts", page("late"));
    const { live } = await slow.deploy({ env: { WORD: "x" }, app: { env: { WORD: "x" } } });
    expect(await answer(live.url, "/")).toBe("late");
  } finally {
    await slow.close();
  }
});

test("only the newest releases are kept", { tags: ["check"] }, async () => {
  for (const word of ["a", "b", "c", "d", "e"]) {
    await fixture.write("functions/index.ts", page(word));
    await fixture.deploy();
  }
  const { Items: [api] = [] } = await fixture.clients.api.send(new GetApisCommand({}));
  fixture.takeCalls();
  await fixture.write("functions/index.ts", page("f"));
  expect((await fixture.deploy()).live.number).toBe(6);
  expect(named(fixture.takeCalls(), "DELETE", new RegExp(`^/v2/apis/${api?.ApiId}/deployments/`))).toBe(1);
});

describe("what is not ours", () => {
  const trust = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
  });

  test("a role with our name is refused before any change", async () => {
    const [role] = (await fixture.draft()).roles;
    await fixture.clients.iam.send(new CreateRoleCommand({ RoleName: role!.name, AssumeRolePolicyDocument: trust }));
    fixture.takeCalls();
    await expect(fixture.deploy()).rejects.toMatchObject({ code: "NAME_TAKEN" });
    expect(fixture.takeCalls().filter(isWrite)).toEqual([]);
  });

  test(
    "a function with our name is refused, one that only looks alike is left alone",
    { tags: ["check"] },
    async () => {
      const { Role: role } = await fixture.clients.iam.send(
        new CreateRoleCommand({ RoleName: "other", AssumeRolePolicyDocument: trust }),
      );
      const { functions } = await fixture.draft();
      const { readFile } = await import("node:fs/promises");
      const ZipFile = await readFile(functions[0]?.zip ?? "");
      const make = (FunctionName: string): Promise<unknown> =>
        fixture.clients.lambda.send(
          new CreateFunctionCommand({
            FunctionName,
            Role: role?.Arn,
            Runtime: "nodejs24.x",
            Handler: "index.handler",
            Code: { ZipFile },
          }),
        );
      await make("road--local--alike-000000");
      expect((await fixture.deploy()).text).toContain("= function    road--local--alike-000000");
      expect((await fixture.deploy()).changed).toBe(false);
      await make((await fixture.draft({ app: { name: "roads" } })).functions[0]?.name ?? "");
      await expect(fixture.deploy({ app: { name: "roads" } })).rejects.toMatchObject({ code: "NAME_TAKEN" });
    },
  );

  test("another app and another stage share nothing", { tags: ["check"] }, async () => {
    const one = await fixture.deploy();
    const other = await fixture.deploy({ app: { stage: "local-2" } });
    expect(other.plan.release).toBe(1);
    expect(other.live.url).not.toBe(one.live.url);
    const { Functions = [] } = await fixture.clients.lambda.send(new ListFunctionsCommand({}));
    expect(Functions).toHaveLength(6);
    expect((await fixture.deploy()).changed).toBe(false);
  });
});

test("the candidate address that a dead run left is a line of the plan, and goes", { tags: ["check"] }, async () => {
  const first = await fixture.deploy();
  const { Items: [api] = [] } = await fixture.clients.api.send(new GetApisCommand({}));
  await fixture.clients.api.send(
    new CreateStageCommand({ ApiId: api?.ApiId, StageName: "candidate-0123", DeploymentId: await liveOf() }),
  );
  fixture.takeCalls();
  const second = await fixture.deploy();
  expect(second.text).toMatch(/~ stage {7}candidate-0123 +finish: a candidate's address/);
  expect(second.live).toEqual(first.live);
  expect(fixture.takeCalls().filter(isWrite)).toHaveLength(3);
  expect((await fixture.deploy()).changed).toBe(false);
});

describe("static files with a hash in their names", () => {
  const file = (hash: string): string => `functions/_public/app.${hash}.js`;
  const status = async (url: string, hash: string): Promise<number> =>
    (await fetch(new URL(`/app.${hash}.js`, url))).status;

  test(
    "stay reachable from the releases after theirs, as long as theirs is kept, and no longer",
    { tags: ["check"] },
    async () => {
      await fixture.write(file("aaaa1111"), "one");
      await fixture.write("functions/_public/plain.txt", "plain");
      await fixture.deploy();
      await fixture.write(file("aaaa1111"), undefined);
      await fixture.write("functions/_public/plain.txt", undefined);
      await fixture.write(file("bbbb2222"), "two");
      const second = await fixture.deploy();
      const { url } = second.live;
      expect(await answer(url, "/app.aaaa1111.js")).toBe("one");
      expect(await answer(url, "/app.bbbb2222.js")).toBe("two");
      expect(await status(url, "cccc3333")).toBe(404);
      expect((await fetch(new URL("/plain.txt", url))).status).toBe(404);
      expect((await fixture.deploy()).changed).toBe(false);
      for (const word of ["c", "d"]) {
        await fixture.write("functions/index.ts", page(word));
        await fixture.deploy();
        expect(await status(url, "aaaa1111")).toBe(200);
      }
      // The fourth release has pushed the first out of the three that are kept: the next change of the files leaves its
      // file behind.
      await fixture.write(file("bbbb2222"), undefined);
      await fixture.write(file("dddd4444"), "four");
      await fixture.deploy();
      expect([await status(url, "aaaa1111"), await status(url, "bbbb2222"), await status(url, "dddd4444")]).toEqual([
        404, 200, 200,
      ]);
    },
  );
});
