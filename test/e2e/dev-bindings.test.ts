/**
 * `portico dev --target workers` with bindings: each kind in the app's local cloud, alone, beside a cloud and beside a
 * release.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startCloud, type StartedCloud } from "./cloud.ts";
import { run, type Running, start, stopAll } from "./portico.ts";

let root: string;

const code = `import { env as ofModule } from "cloudflare:workers";
export const POST = async (request, { env }) => {
  const text = await request.text();
  await env.DB.batch([env.DB.prepare("CREATE TABLE IF NOT EXISTS notes(text TEXT)"),
    env.DB.prepare("INSERT INTO notes VALUES (?)").bind(text)]);
  await env.KV.put("last", text, { metadata: { from: "dev" } });
  await env.FILES.put("last.txt", text, { httpMetadata: { contentType: "text/x-note" } });
  await env.JOBS.send({ text });
  return new Response("kept");
};
export const GET = async (_request, { env }) => {
  const { results } = await env.DB.prepare("SELECT text FROM notes ORDER BY rowid").all();
  const file = await env.FILES.get("last.txt");
  return Response.json({
    notes: results.map(({ text }) => text),
    kv: await env.KV.getWithMetadata("last"),
    file: [await file.text(), file.httpMetadata.contentType],
    names: Object.keys(env).toSorted(),
    sameModule: Object.keys(ofModule).length === Object.keys(env).length,
  });
};
`;

const bindings = {
  DB: { type: "d1", id: "00000000-0000-0000-0000-000000000000" },
  KV: { type: "kv_namespace", namespace_id: "f".repeat(32) },
  FILES: { type: "r2_bucket", bucket_name: "files" },
  JOBS: { type: "queue", queue_name: "jobs" },
};

async function write(file: string, text: string): Promise<void> {
  await mkdir(join(root, file, ".."), { recursive: true });
  await writeFile(join(root, file), text);
}

const settings = (bound: object) =>
  write(
    "hosting.json",
    JSON.stringify({
      name: "shop",
      target: "workers",
      env: { GREETING: "hi" },
      workers: { compatibilityDate: "2026-07-01", bindings: bound },
    }),
  );

async function dev(): Promise<{ readonly running: Running; readonly url: string }> {
  const running = start(["dev", "--port", "0"], root);
  const [, url = ""] = await running.until(/(http:\/\/127\.0\.0\.1:\d+) {2}Ctrl-C/);
  return { running, url };
}

const post = async (url: string, text: string): Promise<string> =>
  (await fetch(url, { method: "POST", body: text })).text();
const read = async (url: string): Promise<Readonly<Record<string, unknown>>> =>
  (await fetch(url)).json() as Promise<Record<string, unknown>>;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "portico-bindings-"));
  await write("functions/index.ts", code);
  await settings(bindings);
});
afterEach(async () => {
  await stopAll();
  await rm(root, { recursive: true });
});

describe("dev with bindings", () => {
  it("has a store without a setting once a function imports it, and its data after a restart", async () => {
    const count =
      `import { store } from "portico/store";\n` +
      `export const GET = async (_, context) => Response.json([await store(context, "visits").add("all"), ` +
      `Object.keys(context.env)]);\n`;
    await write("functions/index.ts", `export const GET = () => new Response("none");\n`);
    await write("hosting.json", `{ "name": "shop", "target": "workers" }`);
    const first = await dev();
    expect(await (await fetch(first.url)).text()).toBe("none");
    await write("functions/index.ts", count);
    await first.running.until(/changed|reloaded/);
    // Requests at once, of which the first opens the store for all.
    const answers = await Promise.all([1, 2, 3].map(() => read(first.url)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(new Set(["[1,[]]", "[2,[]]", "[3,[]]"]));
    expect(await first.running.stop()).toBe(0);
    const second = await dev();
    expect(await read(second.url)).toEqual([4, []]);
    await second.running.stop();
  });

  it("provides each binding, and keeps their data after a restart and an edit", async () => {
    const first = await dev();
    expect(await post(first.url, "one")).toBe("kept");
    expect(await read(first.url)).toEqual({
      notes: ["one"],
      kv: { value: "one", metadata: { from: "dev" }, cacheStatus: null },
      file: ["one", "text/x-note"],
      names: ["DB", "FILES", "GREETING", "JOBS", "KV"],
      sameModule: true,
    });
    expect(await first.running.stop()).toBe(0);
    const second = await dev();
    await write(
      "functions/more.ts",
      `export const GET = async (_request, { env }) => new Response(await env.KV.get("last"));\n`,
    );
    await second.running.until(/changed|more/);
    expect(await (await fetch(`${second.url}/more`)).text()).toBe("one");
    await second.running.stop();
  });

  it(
    "runs the local cloud: `portico cloud` is refused meanwhile, and a release at stage local has the same data",
    { tags: ["check"] },
    async () => {
      const { running, url } = await dev();
      await running.until(
        /bindings DB, KV, FILES, JOBS: in the local cloud at http:\/\/127\.0\.0\.1:\d+, which runs here/,
      );
      expect(await run(["cloud", "--port", "0"], root)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("error CLOUD_RUNNING"),
      });
      await post(url, "from dev");
      expect(await run(["deploy", "--stage", "local"], root)).toMatchObject({ code: 0, stderr: "" });
      const { stdout } = await run(["invoke", "/", "--stage", "local", "--json"], root);
      expect(JSON.parse((JSON.parse(stdout) as { body: string }).body)).toMatchObject({
        notes: ["from dev"],
        file: ["from dev", "text/x-note"],
      });
      await running.stop();
    },
  );

  it("uses a cloud that runs already, and starts one when that is killed", { tags: ["check"] }, async () => {
    const cloud = await startCloud(root);
    const { running, url } = await dev();
    expect(running.output()).toContain(`in the local cloud at ${cloud.url}\n`);
    await post(url, "one");
    await cloud.running.stop("SIGKILL");
    await running.until(/the local cloud that held the bindings ended\n[^]*which runs here/);
    expect(await post(url, "two")).toBe("kept");
    expect(await read(url)).toMatchObject({ notes: ["one", "two"], kv: { value: "two" } });
    await running.stop();
  });

  it("calls the bound Workers, and applies the bound rate limit", { tags: ["check"] }, async () => {
    const cloud = await startCloud(root);
    await upload(
      cloud,
      "auth",
      `import { WorkerEntrypoint } from "cloudflare:workers";
      export class Names extends WorkerEntrypoint { async greet(name) { return { hello: name }; } }
      export default { fetch: async (request) => new Response(
        await request.text() + " at " + request.url,
        { status: 201, headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"]] }) };`,
    );
    await settings({
      AUTH: { type: "service", service: "auth" },
      NAMES: { type: "service", service: "auth", entrypoint: "Names" },
      LIMIT: { type: "ratelimit", namespace_id: "1", simple: { limit: 2, period: 60 } },
      VERSION: { type: "version_metadata" },
    });
    await write(
      "functions/index.ts",
      `export const GET = async (_request, { env }) => {
        const answer = await env.AUTH.fetch("https://auth.example/x?y", { method: "POST", body: "hello" });
        const limits = [];
        for (let at = 0; at < 3; at++) limits.push((await env.LIMIT.limit({ key: "k" })).success);
        return Response.json({ status: answer.status, text: await answer.text(), cookies: answer.headers.getSetCookie(),
          greeted: await env.NAMES.greet("Ada"), limits, version: env.VERSION.id });
      };\n`,
    );
    const { running, url } = await dev();
    expect(await read(url)).toEqual({
      status: 201,
      text: "hello at https://auth.example/x?y",
      cookies: ["a=1", "b=2"],
      greeted: { hello: "Ada" },
      limits: [true, true, false],
      version: "dev",
    });
    await running.stop();
    await cloud.running.stop();
  });

  it.each([
    [
      "an AI model",
      { type: "ai" },
      /error BINDING_LOCAL: the binding EXTRA is of type ai[^]*fix: Declare EXTRA only for stages/,
    ],
    [
      "a Durable Object",
      { type: "durable_object_namespace", class_name: "A" },
      /error BINDING_KIND: the binding EXTRA/,
    ],
    [
      "a Worker that is not there",
      { type: "service", service: "nobody" },
      /error SERVICE_MISSING: the binding EXTRA names the Worker nobody/,
    ],
  ])("refuses to start with a binding to %s, and names the binding", async (_, binding, told) => {
    await settings({ ...bindings, EXTRA: binding });
    expect(await run(["dev", "--port", "0"], root)).toMatchObject({ code: 1, stderr: expect.stringMatching(told) });
  });
});

async function upload({ cloudflare }: StartedCloud, name: string, text: string): Promise<void> {
  const form = new FormData();
  form.set("metadata", JSON.stringify({ main_module: "index.js", compatibility_date: "2026-07-01" }));
  form.set("index.js", new File([text], "index.js", { type: "application/javascript+module" }));
  const url = `${cloudflare["CLOUDFLARE_API_BASE_URL"]}/accounts/${"0".repeat(32)}/workers/scripts/${name}`;
  const headers = { authorization: `Bearer ${cloudflare["CLOUDFLARE_API_TOKEN"]}` };
  const answer = await fetch(url, { method: "PUT", headers, body: form });
  expect(answer.status, await answer.text()).toBe(200);
}
