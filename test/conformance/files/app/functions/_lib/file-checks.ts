/** Runs of the files, each in a namespace of its own; what they give is the same on every target. */
import { type FileContent, type Files, files, type FilesContext, type GetOptions } from "portico/files";

/** The code of the error that a call gives. */
async function codeOf(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return (error as { readonly code?: unknown }).code ?? String(error);
  }
}

async function keysOf(own: Files, options?: Parameters<Files["list"]>[0]): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of own.list(options)) keys.push(key);
  return keys;
}

const textOf = async (file: FileContent | undefined): Promise<string | undefined> =>
  file && new Response(file.body).text();

/** Status, headers that do not depend on the target's tag, and text. */
async function answerOf(own: Files, key: string, options: GetOptions): Promise<readonly unknown[]> {
  const file = await own.get(key, options);
  if (!file) return [];
  const { "content-range": range, "content-length": length, "content-type": type } = file.headers;
  return [file.status, range ?? null, length ?? null, type ?? null, file.size, await textOf(file)];
}

interface Form {
  readonly url: string;
  readonly method: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Sends a form as a page does. @param base the URL of the page */
async function send(base: string, form: Form, text: string, changes: Form["fields"] = {}): Promise<boolean> {
  return (await answerTo(base, form, text, changes)).ok;
}

async function answerTo(base: string, form: Form, text: string, changes: Form["fields"] = {}): Promise<Response> {
  const body = new FormData();
  for (const [name, value] of Object.entries({ ...form.fields, ...changes })) body.set(name, value);
  body.set("file", new Blob([text], { type: "text/plain" }), "a.txt");
  const response = await fetch(new URL(form.url, base), { method: form.method, body, redirect: "manual" });
  await response.arrayBuffer();
  return response;
}

/** Calls with a clock that is a minute slow until the call has begun. */
function aMinuteAgo<T>(call: () => T): T {
  const { now } = Date;
  Date.now = () => now() - 60_000;
  try {
    return call();
  } finally {
    Date.now = now;
  }
}

const odd = ["a", "a/b", "A", "a b", "a+b", "a%2Fb", "é/…", "\u{10ffff}", "x//y", "/lead", "trail/", "q?#&='()*!"];

/** By the name in the path. @param base the URL of the request */
export const checks: Readonly<Record<string, (open: Opener, base: string) => Promise<unknown>>> = {
  async contents(open) {
    const own = open();
    const stored = await own.put("k", "안녕", { type: "text/plain; charset=utf-8" });
    const found = await own.get("k");
    const again = await own.put("k", new Uint8Array([1, 2, 3]));
    return [
      [stored.key, stored.size, stored.type, stored.modified instanceof Date],
      [found?.etag === stored.etag, /^"[^"]+"$/.test(stored.etag), again.etag !== stored.etag],
      [found?.status, found?.headers["etag"] === stored.etag, found?.headers["accept-ranges"], await textOf(found)],
      [again.size, again.type, (await own.get("none")) === undefined],
      [await own.delete("k"), await own.delete("k"), (await own.get("k")) === undefined].slice(2),
    ];
  },
  async bodies(open) {
    const own = open();
    const large = new Uint8Array(3_000_000).map((_, index) => index % 251);
    const bodies = {
      empty: "",
      view: new Uint8Array([0, 65, 66, 0]).subarray(1, 3),
      buffer: new Uint8Array([67]).buffer,
      blob: new Blob(["blob"], { type: "text/css" }),
      stream: new Response("stream").body,
      large,
    };
    for (const [key, body] of Object.entries(bodies)) await own.put(key, body);
    await own.put("sized", new Response(large).body, { size: large.length, type: "a/b" });
    const kept = await new Response((await own.get("sized"))!.body).bytes();
    return [
      ...(await Promise.all(
        ["empty", "view", "buffer", "blob", "stream"].map(async (key) => textOf(await own.get(key))),
      )),
      (await own.get("blob").then(async (file) => (await file?.body?.cancel(), file)))?.type,
      kept.length,
      kept.every((byte, index) => byte === large[index]),
      await answerOf(own, "large", { range: "bytes=2999999-" }).then((all) => all.slice(0, 2)),
      await codeOf(() => own.put("sized", new Response("short").body, { size: 6 })),
      await codeOf(() => own.put("sized", new Response("longer").body, { size: 5 })),
      (await own.get("sized").then(async (file) => (await file?.body?.cancel(), file)))?.size,
    ];
  },
  async ranges(open) {
    const own = open();
    const { etag } = await own.put("k", "0123456789", { type: "text/plain" });
    await own.put("empty", "", { type: "text/plain" });
    const headers = ["bytes=0-3", "bytes=4-", "bytes=-3", "bytes=-30", "bytes=8-30", "bytes=10-", "bytes=-0"];
    const ignored = ["bytes=3-1", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b", "bytes=-"];
    return [
      await Promise.all(headers.map((range) => answerOf(own, "k", { range }))),
      await Promise.all(ignored.map((range) => answerOf(own, "k", { range }).then(([status]) => status))),
      await Promise.all(["bytes=0-", "bytes=-1"].map((range) => answerOf(own, "empty", { range }))),
      await answerOf(own, "none", { range: "bytes=0-1" }),
      await Promise.all(
        [etag, `W/${etag}`, '"other"'].map((ifRange) => answerOf(own, "k", { range: "bytes=0-3", ifRange })),
      ),
    ];
  },
  async preconditions(open) {
    const own = open();
    const { etag } = await own.put("k", "0123456789");
    const tags = [etag, `W/${etag}`, `"other", ${etag}`, "*", '"other"', etag.slice(1, -1)];
    const answers = tags.map((ifNoneMatch) => own.get("k", { ifNoneMatch }));
    const both = await own.get("k", { ifNoneMatch: etag, range: "bytes=20-" });
    return [
      await Promise.all(answers.map(async (found) => [(await found)?.status, await textOf(await found)])),
      [both?.status, both?.headers["etag"] === etag, both?.body, both?.headers["content-length"] ?? null],
    ];
  },
  async keys(open) {
    const own = open();
    const longest = "x".repeat(1023 - open.nameLength);
    for (const key of [...odd, longest]) await own.put(key, key);
    const texts = await Promise.all([...odd, longest].map(async (key) => (await textOf(await own.get(key))) === key));
    const bad = ["", ".", "..", "a/../b", "./a", "a\0", "\ud800", `${longest}x`];
    return [
      texts.every(Boolean),
      (await keysOf(own)).map((key) => (key === longest ? "longest" : key)),
      await Promise.all(bad.map((key) => codeOf(() => own.put(key, "")))),
      await Promise.all(bad.map((key) => codeOf(() => own.get(key)))),
      [await codeOf(() => open("a/b")), await codeOf(() => open("")), await codeOf(() => open(".a"))],
    ];
  },
  async lists(open) {
    const own = open();
    await Promise.all(
      ["u1/b", "u1/é", "u1/\ufffd", "u1/\u{10ffff}z", "u1/a", "u", "u2/a"].map((key) => own.put(key, key)),
    );
    await open("other").put("u1/other", "");
    const sizes: number[] = [];
    for await (const { size, etag, modified } of own.list({ prefix: "u1/" }))
      sizes.push(etag && modified.getTime() > 1e12 ? size : -1);
    return [
      await keysOf(own, { prefix: "u1/" }),
      await keysOf(own, { prefix: "u1/", after: "u1/a", limit: 2 }),
      await keysOf(own, { prefix: "u1/", after: "t", limit: 1 }),
      await keysOf(own, { prefix: "u1/", after: "u2" }),
      await keysOf(own, { after: "u1/\u{10ffff}z" }),
      await keysOf(own, { limit: 0 }),
      await keysOf(own, { prefix: "none" }),
      sizes,
    ];
  },
  async forms(open, base) {
    const own = open();
    const limits = { maxBytes: 5, type: "text/plain" };
    const form = await own.uploadForm("a b/é", limits);
    const first = await send(base, form, "12345");
    const stored = await own.get("a b/é");
    const redirect = "https://example.com/생김";
    const leading = await answerTo(base, await own.uploadForm("next", { ...limits, redirect }), "next");
    const soon = await aMinuteAgo(() => own.uploadForm("soon", { ...limits, expires: 1 }));
    return [
      form.method,
      first,
      [stored?.type, stored?.size, await textOf(stored)],
      await send(base, form, "again"),
      await send(base, form, "123456"),
      await send(base, form, "x", { "Content-Type": "text/html" }),
      await send(base, form, "x", { policy: `${form.fields["policy"]!.slice(0, -8)}AAAAAAAA` }),
      await send(base, soon, "x"),
      await textOf(await own.get("a b/é")),
      (await own.get("soon")) === undefined,
      // S3 adds a query.
      [leading.status, leading.headers.get("location")?.split("?")[0] === new URL(redirect).href],
      await textOf(await own.get("next")),
    ];
  },
  async large(open, base) {
    const own = open();
    const form = await own.uploadForm("large", { maxBytes: 11_000_000, type: "text/plain" });
    return [
      await send(base, form, "x".repeat(10_999_999).concat("y")),
      await answerOf(own, "large", { range: "bytes=-2" }),
    ];
  },
  async limits(open) {
    const own = open();
    const form = { maxBytes: 1, type: "text/plain" };
    return [
      await codeOf(() => own.uploadForm("..", form)),
      await codeOf(() => own.uploadForm("k", { ...form, maxBytes: 0 })),
      await codeOf(() => own.uploadForm("k", { ...form, expires: 1.5 })),
      await codeOf(() => own.uploadForm("k", { ...form, type: "안녕" })),
      await codeOf(() => own.put("k", "", { type: "a\nb" })),
      await codeOf(() => own.put("k", new Response("a").body, { size: -1 })),
      await Promise.all([-1, 1.5, Number.NaN].map((limit) => codeOf(() => keysOf(own, { limit })))),
      await keysOf(own, { limit: 1e9 }),
      await keysOf(own),
    ];
  },
};

/** Opens a namespace of the run. */
interface Opener {
  (name?: string): Files;
  /** Of the namespace without a name. */
  readonly nameLength: number;
}

/** @param run unique to it */
export function opener(context: FilesContext, run: string): Opener {
  const open = (name?: string): Files =>
    files(context, name === undefined ? run : /^[a-z]+$/.test(name) ? `${run}.${name}` : name);
  return Object.assign(open, { nameLength: run.length });
}
