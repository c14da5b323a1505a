/** Tests of KV, D1 and R2: operations of the API, and Workers that use the same storage before and after a restart. */
// @module-tag check
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { splitSql } from "../../../framework/cloud/cloudflare/sql-statements.ts";
import {
  valueAt,
  deploy,
  deployWorker,
  type CloudflareLab,
  openCloudflareLab,
  upload,
  version,
} from "./cloudflare-lab.ts";

let lab: CloudflareLab;
let kv = "";
let d1 = "";
beforeAll(async () => {
  lab = await openCloudflareLab();
  kv = String(valueAt((await lab.call("POST", "/storage/kv/namespaces", { title: "notes" })).result, "id"));
  d1 = String(valueAt((await lab.call("POST", "/d1/database", { name: "notes" })).result, "uuid"));
  await lab.call("POST", "/r2/buckets", { name: "notes" });
  await lab.call("POST", "/queues", { queue_name: "notes" });
});
afterAll(() => lab.close());

const query = (sql: string, params: readonly unknown[] = []) =>
  lab.call("POST", `/d1/database/${d1}/query`, { sql, params });

describe("the management calls", () => {
  it("refuse names that are taken or that nothing has", async () => {
    expect((await lab.call("POST", "/storage/kv/namespaces", { title: "notes" })).code).toBe(10014);
    expect((await lab.call("POST", "/d1/database", { name: "notes" })).code).toBe(7502);
    expect((await lab.call("POST", "/d1/database", { name: "no spaces" })).code).toBe(7400);
    expect((await lab.call("POST", "/r2/buckets", { name: "notes" })).code).toBe(10004);
    expect((await lab.call("POST", "/r2/buckets", { name: "No" })).code).toBe(10005);
    expect((await lab.call("GET", "/r2/buckets/other")).code).toBe(10006);
    expect((await lab.call("POST", "/queues", { queue_name: "notes" })).code).toBe(11009);
    expect(await lab.call("GET", "/d1/database/other")).toMatchObject({ status: 404, code: 7404 });
    expect(await lab.call("POST", "/queues", { queue_name: "more", unknown: 1 })).toMatchObject({
      status: 400,
      code: 11003,
    });
  });

  it("list, find and delete", async () => {
    const { result, text } = await lab.call("GET", "/storage/kv/namespaces?per_page=100&page=1");
    expect(result).toEqual([{ id: kv, title: "notes", supports_url_encoding: true }]);
    expect(JSON.parse(text)).toMatchObject({
      result_info: { page: 1, per_page: 100, count: 1, total_count: 1, total_pages: 1 },
    });
    expect((await lab.call("GET", "/d1/database?name=notes")).result).toMatchObject([{ uuid: d1 }]);
    expect((await lab.call("GET", "/queues?name=notes")).result).toMatchObject([
      { queue_name: "notes", consumers: [] },
    ]);
    await lab.call("POST", "/r2/buckets", { name: "gone" });
    expect((await lab.call("DELETE", "/r2/buckets/gone")).status).toBe(200);
    expect((await lab.call("GET", "/r2/buckets")).result).toMatchObject({ buckets: [{ name: "notes" }] });
  });

  it("write and read KV values with metadata and expiry", async () => {
    const path = `/storage/kv/namespaces/${kv}`;
    expect((await lab.call("PUT", `${path}/values/${encodeURIComponent("a/é")}`, "plain")).status).toBe(200);
    expect((await lab.call("GET", `${path}/values/${encodeURIComponent("a/é")}`)).text).toBe("plain");
    const bulk = [
      { key: "b", value: "aGk=", base64: true, metadata: { at: 1 } },
      { key: "c", value: "3", expiration_ttl: 600 },
    ];
    expect((await lab.call("PUT", `${path}/bulk`, bulk)).status).toBe(200);
    expect((await lab.call("GET", `${path}/values/b`)).text).toBe("hi");
    expect((await lab.call("GET", `${path}/keys?prefix=b`)).result).toEqual([{ name: "b", metadata: { at: 1 } }]);
    expect((await lab.call("PUT", `${path}/values/d?expiration_ttl=1`, "short")).code).toBe(10029);
    await lab.call("DELETE", `${path}/bulk`, ["b", "c"]);
    expect((await lab.call("GET", `${path}/values/b`)).code).toBe(10009);
  });

  it("read many KV values at once", async () => {
    const path = `/storage/kv/namespaces/${kv}`;
    await lab.call("PUT", `${path}/bulk`, [
      { key: "x", value: "1", metadata: { at: 1 } },
      { key: "y", value: '{"a":2}' },
    ]);
    expect((await lab.call("POST", `${path}/bulk/get`, { keys: ["x", "none"] })).result).toEqual({
      values: { x: "1", none: null },
    });
    expect((await lab.call("POST", `${path}/bulk/get`, { keys: ["y"], type: "json" })).result).toEqual({
      values: { y: { a: 2 } },
    });
    expect((await lab.call("POST", `${path}/bulk/get`, { keys: ["x"], withMetadata: true })).result).toEqual({
      values: { x: { value: "1", metadata: { at: 1 } } },
    });
    const keys = (count: number) => Array.from({ length: count }, (_, at) => `k${at}`);
    expect((await lab.call("POST", `${path}/bulk/get`, { keys: keys(100) })).status).toBe(200);
    expect((await lab.call("POST", `${path}/bulk/get`, { keys: keys(101) })).code).toBe(10029);
  });

  it("put, get and delete R2 objects, with slashes in their keys, which Workers see", async () => {
    const path = "/r2/buckets/notes/objects";
    const typed = { "content-type": "text/x-note", "cache-control": "max-age=9" };
    const put = await lab.call("PUT", `${path}/a/${encodeURIComponent("b ü")}`, "hello", typed);
    expect(put.result).toMatchObject({ key: "a/b ü", size: "5" });
    const found = await lab.call("GET", `${path}/a/${encodeURIComponent("b ü")}`);
    expect([found.status, found.text, found.headers.get("content-type"), found.headers.get("cache-control")]).toEqual([
      ...[200, "hello", "text/x-note", "max-age=9"],
    ]);
    const code = `export default { fetch: async (request, env) => new Response((await env.B.get("a/b ü")).body) };`;
    await deployWorker(lab, "object", code, { bindings: [{ type: "r2_bucket", name: "B", bucket_name: "notes" }] });
    expect(await (await lab.ask("object")).text()).toBe("hello");
    expect(await lab.call("DELETE", "/r2/buckets/notes")).toMatchObject({ status: 409, code: 10008 });
    expect((await lab.call("DELETE", `${path}/a/${encodeURIComponent("b ü")}`)).status).toBe(200);
    const deletedKey = encodeURIComponent("b ü");
    expect(await lab.call("GET", `${path}/a/${deletedKey}`)).toMatchObject({ status: 404, code: 10007 });
    expect(await lab.call("PUT", "/r2/buckets/other/objects/a", "x")).toMatchObject({ status: 404, code: 10006 });
    expect((await lab.call("GET", `${path}/x`, undefined, { range: "bytes=0-1" })).message).toContain(
      "does not support ranges",
    );
  });

  it("list R2 objects page by page", async () => {
    const path = "/r2/buckets/notes/objects";
    for (const key of ["l/a", "l/b", "l/é"]) await lab.call("PUT", `${path}/${encodeURI(key)}`, key + "0123456789");
    const first = await lab.call("GET", `${path}?prefix=l/&per_page=2`);
    expect(first.result).toMatchObject([{ key: "l/a", size: 13 }, { key: "l/b" }]);
    const infoOf = ({ text }: { readonly text: string }) =>
      (JSON.parse(text) as { readonly result_info: { readonly cursor: string } }).result_info;
    const { cursor } = infoOf(first);
    const second = await lab.call("GET", `${path}?prefix=l/&per_page=2&cursor=${encodeURIComponent(cursor)}`);
    expect([second.result, infoOf(second)]).toMatchObject([[{ key: "l/é" }], { cursor: "", is_truncated: false }]);
    expect((await lab.call("GET", `${path}?delimiter=/`)).message).toContain("does not support delimiter");
    expect((await lab.call("GET", `${path}?per_page=1001`)).code).toBe(10005);
    for (const key of ["l/a", "l/b", "l/é"]) await lab.call("DELETE", `${path}/${encodeURI(key)}`);
  });

  it("move a D1 database out and into another as SQL text, all or nothing", async () => {
    const made = async (name: string) =>
      String(valueAt((await lab.call("POST", "/d1/database", { name })).result, "uuid"));
    const [from, to] = [await made("from"), await made("to")];
    await lab.call("POST", `/d1/database/${from}/query`, {
      sql: "CREATE TABLE t(x TEXT); INSERT INTO t VALUES ('a;b')",
    });
    const exported = await lab.call("POST", `/d1/database/${from}/export`, {
      output_format: "polling",
      dump_options: {},
    });
    expect(exported.result).toMatchObject({ success: true, status: "complete" });
    const url = String(valueAt(exported.result, "result", "signed_url"));
    const text = await (await fetch(url)).text();
    expect(text).toContain("a;b");
    expect((await fetch(url.replace(from, to))).status).toBe(404);

    const load = async (sql: string): Promise<Awaited<ReturnType<typeof lab.call>>> => {
      const etag = createHash("md5").update(sql).digest("hex");
      const { result } = await lab.call("POST", `/d1/database/${to}/import`, { action: "init", etag });
      const sent = await fetch(String(valueAt(result, "upload_url")), { method: "PUT", body: sql });
      expect(sent.headers.get("etag")).toBe(`"${etag}"`);
      return lab.call("POST", `/d1/database/${to}/import`, {
        action: "ingest",
        etag,
        filename: valueAt(result, "filename"),
      });
    };
    expect((await load(text)).result).toMatchObject({ success: true, status: "complete", result: { num_queries: 3 } });
    expect(await load("INSERT INTO t VALUES ('c'); SELEC")).toMatchObject({ status: 400, code: 7500 });
    const rows = await lab.call("POST", `/d1/database/${to}/query`, {
      sql: "SELECT x FROM t WHERE x <> ?",
      params: [false],
    });
    expect(valueAt(rows.result, 0, "results")).toEqual([{ x: "a;b" }]);
    const etag = "0".repeat(32);
    const { result } = await lab.call("POST", `/d1/database/${to}/import`, { action: "init", etag });
    expect((await fetch(String(valueAt(result, "upload_url")), { method: "PUT", body: "other" })).status).toBe(400);
    lab.clockOffset += 61 * 60_000;
    expect((await fetch(url)).status).toBe(404);
    expect((await lab.call("POST", "/d1/database", { name: "eu", jurisdiction: "eu" })).message).toContain(
      "does not support jurisdictions",
    );
  });

  it("run SQL: statements together, parameters, batches, rows as arrays", async () => {
    const many =
      "CREATE TABLE notes(id INTEGER PRIMARY KEY, text TEXT UNIQUE); -- a; comment\n" +
      "INSERT INTO notes(text) VALUES ('a;b');";
    expect((await query(many)).result).toMatchObject([{ success: true }, { success: true, meta: { changes: 1 } }]);
    expect((await query("SELECT text FROM notes WHERE id = ?", [1])).result).toMatchObject([
      { results: [{ text: "a;b" }] },
    ]);
    const raw = await lab.call("POST", `/d1/database/${d1}/raw`, { sql: "SELECT id, text FROM notes" });
    expect(raw.result).toMatchObject([{ results: { columns: ["id", "text"], rows: [[1, "a;b"]] } }]);
    const failing = {
      batch: [{ sql: "INSERT INTO notes(text) VALUES ('c')" }, { sql: "INSERT INTO notes(text) VALUES ('c')" }],
    };
    expect(await lab.call("POST", `/d1/database/${d1}/query`, failing)).toMatchObject({ status: 400, code: 7500 });
    expect((await query("SELECT count(*) AS n FROM notes")).result).toMatchObject([{ results: [{ n: 1 }] }]);
  });

  it("refuse what D1 refuses", async () => {
    for (const [sql, params = []] of [
      ["BEGIN"],
      ["SELEC 1"],
      [" ; -- nothing"],
      ["SELECT 1; SELECT ?", [1]],
      ["SELECT 1", Array.from({ length: 101 }, () => 1)],
      [`SELECT '${"x".repeat(100_001)}'`],
    ] as const)
      expect((await query(sql, params)).code, sql.slice(0, 20)).toBe(7500);
  });
});

describe("splitSql", () => {
  it("finds the statements that SQLite would", () => {
    const trigger =
      "CREATE TEMP TRIGGER t AFTER INSERT ON a " +
      "BEGIN UPDATE a SET b = CASE WHEN 1 THEN ';' ELSE 2 END; DELETE FROM c; END";
    expect(splitSql(`${trigger}; SELECT "a;b", [c;d], \`e;f\` /* ; */; ;; -- end;`)).toEqual([
      trigger,
      `SELECT "a;b", [c;d], \`e;f\` /* ; */`,
    ]);
    expect(splitSql("SELECT 'it''s; fine' AS \"begin\"; SELECT 2")).toEqual([
      `SELECT 'it''s; fine' AS "begin"`,
      "SELECT 2",
    ]);
    expect(splitSql("")).toEqual([]);
  });
});

const storing = (name: string): string => `export default {
  async fetch(request, env) {
    const key = new URL(request.url).pathname;
    await env.KV.put(key, ${JSON.stringify(name)}, { metadata: { by: ${JSON.stringify(name)} } });
    await env.DB.prepare("INSERT INTO visits(path) VALUES (?)").bind(key).run();
    await env.BUCKET.put(key, ${JSON.stringify(name)});
    await env.QUEUE.send({ key });
    const { metadata } = await env.KV.getWithMetadata(key);
    const object = await (await env.BUCKET.get(key)).text();
    const visits = await env.DB.prepare("SELECT count(*) AS n FROM visits").first("n");
    return Response.json({ by: metadata.by, object, visits });
  },
};`;

const bindings = () => [
  { type: "kv_namespace", name: "KV", namespace_id: kv },
  { type: "d1", name: "DB", id: d1 },
  { type: "r2_bucket", name: "BUCKET", bucket_name: "notes" },
  { type: "queue", name: "QUEUE", queue_name: "notes" },
];

it("two versions that run at once share what they store, and it is there after a restart", async () => {
  await query("CREATE TABLE visits(path TEXT)");
  const one = await deployWorker(lab, "store", storing("one"), { bindings: bindings() });
  const two = await version(lab, "store", storing("two"), { bindings: bindings() });
  await deploy(lab, "store", { [one]: 50, [two]: 50 });
  const answers = await Promise.all(
    Array.from({ length: 40 }, async (_, at) => {
      const wanted = at % 2 ? one : two;
      const response = await lab.ask("store", `/${at}`, {
        headers: { "cloudflare-workers-version-overrides": `store="${wanted}"` },
      });
      return { status: response.status, ...((await response.json()) as { by: string; object: string }) };
    }),
  );
  expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  expect(answers.map(({ by, object }) => `${by} ${object}`)).toEqual(
    answers.map((_, at) => (at % 2 ? "one one" : "two two")),
  );
  await lab.restart();
  expect((await query("SELECT count(*) AS n FROM visits")).result).toMatchObject([{ results: [{ n: 40 }] }]);
  expect((await lab.call("GET", `/storage/kv/namespaces/${kv}/values/${encodeURIComponent("/7")}`)).text).toBe("one");
  expect((await lab.call("DELETE", "/r2/buckets/notes")).code).toBe(10008);
  expect(await (await lab.ask("store", "/last")).json()).toMatchObject({ visits: 41 });
});

it("bindings to what does not exist are refused with their own codes", async () => {
  const refused = async (binding: Readonly<Record<string, unknown>>) =>
    (
      await lab.call(
        "PUT",
        "/workers/scripts/none",
        upload("export default { fetch() {} }", { bindings: [{ name: "X", ...binding }] }),
      )
    ).code;
  expect(await refused({ type: "kv_namespace", namespace_id: "0".repeat(32) })).toBe(10041);
  expect(await refused({ type: "r2_bucket", bucket_name: "nothing" })).toBe(10085);
  expect(await refused({ type: "queue", queue_name: "nothing" })).toBe(11000);
  expect(await refused({ type: "service", service: "nothing" })).toBe(10143);
  const { code, message } = await lab.call(
    "PUT",
    "/workers/scripts/none",
    upload("export default {}", { bindings: [{ name: "DB", type: "d1", id: "x" }] }),
  );
  expect({ code, message }).toEqual({ code: 10021, message: "binding DB of type d1 must have a valid `id` specified" });
});
