/** Test cases for Hono's context, errors, helpers and validator. */
import { form, get, type HonoCase, multipart, multipartType, post } from "./case.ts";

export const parts: readonly HonoCase[] = [
  {
    name: "answers",
    imports: `import { HTTPException } from "hono/http-exception";`,
    code: `app.get("/text", (c) => c.text("안녕", 201, { "x-a": "1" })); app.get("/json", (c) => c.json({ a: [1] }));
      app.get("/html", (c) => c.html("<p>é")); app.get("/body", (c) => { c.header("x-b", "1");
      c.header("x-b", "2", { append: true }); c.status(202); return c.body("raw"); });
      app.get("/bytes", (c) => c.body(new Uint8Array([0, 128, 255])));
      app.get("/redirect", (c) => c.redirect("/x?한", 307)); app.get("/null", (c) => c.body(null));
      app.get("/none", () => new Response(null, { status: 204 }));
      app.get("/throw", () => { throw new HTTPException(418, { message: "teapot" }); });
      app.get("/throw-own", () => { throw new HTTPException(401, { res: new Response("own", { status: 401,
      headers: { "www-authenticate": "x" } }) }); }); app.get("/error", () => { throw new Error("secret"); });
      app.get("/native", () => Response.json({ a: 1 }, { status: 203 }));
      app.get("/static-redirect", () => Response.redirect("https://a.test/b", 301));
      app.get("/copy", async (c) => { const r = new Response("copied", { headers: { a: "1" } });
      return new Response(r.body, r); });
      app.get("/again", async (c, next) => { await next(); c.res = new Response("again " + (await c.res.text()), c.res);
      c.res.headers.set("x-again", "1"); }, (c) => { c.header("set-cookie", "a=1");
      return c.text("first", 200, { "set-cookie": "b=2" }); });
      app.get("/undefined", async (c, next) => { await next(); c.res = undefined;
      c.res = new Response("fresh"); }, (c) => c.text("old"));
      app.notFound((c) => c.json({ nothing: c.req.path }, 404));`,
    asks: [
      "text",
      "json",
      "html",
      "body",
      "bytes",
      "redirect",
      "null",
      "none",
      "throw",
      "throw-own",
      "error",
      "native",
      "static-redirect",
      "copy",
      "again",
      "undefined",
      "nowhere",
    ].flatMap((path) => [get(`/${path}`), { method: "HEAD", path: `/${path}` }]),
  },
  {
    name: "requests",
    imports: ``,
    code: `app.all("/all", async (c) => c.json({ method: c.req.method, url: c.req.url, path: c.req.path,
      query: c.req.query(), queries: c.req.queries("a"), headers: Object.keys(c.req.header()).toSorted(),
      type: c.req.header("Content-Type"), text: await c.req.text(), used: c.req.raw.bodyUsed }));
      app.post("/json", async (c) => c.json(await c.req.json()));
      app.post("/form", async (c) => { const body = await c.req.parseBody({ all: true, dot: true });
      return c.json(body, 200, { "x-file": String(body["f"] instanceof File && (body["f"] as File).name) }); });
      app.post("/file", async (c) => { const form = await c.req.formData(); const file = form.get("f") as File;
      return c.text([file.name, file.type, file.size, await file.text()].join()); });
      app.post("/blob", async (c) => { const blob = await c.req.blob(); return c.text(blob.type + blob.size); });
      app.post("/bytes", async (c) => c.body(await c.req.arrayBuffer()));
      app.post("/twice", async (c) => c.json([await c.req.text(), await c.req.json(),
      (await c.req.arrayBuffer()).byteLength]));
      app.post("/clone", async (c) => { const copy = c.req.raw.clone();
      return c.text((await copy.text()) + (await c.req.raw.text())); });
      app.post("/new", async (c) => { const copy = new Request(c.req.raw, { headers: { "x-new": "1" } });
      return c.text([copy.headers.get("x-new"), copy.headers.get("content-type"), await copy.text(),
      c.req.raw.bodyUsed].join()); });
      app.post("/stream", async (c) => { let size = 0; for await (const chunk of c.req.raw.body!) size += chunk.length;
      return c.text(String(size)); });
      app.get("/signal", (c) => c.text(String(c.req.raw.signal.aborted) + (c.req.raw.signal instanceof AbortSignal)));
      app.post("/through", (c) => new Response(c.req.raw.body,
      { headers: { "content-type": c.req.header("content-type")! } }));`,
    asks: [
      get("/all?a=1&a=2&b=%ED%95%9C", { cookie: "a=1; b=2", "x-a": "é".normalize() }),
      { method: "PUT", path: "/all", body: "put" },
      { method: "PATCH", path: "/all", body: "" },
      post("/json", "application/json", `{"a":"안녕"}`),
      post("/json", "application/json", "{"),
      post("/form", form, "a=1&a=2&b.c=%ED%95%9C+x"),
      post("/form", multipartType, multipart({ a: "1", f: ["가.txt", "file"] })!),
      post("/form", multipartType, "nonsense"),
      post("/file", multipartType, multipart({ f: ["a.txt", "안녕"] })!),
      ...["/blob", "/bytes", "/clone", "/new", "/stream", "/through"].flatMap((path) => [
        post(path, "text/plain", "안녕 world"),
        post(path, "application/octet-stream", "raw"),
      ]),
      post("/twice", "application/json", `[1]`),
      get("/signal"),
    ],
  },
  {
    name: "cookies",
    imports: `import { deleteCookie, getCookie, getSignedCookie, setCookie, setSignedCookie } from "hono/cookie";`,
    code: `app.get("/set", async (c) => { setCookie(c, "a", "한 글");
      setCookie(c, "b", "2", { path: "/", httpOnly: true, maxAge: 60, sameSite: "Lax" });
      await setSignedCookie(c, "s", "v", "key"); deleteCookie(c, "old"); return c.text("set"); });
      app.get("/get", async (c) => c.json([getCookie(c), getCookie(c, "a") ?? null, await getSignedCookie(c, "key",
      "s")]));`,
    asks: [
      get("/set"),
      get("/get"),
      get("/get", { cookie: "a=%ED%95%9C; b=2; s=v.X6kYmDCzQqDP3lDdSNYzjmnoXo0qv%2Fsqr6WsFuDvJmo%3D" }),
      get("/get", { cookie: "s=v.forged" }),
    ],
  },
  {
    name: "streaming",
    imports: `import { stream, streamSSE, streamText } from "hono/streaming";`,
    code: `app.get("/bytes", (c) => stream(c, async (s) => { await s.write(new Uint8Array([1, 255]));
      await s.write("text"); await s.pipe(new Blob(["piped"]).stream()); }));
      app.get("/text", (c) => streamText(c, async (s) => { await s.write("a"); await s.sleep(2);
      await s.writeln("b"); })); app.get("/sse", (c) => streamSSE(c, async (s) => { for (let at = 0; at < 3;
      at++) await s.writeSSE({ data: "line\\n" + at, event: "tick", id: String(at) }); }));
      app.get("/fails", (c) => stream(c, async (s) => { await s.write("before");
      throw new Error("x"); }, async (_, s) => { await s.write("after"); }));`,
    asks: ["/bytes", "/text", "/sse", "/fails"].flatMap((path) => [get(path), { method: "HEAD", path }]),
  },
  {
    name: "jsx",
    imports: `import { jsxRenderer, useRequestContext } from "hono/jsx-renderer"; import { css, Style } from "hono/css";
      import { html, raw } from "hono/html"; import { Suspense, renderToReadableStream } from "hono/jsx/streaming";`,
    code: `const Where = () => <i>{useRequestContext().req.path}</i>; const Late = async () => { await null;
      return <b>late</b>; };
      app.use("/page/*", jsxRenderer(({ children,
      title }: any) => <html><head><title>{title}</title><Style /></head>
        <body class={css\`color: red;\`}>{children}</body></html>));
      app.get("/page/a", (c) => c.render(<p>안녕 &amp; <Where /></p>, { title: "<a>" } as never));
      app.get("/html", (c) => c.html(html\`<p>\${"<x>"}\${raw("<y>")}</p>\`));
      app.get("/jsx", (c) => c.html(<p>{"<x>"}</p>)); app.get("/late", async (c) => c.html(<Late />));
      app.use("/stream/*", jsxRenderer(({ children }: any) => <body>{children}</body>, { stream: true }));
      app.get("/stream/a", (c) => c.render(<Suspense fallback={<i>wait</i>}><Late /></Suspense>));
      app.get("/readable", (c) => c.body(renderToReadableStream(<Suspense fallback="wait"><Late /></Suspense>)));`,
    asks: ["/page/a", "/html", "/jsx", "/late", "/stream/a", "/readable"].map((path) => get(path)),
  },
  {
    name: "validator",
    imports: `import { validator } from "hono/validator";`,
    code: `const must = (target: any) => validator(target, (value: any,
      c) => (value.a === undefined && value.get?.("a") === undefined ? c.json({ lacks: target }, 400) : {
      a: String(value.a) }));
      for (const target of ["json", "form", "query", "header", "cookie"]) app.post("/" + target, must(target),
      (c) => c.json(c.req.valid(target as never)));
      app.post("/param/:a", must("param"), (c) => c.json(c.req.valid("param" as never)));`,
    asks: [
      post("/json", "application/json", `{"a":1}`),
      post("/json", "application/json", `{`),
      post("/json", "text/plain", `{"a":1}`),
      post("/form", form, "a=1"),
      post("/form", form, "b=1"),
      post("/form", multipartType, multipart({ a: "1" })!),
      post("/form", multipartType, "nonsense"),
      { method: "POST", path: "/query?a=1" },
      { method: "POST", path: "/query" },
      { method: "POST", path: "/header", headers: { a: "1" } },
      { method: "POST", path: "/cookie", headers: { cookie: "a=1" } },
      { method: "POST", path: "/param/7" },
    ],
  },
  {
    name: "proxy",
    imports: `import { proxy } from "hono/proxy";`,
    code: `const at = (path: string) => process.env["ORIGIN"] + path;
      app.all("/to/:path", (c) => proxy(at("/" + c.req.param("path")), { ...c.req, headers: { ...c.req.header(),
      host: "in.test", "x-forwarded-host": undefined, "x-amzn-trace-id": undefined, "x-forwarded-port": undefined } }));
      app.get("/plain", () => fetch(at("/plain")));
      app.get("/changed", async () => { const answer = await fetch(at("/cookies"));
      const copy = new Response(answer.body, answer); copy.headers.append("set-cookie", "c=3");
      copy.headers.delete("date"); return copy; });
      app.post("/request", async (c) => { const answer = await fetch(new Request(at("/echo"), { method: "PUT",
      body: await c.req.text(), headers: { "x-a": "1" } }));
      return c.json([answer.status, answer.ok, answer.url.length > 0, answer.redirected, answer.type,
      await answer.json()]); });
      app.post("/raw", (c) => fetch(new Request(at("/echo"), new Request(c.req.raw, { headers: { "x-raw": "1" } }))));
      app.get("/moved", async (c) => { const answer = await fetch(at("/moved"));
      return c.json([answer.redirected, answer.url.endsWith("/plain"), await answer.text()]); });
      app.get("/manual", async (c) => { const answer = await fetch(at("/moved"), { redirect: "manual" });
      return c.json([answer.status, answer.headers.get("location")]); });
      app.get("/down", async (c) => c.text(await fetch("http://127.0.0.1:1/").then(String,
      (error) => error.name + error.message)));
      app.get("/aborted", async (c) => c.text(await fetch(at("/plain"), { signal: AbortSignal.abort() }).then(String,
      (error) => error.name)));`,
    asks: [
      get("/to/plain"),
      get("/to/gzip"),
      get("/to/cookies"),
      get("/to/missing"),
      post("/to/echo", "text/plain", "안녕"),
      get("/plain"),
      get("/changed"),
      post("/request", "text/plain", "sent"),
      post("/raw", "text/plain", "raw 안녕"),
      ...["/moved", "/manual", "/down", "/aborted"].map((path) => get(path)),
    ],
  },
  {
    name: "helpers",
    imports: `import { accepts } from "hono/accepts"; import { createMiddleware } from "hono/factory";
      import { env, getRuntimeKey } from "hono/adapter"; import { routePath } from "hono/route";
      import { testClient } from "hono/testing";`,
    code: `app.use(createMiddleware(async (c, next) => { await next();
      c.res.headers.append("x-after", String(c.res.status)); }));
      app.get("/accepts", (c) => c.text(accepts(c, { header: "Accept", supports: ["text/html", "application/json"],
      default: "text/html" })));
      app.get("/runtime", (c) => c.text(getRuntimeKey() + typeof env(c)));
      app.get("/route/:id", (c) => c.text(routePath(c)));
      app.get("/inner", async (c) => { const answer = await app.request("/helpers/route/7", { headers: { a: "1" } });
      return c.text((await answer.text()) + answer.headers.get("x-after") + (answer instanceof Response)); });
      app.get("/client", async (c) => { const inner: any = testClient(app as any); return c.text(typeof inner); });
      app.mount("/mounted",
      (request: Request) => new Response(new URL(request.url).pathname + (request instanceof Request)));`,
    asks: [
      get("/accepts", { accept: "application/json, text/html;q=0.5" }),
      get("/accepts"),
      ...["/runtime", "/route/7", "/inner", "/client", "/mounted/a"].map((path) => get(path)),
    ],
  },
];
