/** What an app that imports `portico/files` has, that others stay as they are, and its upload forms under a server. */
// @module-tag isolated
import { request } from "node:http";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build as esbuild } from "esbuild";
import { describe, expect, it, onTestFinished } from "vitest";
import { bundleOptions } from "../../framework/bundler/esbuild-options.ts";
import { startApp } from "../../framework/node/built-app.ts";
import { build, makeFolder, readTree } from "./test-app.ts";

const plain = `export const GET = () => new Response("hi");\n`;
const files = {
  "functions/index.ts": plain,
  "functions/[...key].ts":
    `import { pictures } from "./_lib/pictures.ts";\n` +
    `export const GET = async (request: Request, context: never) => {\n` +
    `  const { key } = (context as { params: { key: string } }).params;\n` +
    `  const file = await pictures(context).get(key, { range: request.headers.get("range") });\n` +
    `  return file ? new Response(file.body, file) : new Response("none", { status: 404 });\n` +
    `};\n` +
    `export const PUT = async (_: Request, context: never) =>\n` +
    `  Response.json(await pictures(context).uploadForm("a b/ü", { maxBytes: 20_000_000, type: "image/png" }));\n`,
  "functions/_lib/pictures.ts":
    `import { files } from "portico/files";\n` +
    `export const pictures = (context: never) => files(context, "pictures");\n`,
  "functions/_public/404.html": "nothing here",
};

describe("compressed bytes of files", () => {
  it.each([
    ["node", 4300],
    ["workers", 3060],
    ["lambda", 4580],
  ] as const)("are on %s at most %d", async (target, most) => {
    const text = `import { files } from "portico/files"; export const open = (c) => files(c, "a");`;
    const entries = new Map([["entry/it", text]]);
    const result = await esbuild({
      ...bundleOptions({ root: makeFolder(files), target, entries }, "production"),
      sourcemap: false,
      entryPoints: [{ in: "portico:entry/it", out: "it" }],
    });
    expect(gzipSync(result.outputFiles[0]!.contents, { level: 9 }).length).toBeLessThanOrEqual(most);
  });
});

describe.each(["node", "workers"] as const)("on %s", (target) => {
  it("the manifest says which functions need files, whatever imports them", async () => {
    const { manifest } = await build(makeFolder(files), target);
    expect(manifest.functions.map(({ main, needs }) => [main.includes("key"), needs])).toContainEqual([
      true,
      ["files"],
    ]);
    expect(manifest.functions.filter(({ needs }) => needs)).toHaveLength(1);
  });

  it("a function without it is equal in an app where another one has it, and the router where none has", async () => {
    const read = async (root: string): Promise<Readonly<Record<string, Buffer>>> => {
      const { out, manifest } = await build(root, target);
      const { main } = manifest.functions.find(({ id }) => id === "index")!;
      return { index: readFileSync(join(out, main)), router: readFileSync(join(out, "index.js")) };
    };
    const other = await read(makeFolder({ ...files, "functions/[...key].ts": plain }));
    const own = await read(makeFolder(files));
    expect(own["index"]).toEqual(other["index"]);
    expect(own["router"]!.includes("portico\\/files")).toBe(true);
    expect(other["router"]!.includes("portico\\/files")).toBe(false);
  });
});

it("on Lambda the function that imports it needs it, and another one is as in an app without it", async () => {
  const read = async (root: string) => {
    const { out, manifest } = await build(root, "lambda");
    const [plainOne, other] = ["index", "~key"].map((id) => manifest.functions.find((fn) => fn.id === id));
    return { needs: other?.needs, text: readFileSync(join(out, plainOne!.main), "utf8"), all: manifest.functions };
  };
  const own = await read(makeFolder(files));
  const other = await read(makeFolder({ ...files, "functions/[...key].ts": plain }));
  expect(own.all.map(({ needs }) => needs)).toContainEqual(["files"]);
  expect(own.all.filter(({ needs }) => needs)).toHaveLength(1);
  expect(own.text).toBe(other.text);
});

describe("on Node", () => {
  const start = async (): Promise<{ readonly url: string; readonly data: string }> => {
    const root = makeFolder(files);
    await build(root, "node");
    const data = join(root, "data");
    const { url, close } = await startApp({ folder: root, env: {}, data, port: 0, maxBody: 1000, onError: () => {} });
    onTestFinished(close);
    return { url, data };
  };

  const upload = async (origin: string, bytes: number): Promise<Response> => {
    const asked = await fetch(`${origin}/form`, { method: "PUT" });
    const form = (await asked.json()) as {
      readonly url: string;
      readonly method: string;
      readonly fields: Readonly<Record<string, string>>;
    };
    const body = new FormData();
    for (const [name, value] of Object.entries(form.fields)) body.set(name, value);
    body.set("file", new Blob([new Uint8Array(bytes).fill(7)], { type: "image/png" }), "a.png");
    return fetch(new URL(form.url, origin), { method: form.method, body });
  };

  it("a form has its own limit, and what it stored is read in ranges", async () => {
    const { url } = await start();
    expect((await upload(url, 3_000_000)).status).toBe(204);
    const part = await fetch(`${url}/a%20b/%C3%BC`, { headers: { range: "bytes=-5" } });
    expect(part.status).toBe(206);
    expect(Object.fromEntries(part.headers)).toMatchObject({
      "content-type": "image/png",
      "content-length": "5",
      "content-range": "bytes 2999995-2999999/3000000",
      "accept-ranges": "bytes",
      "x-content-type-options": "nosniff",
    });
    expect(await part.bytes()).toEqual(new Uint8Array(5).fill(7));
    const all = await fetch(`${url}/a%20b/%C3%BC`);
    expect((await all.bytes()).length).toBe(3_000_000);
  });

  it("a file beyond the form's limit is 413, other bodies are limited as before, and nothing is left", async () => {
    const { url, data } = await start();
    const refused = await upload(url, 20_000_001);
    expect([refused.status, await refused.json()]).toEqual([413, { error: "the file has more than 20000000 bytes" }]);
    const long = { method: "POST", body: "x".repeat(2000) };
    expect((await fetch(`${url}/`, long)).status).toBe(413);
    expect((await fetch(`${url}/.portico/other`, long)).status).toBe(413);
    // None of these is a form, whatever the path says before it is resolved.
    for (const [method, path] of [
      ["POST", "/.portico/files/../../"],
      ["POST", "/.portico/files/%2e%2e/%2e%2e/"],
      ["POST", "/.portico/files/a/b"],
      ["POST", "/.portico/files/"],
      ["PUT", "/.portico/files/x"],
    ] as const)
      expect([path, await statusOf(url, { method, path }, long.body)]).toEqual([path, 413]);
    const names = Object.keys(readTree(join(data, "files"))).filter((name) => !name.startsWith("index."));
    expect(names).toEqual([]);
  });
});

/** With the path as it is, which fetch would resolve. */
const statusOf = (url: string, { method, path }: { readonly method: string; readonly path: string }, body: string) =>
  new Promise<number | undefined>((resolve, reject) => {
    request(url, { method, path, headers: { "content-length": body.length } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .on("error", reject)
      .end(body);
  });
