/** Tests of the local Cloudflare with Cloudflare's own client, wrangler 4.164.0: the commands of a project's life. */
// @module-tag check
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { account, valueAt, type CloudflareLab, openCloudflareLab } from "./cloudflare-lab.ts";

const name = "fn-demo";
let lab: CloudflareLab;
let folder = "";
let project = "";
let config: Record<string, unknown> = {};
/** The operations that the command under test has called. */
let called: string[] = [];

const source = `export default {
  async fetch(request, env) {
    console.log("asked", new URL(request.url).pathname);
    const notes = env.DB.prepare("SELECT name FROM notes").all();
    const names = await notes.then(({ results }) => results.map(({ name }) => name), (error) => error.message);
    await env.KV.put("k", "value");
    await env.BUCKET.put("o", "object");
    await env.JOBS.send("job");
    const kv = await env.KV.get("k");
    return Response.json({ code: "CODE", mode: env.MODE, secret: env.SECRET ?? null, names, kv, tag: env.VERSION.tag });
  },
};
`;

const migration = `CREATE TABLE notes(id INTEGER PRIMARY KEY, name TEXT);
INSERT INTO notes(name) VALUES ('a;b');
CREATE TRIGGER upper AFTER INSERT ON notes
BEGIN UPDATE notes SET name = CASE WHEN new.name = 'c' THEN 'C' ELSE new.name END WHERE id = new.id; END;
INSERT INTO notes(name) VALUES ('c');
`;

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

const environment = (): NodeJS.ProcessEnv => ({
  PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
  HOME: folder,
  CI: "1",
  NO_COLOR: "1",
  WRANGLER_SEND_METRICS: "false",
  CLOUDFLARE_API_BASE_URL: `${lab.cloud.url}/client/v4`,
  CLOUDFLARE_API_TOKEN: lab.cloud.secretAccessKey,
  CLOUDFLARE_ACCOUNT_ID: account,
});

function spawnWrangler(commandLine: readonly string[]): ChildProcess {
  const bin = join(folder, "node_modules/wrangler/bin/wrangler.js");
  return spawn(process.execPath, [bin, ...commandLine], { cwd: project, env: environment(), stdio: "pipe" });
}

async function wrangler(commandLine: readonly string[], input = ""): Promise<Ended> {
  called = [];
  const child = spawnWrangler(commandLine);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data: Buffer) => (output += data.toString()));
  child.stdin?.end(input);
  const [code] = (await once(child, "exit")) as [number | null];
  return { code, output };
}

/** Runs a command that must succeed. */
async function succeeds(...commandLine: string[]): Promise<string> {
  const { code, output } = await wrangler(commandLine);
  expect(code, output).toBe(0);
  return output;
}

const write = async (code: string): Promise<void> => {
  await writeFile(join(project, "src/index.js"), source.replace("CODE", code));
  await writeFile(join(project, "wrangler.json"), JSON.stringify(config));
};
const answer = async (): Promise<unknown> => (await lab.ask(name, "/api/x")).json();
const versions = async (): Promise<readonly string[]> => {
  const { result } = await lab.call("GET", `/workers/scripts/${name}/versions?deployable=true`);
  return (valueAt(result, "items") as readonly { readonly id: string }[]).map(({ id }) => id);
};

describe("wrangler 4.164.0", { tags: ["check"] }, () => {
  beforeAll(async () => {
    lab = await openCloudflareLab({ onCall: ({ operation }) => called.push(operation) });
    folder = await mkdtemp(join(tmpdir(), "portico-wrangler-"));
    project = join(folder, "project");
    for (const path of ["src", "public/sub", "migrations"]) await mkdir(join(project, path), { recursive: true });
    await writeFile(join(project, "public/index.html"), "<h1>hi</h1>\n");
    await writeFile(join(project, "public/sub/a.css"), "body{}\n");
    await writeFile(join(project, "public/_headers"), "/sub/*\n  X-T: 1\n");
    await writeFile(join(project, "migrations/0001_init.sql"), migration);
    await writeFile(join(folder, "package.json"), "{}");
    // Its install scripts are not needed: it talks to an API here and runs nothing itself.
    const commandLine = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", "wrangler@4.164.0"];
    await promisify(execFile)("npm", commandLine, { cwd: folder });
  });
  afterAll(async () => {
    await lab.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("creates what Workers store in", async () => {
    await succeeds("kv", "namespace", "create", "NOTES");
    await succeeds("d1", "create", "notes");
    await succeeds("r2", "bucket", "create", "notes");
    await succeeds("queues", "create", "jobs");
    await lab.api("POST", "/zones", { name: "example.com" });
    const { result: kv } = await lab.call("GET", "/storage/kv/namespaces");
    const { result: d1 } = await lab.call("GET", "/d1/database");
    config = {
      name,
      main: "src/index.js",
      compatibility_date: "2026-11-01",
      compatibility_flags: ["nodejs_compat"],
      workers_dev: true,
      vars: { MODE: "prod", OBJECT: { a: 1 } },
      version_metadata: { binding: "VERSION" },
      observability: { enabled: true },
      kv_namespaces: [{ binding: "KV", id: valueAt(kv, 0, "id") }],
      d1_databases: [{ binding: "DB", database_name: "notes", database_id: valueAt(d1, 0, "uuid") }],
      r2_buckets: [{ binding: "BUCKET", bucket_name: "notes" }],
      queues: { producers: [{ binding: "JOBS", queue: "jobs" }] },
      assets: { directory: "public", binding: "ASSETS", run_worker_first: ["/api/*"] },
      routes: [
        { pattern: "example.com/api/*", zone_name: "example.com" },
        { pattern: "app.example.com", custom_domain: true },
      ],
      triggers: { crons: ["*/5 * * * *"] },
      upload_source_maps: true,
    };
  });

  it("deploys a new Worker with assets, bindings, routes, a domain and a cron trigger", async () => {
    await write("one");
    await succeeds("deploy");
    expect(called).toEqual(
      expect.arrayContaining([
        "createAssetSession",
        "uploadAssets",
        "uploadScript",
        "putScriptRoutes",
        "putDomainRecords",
        "putSchedules",
      ]),
    );
    expect(await answer()).toMatchObject({
      code: "one",
      mode: "prod",
      kv: "value",
      names: expect.stringContaining("no such table"),
    });
    const css = await lab.ask(name, "/sub/a.css");
    expect([css.status, css.headers.get("x-t"), await css.text()]).toEqual([200, "1", "body{}\n"]);
    expect((await lab.call("GET", `/workers/scripts/${name}/schedules`)).result).toMatchObject({
      schedules: [{ cron: "*/5 * * * *" }],
    });
  });

  it("makes it a queue's consumer", async () => {
    await succeeds("queues", "consumer", "add", "jobs", name, "--batch-size", "1", "--message-retries", "2");
    expect(await succeeds("queues", "consumer", "list", "jobs")).toContain(name);
    expect((await wrangler(["queues", "consumer", "add", "jobs", name])).code).toBe(1);
    await succeeds("queues", "consumer", "remove", "jobs", name);
    expect(await succeeds("queues", "consumer", "list", "jobs")).toContain("No consumers");
  });

  it("applies D1 migrations, once", async () => {
    expect(await succeeds("d1", "migrations", "apply", "notes", "--remote")).toContain("0001_init.sql");
    expect(await answer()).toMatchObject({ names: ["a;b", "C"] });
    expect(await succeeds("d1", "migrations", "apply", "notes", "--remote")).toContain("No migrations to apply");
  });

  it("deploys the Worker again: a version and a deployment", async () => {
    await write("two");
    await succeeds("deploy", "--tag", "t2", "--message", "second");
    expect(called).toEqual(expect.arrayContaining(["createVersion", "createDeployment", "patchScriptSettings"]));
    expect(called).not.toContain("uploadAssets");
    expect(await answer()).toMatchObject({ code: "two", tag: "t2" });
  });

  it("uploads a version, lists it and deploys it by percentage", async () => {
    await write("three");
    await succeeds("versions", "upload", "--tag", "t3", "--message", "third");
    expect(await succeeds("versions", "list")).toContain("third");
    const [third = "", second = ""] = await versions();
    await succeeds("versions", "deploy", `${third}@10`, `${second}@90`, "--message", "split", "-y");
    const { result } = await lab.call("GET", `/workers/scripts/${name}/deployments`);
    expect(valueAt(result, "deployments", 0)).toMatchObject({
      annotations: { "workers/message": "split" },
      versions: [
        { version_id: third, percentage: 10 },
        { version_id: second, percentage: 90 },
      ],
    });
    expect(await succeeds("deployments", "list")).toContain("(90%)");
  });

  it("rolls back", async () => {
    const [third = "", second = ""] = await versions();
    await succeeds("versions", "deploy", `${third}@100`, "-y");
    expect(await answer()).toMatchObject({ code: "three" });
    await succeeds("rollback", second, "--message", "back", "-y");
    expect(await answer()).toMatchObject({ code: "two" });
    await succeeds("versions", "deploy", `${third}@100`, "-y");
  });

  it("views, splits in odd shares and rolls back to the version before", async () => {
    const [third = "", second = ""] = await versions();
    const viewed = await succeeds("versions", "view", second);
    for (const part of ["t2", "second", "fetch", 'env.MODE ("prod")', "nodejs_compat"]) expect(viewed).toContain(part);
    await succeeds(
      "versions",
      "deploy",
      "-y",
      "--version-id",
      third,
      "--percentage",
      "33.33",
      "--version-id",
      second,
      "--percentage",
      "66.67",
    );
    expect(await succeeds("deployments", "status")).toContain("(66.67%)");
    await succeeds("versions", "deploy", `${third}@100`, `${second}@0`, "-y");
    expect(await answer()).toMatchObject({ code: "three" });
    expect(await wrangler(["versions", "deploy", `${third}@40`, `${second}@50`, "-y"])).toMatchObject({ code: 1 });
    await succeeds("versions", "deploy", `${second}@100`, "-y");
    await succeeds("versions", "deploy", `${third}@100`, "-y");
    await succeeds("rollback", "--message", "before", "-y");
    expect(await answer()).toMatchObject({ code: "two" });
    await succeeds("versions", "deploy", `${third}@100`, "-y");
    await succeeds("deploy", "--dry-run");
    expect(called).toEqual([]);
    await succeeds("triggers", "deploy");
    expect(called).toEqual(expect.arrayContaining(["putScriptRoutes", "putDomainRecords", "putSchedules"]));
    expect(await succeeds("whoami")).toContain("local@portico.invalid");
  });

  it("writes, reads and moves what is stored", async () => {
    await succeeds(
      "kv",
      "key",
      "put",
      "--binding",
      "KV",
      "a/b ü",
      "v",
      "--remote",
      "--ttl",
      "100",
      "--metadata",
      '{"m":1}',
    );
    expect(await succeeds("kv", "key", "get", "--binding", "KV", "a/b ü", "--remote")).toContain("v");
    expect(await succeeds("kv", "key", "list", "--binding", "KV", "--remote")).toContain('"m": 1');
    await writeFile(join(project, "bulk.json"), JSON.stringify([{ key: "b1", value: "bulk" }]));
    await writeFile(join(project, "keys.json"), JSON.stringify(["b1"]));
    await succeeds("kv", "bulk", "put", "bulk.json", "--binding", "KV", "--remote");
    expect(await succeeds("kv", "bulk", "get", "keys.json", "--binding", "KV", "--remote")).toContain("bulk");
    await succeeds("kv", "bulk", "delete", "keys.json", "--binding", "KV", "--remote", "--force");

    await writeFile(join(project, "file.sql"), "INSERT INTO notes(name) VALUES ('from a file'); SELECT 1;");
    expect(await succeeds("d1", "execute", "notes", "--remote", "--file", "file.sql", "-y")).toContain(
      "Executed 2 queries",
    );
    await succeeds("d1", "export", "notes", "--remote", "--output", "dump.sql");
    expect(await readFile(join(project, "dump.sql"), "utf8")).toContain("from a file");
    expect(
      await succeeds("d1", "execute", "notes", "--remote", "--json", "--command", "DELETE FROM notes WHERE id > 2"),
    ).toContain("true");

    await succeeds("r2", "object", "put", "notes/a/b c.txt", "--file", "file.sql", "--remote");
    expect(await succeeds("r2", "object", "get", "notes/a/b c.txt", "--remote", "--pipe")).toContain("from a file");
    await succeeds("r2", "object", "delete", "notes/a/b c.txt", "--remote");
    expect(await wrangler(["r2", "object", "get", "notes/a/b c.txt", "--remote", "--pipe"])).toMatchObject({ code: 1 });
  });

  it("reports paths and features that the local cloud lacks", async () => {
    const refused = await wrangler(["vectorize", "list"]);
    expect(refused).toMatchObject({
      code: 1,
      output: expect.stringContaining("does not support this path of Cloudflare's API"),
    });
    expect(await wrangler(["d1", "time-travel", "info", "notes"])).toMatchObject({
      code: 1,
      output: expect.stringContaining("does not support"),
    });
  });

  it("puts, lists and deletes secrets, and refuses over an undeployed version", async () => {
    expect(await wrangler(["secret", "put", "SECRET"], "s3cret")).toMatchObject({ code: 0 });
    expect(await answer()).toMatchObject({ code: "three", secret: "s3cret" });
    expect(await wrangler(["secret", "bulk"], JSON.stringify({ FIRST: "1", SECOND: "2" }))).toMatchObject({ code: 0 });
    await succeeds("secret", "delete", "FIRST");
    const listed = await succeeds("secret", "list");
    expect(JSON.parse(listed)).toEqual([
      { name: "SECRET", type: "secret_text" },
      { name: "SECOND", type: "secret_text" },
    ]);
    expect(await wrangler(["versions", "secret", "put", "THIRD"], "3")).toMatchObject({ code: 0 });
    expect(await succeeds("versions", "secret", "list", "--latest-version")).toContain("THIRD");
    const refused = await wrangler(["secret", "put", "FOURTH"], "4");
    expect(refused).toMatchObject({
      code: 1,
      output: expect.stringContaining("latest version of your Worker isn't currently deployed"),
    });
  });

  it("tails", async () => {
    const child = spawnWrangler([
      "tail",
      name,
      "--format",
      "json",
      "--status",
      "ok",
      "--method",
      "GET",
      "--search",
      "/api/",
    ]);
    try {
      let output = "";
      child.stdout?.on("data", (data: Buffer) => (output += data.toString()));
      // It says nothing when it listens, so it is asked until it has heard.
      await expect
        .poll(
          async () => {
            await answer();
            return output;
          },
          { interval: 500 },
        )
        .toContain('"scriptName"');
      expect(output).toMatch(/"outcome": ?"ok"/);
      expect(output).toContain("/api/x");
    } finally {
      const gone = once(child, "exit");
      child.kill("SIGINT");
      await gone;
    }
    expect((await lab.call("GET", `/workers/scripts/${name}/tails`)).result).toEqual([]);
  });

  it("reports Cloudflare's error for a refused upload", async () => {
    await writeFile(
      join(project, "src/index.js"),
      `throw new Error("at the top level");\nexport default { fetch() {} };\n`,
    );
    const { code, output } = await wrangler(["versions", "upload"]);
    expect({ code, output }).toMatchObject({ code: 1, output: expect.stringContaining("at the top level") });
    expect(output).toContain("10021");
  });

  it("keeps vars that were set elsewhere when asked to, and names a version's alias", async () => {
    await write("four");
    await succeeds("deploy", "--var", "EXTRA:1");
    await succeeds("deploy", "--keep-vars");
    const { result } = await lab.call("GET", `/workers/scripts/${name}/settings`);
    expect(valueAt(result, "bindings")).toEqual(
      expect.arrayContaining([{ name: "EXTRA", type: "plain_text", text: "1" }]),
    );
    await succeeds("versions", "upload", "--preview-alias", "staging");
    const [newest = ""] = await versions();
    expect((await lab.call("GET", `/workers/scripts/${name}/versions/${newest}`)).result).toMatchObject({
      annotations: { "workers/alias": "staging" },
    });
  });

  it("deletes", async () => {
    await succeeds("delete", "--force");
    expect(lab.cloud.workers()).toEqual([]);
    expect((await lab.call("GET", "/workers/domains")).result).toEqual([]);
  });
});
