/** Tests of static assets: upload sessions, their tokens, and how the files of a version are served. */
// @module-tag check
import { createHash } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  valueAt,
  deploy,
  type CloudflareLab,
  openCloudflareLab,
  type Reply,
  textWorker,
  upload,
} from "./cloudflare-lab.ts";

let lab: CloudflareLab;
beforeAll(async () => void (lab = await openCloudflareLab()));
afterAll(() => lab.close());

type Files = Readonly<Record<string, string>>;

const hashOf = (path: string, text: string): string =>
  createHash("sha256")
    .update(`${text}${path.replace(/.*\./, "")}`)
    .digest("hex")
    .slice(0, 32);
const manifestOf = (files: Files) =>
  Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path, { hash: hashOf(path, text), size: Buffer.byteLength(text) }]),
  );
const session = (script: string, files: Files) =>
  lab.call("POST", `/workers/scripts/${script}/assets-upload-session`, { manifest: manifestOf(files) });

function send(token: string, files: readonly (readonly [hash: string, text: string, type?: string])[]): Promise<Reply> {
  const form = new FormData();
  for (const [hash, text, type = "text/plain"] of files)
    form.append(hash, new File([Buffer.from(text).toString("base64")], hash, { type }), hash);
  return lab.call("POST", "/workers/assets/upload?base64=true", form, { authorization: `Bearer ${token}` });
}

/** Announces and uploads; gives the completion token. */
async function complete(script: string, files: Files): Promise<string> {
  const { result } = await session(script, files);
  let token = String(valueAt(result, "jwt"));
  for (const bucket of valueAt(result, "buckets") as readonly (readonly string[])[]) {
    const wanted = Object.entries(files).filter(([path, text]) => bucket.includes(hashOf(path, text)));
    const done = await send(
      String(valueAt(result, "jwt")),
      wanted.map(([path, text]) => [hashOf(path, text), text]),
    );
    token = String(valueAt(done.result, "jwt")) || token;
  }
  return token;
}

async function put(script: string, files: Files, config: object = {}, code?: string): Promise<Reply> {
  const assets = { jwt: await complete(script, files), config };
  const form = upload(code ?? textWorker("worker"), { assets, bindings: [{ type: "assets", name: "ASSETS" }] });
  if (code === "") {
    form.delete("index.js");
    form.set("metadata", JSON.stringify({ assets, compatibility_date: "2026-07-01" }));
  }
  const reply = await lab.call("PUT", `/workers/scripts/${script}`, form);
  await lab.call("POST", `/workers/scripts/${script}/subdomain`, { enabled: true });
  return reply;
}

const statusAndText = async (script: string, path: string, init?: RequestInit) => {
  const response = await lab.ask(script, path, init);
  return [response.status, await response.text()];
};

describe("an upload session", () => {
  it("wants each content once, and its last upload answers with the completion token", async () => {
    const files = { "/a.txt": "first", "/b.txt": "second", "/copy.txt": "first" };
    const { result } = await session("session", files);
    const [a, b] = [hashOf("/a.txt", "first"), hashOf("/b.txt", "second")];
    expect(valueAt(result, "buckets")).toEqual([[a, b]]);
    const token = String(valueAt(result, "jwt"));
    expect(await send(token, [[a, "first"]])).toMatchObject({ status: 202, result: { jwt: "" } });
    const last = await send(token, [[b, "second"]]);
    expect(last).toMatchObject({ status: 201, result: { jwt: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/) } });
    expect((await session("session", files)).result).toMatchObject({ buckets: [] });
  });

  it("refuses manifests and uploads that are not right", async () => {
    const start = async (manifest: unknown) =>
      (await lab.call("POST", "/workers/scripts/bad/assets-upload-session", { manifest })).code;
    const file = { hash: "0".repeat(32), size: 1 };
    for (const path of ["a.txt", "/../a", "/a//b", "/a%2fb", "/%00", "/.", "/%E0%A4", `/${"x".repeat(256)}`])
      expect(await start({ [path]: file }), path).toBe(10304);
    expect(await start({ "/a": { ...file, hash: "short" } })).toBe(10304);
    expect(await start({ "/a": { ...file, size: 25 * 1024 * 1024 + 1 } })).toBe(10304);
    expect(await start(undefined)).toBe(10304);
    const { result } = await session("bad", { "/a.txt": "announced" });
    const token = String(valueAt(result, "jwt"));
    expect((await send(token, [["f".repeat(32), "never announced"]])).code).toBe(10304);
    expect((await send(token, [[hashOf("/a.txt", "announced"), "longer than announced"]])).code).toBe(10304);
    expect(await send("a.b.c", [])).toMatchObject({ status: 401, code: 10000 });
    expect(await send(lab.cloud.secretAccessKey, [])).toMatchObject({ status: 401, code: 10000 });
    lab.clockOffset = 60 * 60 * 1000;
    expect(await send(token, [])).toMatchObject({ status: 401, code: 10000 });
    lab.clockOffset = 0;
  });

  it("gives tokens for its own Worker, complete, and for an hour", async () => {
    const token = await complete("mine", { "/a.txt": "mine" });
    const use = async (jwt: string, name = "mine") =>
      (await lab.call("PUT", `/workers/scripts/${name}`, upload(textWorker("x"), { assets: { jwt } }))).code;
    expect(await use(token, "other")).toBe(10304);
    expect(await use(`${token}x`)).toBe(10304);
    const started = String(valueAt((await session("mine", { "/new.txt": "not uploaded" })).result, "jwt"));
    expect(await use(started)).toBe(10304);
    lab.clockOffset = 60 * 60 * 1000;
    expect(await use(token)).toBe(10304);
    lab.clockOffset = 0;
    expect(await use(token)).toBeUndefined();
    expect(
      (
        await lab.call(
          "PUT",
          "/workers/scripts/none",
          upload(textWorker("x"), { bindings: [{ type: "assets", name: "A" }] }),
        )
      ).code,
    ).toBe(10305);
  });
});

describe("a version's files", () => {
  it("come first, with an ETag; the Worker gets the rest and can ask for them", async () => {
    const code = `export default { fetch: (request, env) => new URL(request.url).pathname === "/through"
      ? env.ASSETS.fetch(new URL("/a.txt", request.url))
      : new Response("worker") };`;
    await put(
      "files",
      { "/a.txt": "asset", [`/${encodeURIComponent("안녕")}.txt`]: "hello" },
      { html_handling: "none", _headers: "/a.txt\n  X-Own: yes\n" },
      code,
    );
    const response = await lab.ask("files", "/a.txt");
    expect([response.status, response.headers.get("x-own"), await response.text()]).toEqual([200, "yes", "asset"]);
    const etag = response.headers.get("etag") ?? "";
    expect((await lab.ask("files", "/a.txt", { headers: { "if-none-match": etag } })).status).toBe(304);
    expect(await statusAndText("files", `/${encodeURIComponent("안녕")}.txt`)).toEqual([200, "hello"]);
    expect(await statusAndText("files", "/other")).toEqual([200, "worker"]);
    expect(await statusAndText("files", "/through")).toEqual([200, "asset"]);
  });

  it("follow the handling that is set", async () => {
    const files = { "/index.html": "home", "/page.html": "page", "/404.html": "missing" };
    await put("site", files, { not_found_handling: "404-page", _redirects: "/old /page 301\n" }, "");
    expect(await statusAndText("site", "/")).toEqual([200, "home"]);
    expect(await statusAndText("site", "/page")).toEqual([200, "page"]);
    expect((await lab.ask("site", "/page.html")).status).toBe(307);
    expect((await lab.ask("site", "/old")).status).toBe(301);
    expect(await statusAndText("site", "/nothing")).toEqual([404, "missing"]);
    await put(
      "first",
      { "/api/a.txt": "asset", "/api/docs/b.txt": "docs" },
      { run_worker_first: ["/api/*", "!/api/docs/*"] },
    );
    expect(await statusAndText("first", "/api/a.txt")).toEqual([200, "worker"]);
    expect(await statusAndText("first", "/api/docs/b.txt")).toEqual([200, "docs"]);
    for (const config of [
      { html_handling: "maybe" },
      { run_worker_first: ["api"] },
      { run_worker_first: ["!/api/*"] },
      { base_path: "/x" },
    ])
      expect((await put("wrong", files, config)).code, JSON.stringify(config)).toBe(10021);
  });

  it("are a version's own, and can be kept by the next", async () => {
    await put("own", { "/a.txt": "old" }, { html_handling: "none" });
    const one = String(valueAt((await lab.call("GET", "/workers/scripts/own/versions")).result, "items", 0, "id"));
    await put("own", { "/b.txt": "new" }, { html_handling: "none" });
    expect(await statusAndText("own", "/a.txt")).toEqual([200, "worker"]);
    const kept = await lab.call(
      "POST",
      "/workers/scripts/own/versions",
      upload(textWorker("kept"), { keep_assets: true }),
    );
    await deploy(lab, "own", { [String(valueAt(kept.result, "id"))]: 100 });
    expect([await statusAndText("own", "/b.txt"), await statusAndText("own", "/x")]).toEqual([
      [200, "new"],
      [200, "kept"],
    ]);
    await lab.restart();
    await deploy(lab, "own", { [one]: 100 });
    expect(await statusAndText("own", "/a.txt")).toEqual([200, "old"]);
  });
});
