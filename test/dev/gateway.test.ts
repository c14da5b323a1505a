/** The dev gateway over HTTP, with real builds, the node emulation and raw paths. */
// @module-tag isolated
import { rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { requestIdentity } from "../../framework/dev/server-identity.ts";
import { parse, type Running, run } from "./gateway-app.ts";

const browser = { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } };

const boom = `import type { Handler } from "portico";

interface Guest { readonly name: string }

const first = (guests: readonly Guest[]): string => {
  const [guest] = guests;
  return guest!.name;
};

export const GET: Handler = () => new Response(first([]));
export const POST: Handler = () => {
  throw new Error("<script>alert(1)</script>");
};
export const PUT: Handler = () => {
  throw new Error("");
};
`;

let app: Running;
beforeAll(async () => {
  app = await run(
    {
      "functions/index.ts": `export const GET = () => new Response("home");`,
      "functions/boom.ts": boom,
      "functions/broken.ts": `export const GET = () => new Response(;\n`,
      "functions/top.ts": `throw new Error("at the top");\nexport const GET = () => new Response("never");`,
      "functions/teapot.ts":
        `import { HttpError } from "portico";\n` + `export const GET = () => { throw new HttpError(503, "later"); };`,
      "functions/users/[id].ts": `export const GET = (request, { params, requestId, env }) =>
  Response.json({ url: request.url, params, requestId, env });`,
      "functions/docs/[...path].ts": `export const GET = (request, { params }) => Response.json(params);`,
      "functions/echo.ts": `export const POST = async (request) => new Response(await request.bytes(), { headers:
  [["x-type", request.headers.get("content-type")], ["set-cookie", "a=1"], ["set-cookie", "b=2"]] });`,
      "functions/slow.ts": `
let left = "no";
export const GET = (request) => {
  request.signal.addEventListener("abort", () => { left = "yes"; });
  return new Response(new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode("first")); } }));
};
export const POST = () => new Response(left);`,
      "functions/_public/style.css": "body{}",
      "functions/_public/docs/guide/index.html": "<h1>guide</h1>",
      "functions/_public/about/index.html": "<h1>about</h1>",
    },
    { env: { GREETING: "hello" } },
  );
});
afterAll(() => app[Symbol.asyncDispose]());

test("a request to a route has one record with all fields in the access log", async () => {
  const reply = await app.get("/?a=1");
  expect([reply.status, reply.text]).toEqual([200, "home"]);
  const record = app.access.at(-1)!;
  expect(record).toMatchObject({
    method: "GET",
    target: "/?a=1",
    status: 200,
    bytes: 4,
    route: "/",
    cold: true,
    aborted: false,
    clientAddress: "127.0.0.1",
  });
  await app.get("/");
  expect(app.access.at(-1)).toMatchObject({ cold: false });
  expect(app.access.at(-1)!.requestId).not.toBe(record.requestId);
});

test("a handler gets decoded params, a canonical URL, the log's request id and the declared env alone", async () => {
  const { text } = await app.get("/users/%ec%95%88%2f%2525?q=%zz+1", { headers: { host: "localhost:1" } });
  expect(parse(text)).toEqual({
    url: "http://localhost:1/users/%EC%95%88%2F%2525?q=%zz+1",
    params: { id: "안/%25" },
    requestId: app.access.at(-1)!.requestId,
    env: { GREETING: "hello" },
  });
});

test.each(["/%", "/%zz", "/users/%ff", "/%C0%AF"])("a malformed escape is 400: %s", async (path) => {
  const reply = await app.get(path);
  expect([reply.status, parse(reply.text)]).toEqual([400, { error: "Bad Request" }]);
});

test("the identity request of portico invoke gets the app's folder, and no page of another origin does", async () => {
  expect(await requestIdentity(app.gateway.port)).toEqual({ root: app.root });
  const foreign = { headers: { "portico-whose": "?", origin: "https://evil.example" } };
  expect(await app.get("/", foreign)).toMatchObject({ status: 403, text: expect.not.stringContaining(app.root) });
  expect(await app.get("/", { headers: { "portico-whose": "?", host: "evil.example" } })).toMatchObject({
    status: 403,
  });
  const server = createServer((_, response) => response.end('{"root":"/"}')).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  expect(await requestIdentity(port)).toBeUndefined();
  server.close();
  await once(server, "close");
  await expect(requestIdentity(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("static files come first, with a folder's index.html and its redirect", async () => {
  expect(await app.get("/style.css")).toMatchObject({
    status: 200,
    text: "body{}",
    headers: { "content-type": "text/css; charset=utf-8" },
  });
  expect(await app.get("/about?x=1")).toMatchObject({ status: 308, headers: { location: "/about/?x=1" } });
  expect(await app.get("/about/")).toMatchObject({ status: 200, text: "<h1>about</h1>" });
  expect(await app.get("/style.css", { method: "POST" })).toMatchObject({
    status: 405,
    headers: { allow: "GET, HEAD" },
  });
  const { headers } = await app.get("/style.css");
  expect(await app.get("/style.css", { headers: { "if-none-match": String(headers["etag"]) } })).toMatchObject({
    status: 304,
    text: "",
  });
  expect(app.access.at(-1)).toMatchObject({ status: 304, bytes: 0 });
  expect(app.access.at(-1)).not.toHaveProperty("route");
});

test("paths in a folder of assets never reach a greedy route above it", async () => {
  expect((await app.get("/docs/guide/index.html")).text).toBe("<h1>guide</h1>");
  expect((await app.get("/docs/guide/missing")).status).toBe(404);
  expect(parse((await app.get("/docs/other/page")).text)).toEqual({ path: "other/page" });
});

test("a changed static file is served with a new ETag, and a deleted one is 404", async () => {
  const file = join(app.root, "functions/_public/new.txt");
  await writeFile(file, "one");
  await app.refresh();
  const before = await app.get("/new.txt");
  await writeFile(file, "three");
  const after = await app.get("/new.txt");
  expect([before.text, after.text, after.headers["content-length"]]).toEqual(["one", "three", "5"]);
  expect(after.headers["etag"]).not.toBe(before.headers["etag"]);
  await rm(file);
  expect((await app.get("/new.txt")).status).toBe(404);
});

test("bodies and repeated set-cookie pass through byte for byte", async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  const reply = await app.get("/echo", {
    method: "POST",
    body: bytes,
    headers: { "content-type": "application/x-test" },
  });
  expect(reply.headers["set-cookie"]).toEqual(["a=1", "b=2"]);
  expect(reply.headers["x-type"]).toBe("application/x-test");
  expect(app.access.at(-1)).toMatchObject({ bytes: 256 });
});

test("the function itself answers OPTIONS, HEAD and unsupported methods", async () => {
  expect(await app.get("/", { method: "DELETE" })).toMatchObject({
    status: 405,
    headers: { allow: "GET, HEAD, OPTIONS" },
  });
  expect(await app.get("/", { method: "OPTIONS" })).toMatchObject({ status: 204 });
  expect(await app.get("/", { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
});

test("curl and portico invoke get failures as text with the frame, a client that accepts JSON gets JSON", async () => {
  const { status, headers, text } = await app.get("/boom", { headers: { "user-agent": "curl/8.14.1", accept: "*/*" } });
  expect([status, headers["content-type"], headers["cache-control"]]).toEqual([
    500,
    "text/plain; charset=utf-8",
    "no-store",
  ]);
  expect(text).toMatch(
    /^TypeError: Cannot read .*\n {2}in \/boom, functions\/boom\.ts:7:17\n\n[^]*\n> {2}7 \| {3}return guest!\.name;\n/,
  );
  expect(text).toMatch(/\n {4}at GET \(functions\/boom\.ts/);
  expect(text).toContain(`\nGET /boom, request id ${app.access.at(-1)!.requestId}\n`);
  const broken = await app.get("/broken", { headers: { "user-agent": "portico/invoke" } });
  expect(broken.text).toMatch(/^BUILD_FAILED: .*\n {2}at functions\/broken\.ts:1:\d+\n\n[^]*\nfix: /);
  const json = await app.get("/boom", { headers: { "user-agent": "curl/8.14.1", accept: "application/json" } });
  expect(parse(json.text)).toMatchObject({ failure: { name: "TypeError" } });
});

test("a browser gets a page with the failing lines, the mapped stack and the request", async () => {
  const { status, headers, text } = await app.get("/boom?x=<b>", browser);
  const { requestId } = app.access.at(-1)!;
  expect([status, headers["content-type"], headers["cache-control"]]).toEqual([
    500,
    "text/html; charset=utf-8",
    "no-store",
  ]);
  expect(headers["content-security-policy"]).toContain("default-src 'none'");
  expect(text).toContain("TypeError");
  expect(text).toContain("Cannot read properties of undefined (reading &#39;name&#39;)");
  expect(text).toContain("functions/boom.ts:7:17");
  expect(text).toMatch(
    /<span class="failing"><span class="number"> 7<\/span> {2}return guest!\.<mark>name<\/mark>;<\/span>/,
  );
  expect(text.match(/<span class="number"> ?\d+<\/span>/g)).toHaveLength(11);
  expect(text).toContain("at GET (functions/boom.ts:10:48)");
  expect(text).toContain("GET /boom?x=&lt;b&gt;");
  expect(text).toContain(requestId);
  expect(text).not.toMatch(/<script|<link|src=|https?:/);
  expect(app.failures.at(-1)).toMatchObject({
    status: 500,
    requestId,
    route: "/boom",
    failure: { name: "TypeError", frame: { file: "functions/boom.ts", line: 7, column: 17 } },
  });
});

test("other clients get production's JSON with the same facts added", async () => {
  const { status, headers, text } = await app.get("/boom");
  expect([status, headers["content-type"]]).toEqual([500, "application/json"]);
  const frame = expect.stringContaining(">  7 |   return guest!.name;\n     |                 ^") as string;
  expect(parse(text)).toMatchObject({
    error: "Internal Server Error",
    requestId: app.access.at(-1)!.requestId,
    failure: { name: "TypeError", at: { file: "functions/boom.ts", line: 7, column: 17, frame } },
    request: { method: "GET", target: "/boom", route: "/boom", file: "functions/boom.ts" },
  });
});

test("a function's message is escaped on the page", async () => {
  const { text } = await app.get("/boom", { ...browser, method: "POST" });
  expect(text).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
  expect(text).not.toContain("<script");
});

test("an error without a message has a page", async () => {
  expect((await app.get("/boom", { ...browser, method: "PUT" })).text).toContain("(no message)");
});

test("a module that throws while it loads breaks only its own route", async () => {
  const { status, text } = await app.get("/top", browser);
  expect(status).toBe(500);
  expect(text).toContain("at the top");
  expect(text).toContain("functions/top.ts:1:7");
  expect((await app.get("/")).text).toBe("home");
});

test("an HttpError is a response and no failure, whatever its status", async () => {
  const { status, text } = await app.get("/teapot", browser);
  expect([status, parse(text)]).toEqual([503, { error: "later" }]);
});

test("a file that does not build is reported once with its line and a fix, and breaks only its own route", async () => {
  const page = await app.get("/broken", browser);
  expect([page.status, page.headers["content-type"]]).toEqual([500, "text/html; charset=utf-8"]);
  expect(page.text).toContain("functions/broken.ts:1:");
  expect(page.text).toContain("new Response(;");
  const { error } = parse((await app.get("/broken")).text) as { error: { code: string; at: unknown[] } };
  expect(Object.keys(error)).toEqual(["code", "message", "at", "fix"]);
  expect(error.at[0]).toMatchObject({ file: "functions/broken.ts", line: 1 });
  expect(app.errors.filter((one) => (one as { code?: string }).code === error.code)).toHaveLength(1);
  expect((await app.get("/")).text).toBe("home");
});

test("the next request after an edit gets the edited file, also after a failed build", async () => {
  const file = join(app.root, "functions/edit.ts");
  await writeFile(file, `export const GET = () => new Response("one");`);
  await app.refresh();
  expect((await app.get("/edit")).text).toBe("one");
  await writeFile(file, `export const GET = () => new Response("one;`);
  await app.refresh(["functions/edit.ts"]);
  expect((await app.get("/edit")).status).toBe(500);
  await writeFile(file, `export const GET = () => new Response("two");`);
  await app.refresh(["functions/edit.ts"]);
  expect((await app.get("/edit")).text).toBe("two");
  expect(app.access.at(-1)).toMatchObject({ cold: true });
});

test("404 is a page with the routes for a browser, and JSON for other clients", async () => {
  const page = await app.get("/no/<b>", browser);
  expect(page.status).toBe(404);
  expect(page.text).toContain(`<a href="/boom">/boom</a>`);
  expect(page.text).toContain("functions/users/[id].ts");
  expect(page.text).not.toContain("<b>");
  const plain = await app.get("/no");
  expect([plain.status, parse(plain.text)]).toEqual([404, { error: "Not Found" }]);
  expect((await app.get("//evil.example/%2e%2e")).status).toBe(404);
});

test("a stream arrives before it ends, and a client's disconnect reaches the function and the log", async () => {
  const { port } = app.gateway;
  await new Promise<void>((done, fail) => {
    const message = httpRequest({ port, host: "127.0.0.1", path: "/slow" }, (response) => {
      response.on("error", () => {});
      response.once("data", (chunk: Buffer) => {
        expect(chunk.toString()).toBe("first");
        message.destroy();
        done();
      });
    });
    message.on("error", fail);
    message.end();
  });
  await expect.poll(() => app.access.at(-1)).toMatchObject({ target: "/slow", bytes: 5, aborted: true });
  await expect.poll(async () => (await app.get("/slow", { method: "POST" })).text).toBe("yes");
});

test("a foreign Host is refused", async () => {
  expect((await app.get("/", { headers: { host: "evil.example" } })).status).toBe(403);
});

test("routes in conflict are refused, and the earlier ones stay", async () => {
  const conflicting = (name: string) => ({
    id: name,
    function: name,
    pattern: "/x",
    segments: [{ kind: "static", value: "x" }] as const,
    file: `functions/${name}.ts`,
    middleware: [],
  });
  expect(() => app.gateway.update({ routes: [conflicting("a"), conflicting("b")], assets: [] })).toThrow(
    expect.objectContaining({ code: "ROUTE_CONFLICT" }),
  );
  expect((await app.get("/")).text).toBe("home");
});

test("takes upload forms of 11 MB on node, whatever their query, and no other bodies of that size", async () => {
  await using small = await run({ "functions/index.ts": "export const POST = () => new Response();\n" });
  const answerTo = (path: string) =>
    new Promise<unknown>((done, fail) => {
      const headers = { expect: "100-continue", "content-length": 11 * 1024 ** 2 };
      const message = httpRequest({ port: small.gateway.port, host: "127.0.0.1", path, method: "POST", headers });
      const end = (answer: unknown): void => {
        done(answer);
        message.destroy();
      };
      message.on("continue", () => end("continue"));
      message.on("response", ({ statusCode }) => end(statusCode));
      message.on("error", fail);
      message.flushHeaders();
    });
  const paths = ["/.portico/files/photos", "/.portico/files/photos?to=/a", "/?to=/.portico/files/photos"];
  expect(await Promise.all(paths.map(answerTo))).toEqual(["continue", "continue", 413]);
});
