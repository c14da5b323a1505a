/** `testApp`: an app's routes, middleware, files, env, store, jobs and clock, in the process of a test. */
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { store } from "../../framework/features/store/node.ts";
import { testApp, type TestApp, type TestAppOptions } from "../../framework/testing/index.ts";
import { makeFolder } from "../bundler/test-app.ts";

const files = {
  "hosting.json": JSON.stringify({
    name: "shop",
    env: { GREETING: "hello" },
    secrets: ["KEY"],
    jobs: { mail: { retries: 1 } },
    stages: { test: { env: { GREETING: "hi" } } },
  }),
  "functions/_public/a.txt": "a file",
  "functions/members/_middleware.ts":
    `import { getCookie } from "hono/cookie";\n` +
    `export default async (c, next) => (getCookie(c, "user") ? next() : c.text("who?", 401));\n`,
  "functions/members/index.ts":
    `import { store } from "portico/store"; import { send } from "portico/jobs";\n` +
    `export const GET = async (_, context) => {\n` +
    `  await send(context, "mail", { to: "ann" });\n` +
    `  const visits = await store(context, "visits").add("all");\n` +
    `  return Response.json({ visits, greeting: context.env.GREETING, key: typeof context.env.KEY });\n};\n`,
  "functions/login.ts":
    `import page from "./_lib/page.html";\n` +
    `export const POST = () => new Response(page, { headers: [\n` +
    `  ["set-cookie", "user=ann; Path=/; Max-Age=60"], ["set-cookie", "narrow=1; Path=/login"]] });\n` +
    `export const GET = (request) => new Response(request.headers.get("cookie"));\n`,
  "functions/_lib/page.html": "<p>in</p>",
  "functions/_jobs/mail.ts":
    `import { store } from "portico/store";\n` +
    `export default async (data, context) => {\n` +
    `  if (data.fails) throw new Error("no post");\n` +
    `  await store(context, "sent").set(data.to, { attempt: context.attempt });\n};\n`,
  "functions/now.ts":
    `let count = 0;\n` +
    `export const GET = () => Response.json([new Date().toISOString(), Date.now(), ++count, new Date(5).getTime(),\n` +
    `  new Date() instanceof Date]);\n`,
  "functions/later.ts":
    `import { store } from "portico/store";\n` +
    `const work = async (context) => {\n` +
    `  await new Promise((done) => setTimeout(done, 5)); await store(context, "later").set("a", 1);\n};\n` +
    `export const GET = (_, context) => { context.waitUntil(work(context)); return new Response("soon"); };\n`,
  "functions/throws.ts": `export const GET = () => { throw new Error("secret"); };`,
};

const open = (options: TestAppOptions = {}): Promise<TestApp> => testApp({ root: makeFolder(files), ...options });

test("a route behind middleware, with cookies, env, a secret, the store and a job", async () => {
  await using app = await open();
  const visitor = app.client();
  expect((await visitor.fetch("/members")).status).toBe(401);
  expect(await (await visitor.fetch("/login", { method: "POST" })).text()).toBe("<p>in</p>");
  expect(await (await visitor.fetch("/members")).json()).toEqual({ visits: 1, greeting: "hi", key: "string" });
  expect(await app.jobs.run()).toMatchObject([{ job: "mail", attempt: 1, outcome: "done" }]);
  expect((await store(app.context, "sent").get("ann"))?.value).toEqual({ attempt: 1 });
  expect(await app.jobs.run()).toEqual([]);
  expect((await app.client().fetch("/members")).status).toBe(401);
});

test("static files, 404, 405, HEAD, a malformed path, an error, as production answers them", async () => {
  await using app = await open();
  const status = async (path: string, init?: RequestInit): Promise<number> => (await app.fetch(path, init)).status;
  expect(await (await app.fetch("/a.txt")).text()).toBe("a file");
  expect(await status("/nothing")).toBe(404);
  expect(await status("/login", { method: "DELETE" })).toBe(405);
  expect(await status("/%zz")).toBe(400);
  const head = await app.fetch("/now", { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  const failed = await app.fetch("/throws");
  expect(failed.status).toBe(500);
  expect(await failed.json()).toEqual({ error: "Internal Server Error", requestId: expect.any(String) as string });
});

test("two apps at once share nothing: module variables, data, clocks, env", async () => {
  const root = makeFolder(files);
  const before = { ...process.env };
  const [one, other] = await Promise.all([testApp({ root }), testApp({ root, env: { GREETING: "salut", KEY: "k" } })]);
  one.clock.set("2030-01-01T00:00:00Z");
  const read = async (app: TestApp): Promise<unknown[]> => (await (await app.fetch("/now")).json()) as unknown[];
  expect(await read(one)).toEqual(["2030-01-01T00:00:00.000Z", 1_893_456_000_000, 1, 5, true]);
  expect(await read(one)).toMatchObject({ 2: 2 });
  expect((await read(other))[2]).toBe(1);
  expect((await read(other))[1]).toBeLessThan(1_893_456_000_000);
  const cookie = { headers: { cookie: "user=ann" } };
  await one.fetch("/members", cookie);
  const answer = await (await other.fetch("/members", cookie)).json();
  expect(answer).toEqual({ visits: 1, greeting: "salut", key: "string" });
  expect(await other.jobs.run()).toHaveLength(1);
  expect(await one.jobs.run()).toHaveLength(1);
  expect({ ...process.env }).toEqual(before);
  expect(new Date().getFullYear()).toBeLessThan(2030);
  await Promise.all([one.close(), other.close()]);
  for (const { context } of [one, other])
    expect(existsSync((context.platform as { readonly data: string }).data)).toBe(false);
});

test("the clock ends cookies, and brings the time of a job that failed", async () => {
  await using app = await open();
  app.clock.set("2030-01-01");
  const visitor = app.client();
  await visitor.fetch("/login", { method: "POST" });
  expect(visitor.cookies).toEqual({ user: "ann", narrow: "1" });
  expect(await (await visitor.fetch("/login")).text()).toBe("user=ann; narrow=1");
  app.clock.advance(60_000);
  expect(visitor.cookies).toEqual({ narrow: "1" });
  expect(await app.jobs.run("mail", { fails: true })).toMatchObject([{ attempt: 1, outcome: "retry" }]);
  expect(await app.jobs.run()).toEqual([]);
  app.clock.advance(5000);
  expect(await app.jobs.run()).toMatchObject([{ attempt: 2, outcome: "dead" }]);
  expect(() => app.clock.set("no time")).toThrow("no time is no time");
});

test("background work ends before jobs run", async () => {
  await using app = await open();
  await app.fetch("/later");
  await app.jobs.run();
  expect((await store(app.context, "later").get("a"))?.value).toBe(1);
});

test("background work that fails fails the test, at the run of jobs or at the end", async () => {
  const root = makeFolder({
    "functions/index.ts": `export const GET = (request, { waitUntil }) => {
  for (const name of new URL(request.url).searchParams.getAll("fails"))
    waitUntil(new Promise((_, reject) => setTimeout(() => reject(new Error(name)))));
  return new Response("answered");
};
`,
  });
  const app = await testApp({ root });
  const ask = async (path: string) => (await app.fetch(path)).text();
  expect(await ask("/?fails=one")).toBe("answered");
  await expect(app.jobs.run()).rejects.toThrow("one");
  expect(await app.jobs.run()).toEqual([]);
  await ask("/?fails=one&fails=two");
  await expect(app.close()).rejects.toMatchObject({ errors: [new Error("one"), new Error("two")] });
});

test("mistakes are told: an env that is not declared, a folder without an app, a job that is none", async () => {
  await expect(open({ env: { GRETING: "x" } })).rejects.toMatchObject({ code: "TEST_ENV" });
  await expect(testApp({ root: makeFolder({}) })).rejects.toMatchObject({ code: "NO_ROUTES" });
  await using app = await open();
  await expect(app.jobs.run("male")).rejects.toMatchObject({ code: "JOB_UNKNOWN" });
});

test("an edit between two apps is seen by the second alone", async () => {
  const root = makeFolder({ "functions/index.ts": `export const GET = () => new Response("one");` });
  await using first = await testApp({ root });
  expect(await (await first.fetch("/")).text()).toBe("one");
  writeFileSync(join(root, "functions/index.ts"), `export const GET = () => new Response("two!");`);
  await using second = await testApp({ root });
  expect(await (await second.fetch("/")).text()).toBe("two!");
  expect(await (await first.fetch("/")).text()).toBe("one");
});

test("the stack of an error names the line of the app's own file, under Node's source maps", () => {
  const root = makeFolder({ "hosting.json": `{"name":"shop"}`, "functions/throws.ts": files["functions/throws.ts"] });
  const script =
    `import { testApp } from "${new URL("../../framework/testing/index.ts", import.meta.url).href}";\n` +
    `await using app = await testApp({ root: process.argv[1] });\nawait app.fetch("/throws");\n`;
  const args = ["--enable-source-maps", "--input-type=module", "-e", script, root];
  const { stderr, status } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(stderr).toContain(`${join(root, "functions/throws.ts")}:1:`);
  expect(status).toBe(0);
});
