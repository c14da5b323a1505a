/** Test cases for Hono's own middleware. */
import { form, get, type HonoCase, multipart, multipartType, post } from "./case.ts";

const text = `app.get("/", (c) => c.text("hello"));`;

export const middleware: readonly HonoCase[] = [
  {
    name: "basic-auth",
    imports: `import { basicAuth } from "hono/basic-auth";`,
    code: `app.use(basicAuth({ username: "ada", password: "비밀", realm: "x" })); ${text}`,
    asks: [
      get(),
      get("/", { authorization: "Basic nonsense" }),
      get("/", { authorization: `Basic ${btoa("ada:wrong")}` }),
      get("/", { authorization: `Basic ${Buffer.from("ada:비밀").toString("base64")}` }),
    ],
  },
  {
    name: "bearer-auth",
    imports: `import { bearerAuth } from "hono/bearer-auth";`,
    code: `app.use(bearerAuth({ token: ["one", "two"] })); ${text}`,
    asks: [
      get(),
      get("/", { authorization: "Bearer" }),
      get("/", { authorization: "Bearer x" }),
      get("/", { authorization: "Bearer two" }),
    ],
  },
  {
    name: "body-limit",
    imports: `import { bodyLimit } from "hono/body-limit";`,
    code: `app.post("/", bodyLimit({ maxSize: 8 }), async (c) => c.text(await c.req.text()));
      app.post("/own", bodyLimit({ maxSize: 3, onError: (c) => c.json({ tooLong: true }, 413) }),
      async (c) => c.json(await c.req.json()));
      app.post("/stream", async (c, next) => { c.req.raw.headers.delete("content-length");
      c.req.raw.headers.set("transfer-encoding", "chunked");
      await next(); }, bodyLimit({ maxSize: 8 }), async (c) => c.text(await c.req.text()));`,
    asks: [
      post("/", "text/plain", "12345678"),
      post("/", "text/plain", "123456789"),
      post("/own", "application/json", "{}"),
      post("/own", "application/json", `{"a":1}`),
      post("/stream", "text/plain", "안녕"),
      post("/stream", "text/plain", "안녕하세요"),
    ],
  },
  {
    name: "cache",
    imports: `import { cache } from "hono/cache";`,
    code: `const kept = new Map();
      (globalThis as any).caches = { open: async () => ({ match: async (key: any) =>
      kept.get(String(key.url ?? key))?.clone(), put: async (key: any,
      value: Response) => { kept.set(String(key.url ?? key), value); } }) };
      let count = 0;
      app.use(cache({ cacheName: "x", wait: true, cacheControl: "max-age=60", vary: "accept" }));
      app.get("/", (c) => c.json({ count: ++count })); app.get("/no", (c) => c.text("no", 500));`,
    asks: [get(), get(), get("/?other"), get("/no"), get("/no")],
  },
  {
    name: "combine",
    imports: `import { every, except, some } from "hono/combine"; import { bearerAuth } from "hono/bearer-auth";
      import { basicAuth } from "hono/basic-auth"; import { etag } from "hono/etag";`,
    code: `app.use(except("/combine/open", some(bearerAuth({ token: "t" }), every(basicAuth({ username: "a",
      password: "b" }), etag())))); ${text} app.get("/open", (c) => c.text("open"));`,
    asks: [
      get(),
      get("/open"),
      get("/", { authorization: "Bearer t" }),
      get("/", { authorization: `Basic ${btoa("a:b")}` }),
    ],
  },
  {
    name: "compress",
    imports: `import { compress } from "hono/compress";`,
    code: `app.use(compress()); app.get("/", (c) => c.text("a".repeat(5000))); app.get("/short", (c) => c.text("a"));
      app.get("/json", (c) => c.json({ text: "안녕".repeat(900) }));
      app.get("/png", (c) => c.body(new Uint8Array(3000), 200, { "content-type": "image/png" }));
      app.get("/stream", (c) => c.body(new Blob(["b".repeat(4000)]).stream(), 200, { "content-type": "text/css" }));
      app.get("/kept", (c) => c.text("c".repeat(3000), 200, { "cache-control": "no-transform" }));`,
    asks: ["/", "/short", "/json", "/png", "/stream", "/kept"].flatMap((path) => [
      get(path, { "accept-encoding": "gzip, deflate" }),
      get(path, { "accept-encoding": "deflate" }),
      get(path),
    ]),
  },
  {
    name: "context-storage",
    imports: `import { contextStorage, getContext, tryGetContext } from "hono/context-storage";`,
    code: `app.use(contextStorage());
      app.use(async (c, next) => { c.set("who" as never, (c.req.query("who") ?? "no one") as never); await next(); });
      const greet = async () => { await null;
      return getContext<any>().var.who + String(tryGetContext() !== undefined); };
      app.get("/", async (c) => c.text(await greet()));`,
    asks: [get(), get("/?who=ada")],
  },
  {
    name: "cors",
    imports: `import { cors } from "hono/cors";`,
    code: `app.use("/any/*", cors());
      app.use("/some/*", cors({ origin: ["https://a.test", "https://b.test"], credentials: true, exposeHeaders: ["x-a",
      "x-b"], maxAge: 60, allowMethods: ["POST"] }));
      app.get("/any/x", (c) => c.text("any")); app.post("/some/x", (c) => c.text("some"));
      app.get("/any/own", () => new Response("own", { headers: { vary: "accept" } }));`,
    asks: ["/any/x", "/some/x", "/any/own"].flatMap((path) => [
      get(path),
      get(path, { origin: "https://b.test" }),
      { method: "POST", path, headers: { origin: "https://b.test" } },
      {
        method: "OPTIONS",
        path,
        headers: {
          origin: "https://a.test",
          "access-control-request-method": "POST",
          "access-control-request-headers": "x-c, x-d",
        },
      },
      { method: "OPTIONS", path, headers: { origin: "https://c.test", "access-control-request-method": "POST" } },
    ]),
  },
  {
    name: "csrf",
    imports: `import { csrf } from "hono/csrf";`,
    code: `app.use(csrf({ origin: "https://a.test" }));
      app.all("/", async (c) => c.text("in " + (await c.req.text())));`,
    asks: [
      get(),
      post("/", form, "a=1"),
      post("/", form, "a=1", { origin: "https://a.test" }),
      post("/", form, "a=1", { origin: "https://b.test" }),
      post("/", form, "a=1", { "sec-fetch-site": "same-origin" }),
      post("/", "application/json", "{}", { origin: "https://b.test" }),
      post("/", "text/plain", "a", { "sec-fetch-site": "cross-site" }),
    ],
  },
  {
    name: "etag",
    imports: `import { etag } from "hono/etag";`,
    code: `app.use(etag()); ${text} app.get("/weak", etag({ weak: true }), (c) => c.text("weak", 200,
      { "cache-control": "max-age=1", "x-own": "1" })); app.get("/bytes", (c) => c.body(new Uint8Array([0, 255, 1])));
      app.get("/own", (c) => c.text("x", 200, { etag: '"own"' }));
      app.get("/stream", (c) => c.body(new Blob(["a", "b"]).stream())); app.get("/none", (c) => c.body(null, 204));`,
    asks: [
      ...["/", "/weak", "/bytes", "/own", "/stream", "/none"].map((path) => get(path)),
      get("/", { "if-none-match": '"aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"' }),
      get("/own", { "if-none-match": '"own"' }),
      get("/weak", { "if-none-match": "*" }),
    ],
  },
  {
    name: "ip-restriction",
    imports: `import { ipRestriction } from "hono/ip-restriction";`,
    code: `app.use(ipRestriction((c) => c.req.header("x-ip") ?? "", { denyList: ["10.0.0.0/8", "::ffff:1.2.3.4"],
      allowList: ["192.0.2.0/24", "2001:db8::/32"] })); ${text}`,
    asks: ["192.0.2.7", "10.1.2.3", "2001:db8::1", "8.8.8.8", "nonsense"].map((ip) => get("/", { "x-ip": ip })),
  },
  {
    name: "jwk",
    imports: `import { jwk } from "hono/jwk"; import { sign } from "hono/jwt";`,
    code: `let pair: Promise<any> | undefined;
      const keys = () => (pair ??= crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign",
      "verify"]).then(async (made: any) => ({ key: { ...(await crypto.subtle.exportKey("jwk", made.privateKey)),
      kid: "k", alg: "ES256" }, open: { ...(await crypto.subtle.exportKey("jwk", made.publicKey)), kid: "k",
      alg: "ES256" } })));
      app.get("/sign", async (c) => { const token = await sign({ sub: "ada" }, (await keys()).key, "ES256");
      const again = await app.request("/jwk/in", { headers: { authorization: "Bearer " + token } });
      return c.json([again.status, await again.text()]); });
      app.get("/in", jwk({ keys: async () => [(await keys()).open], alg: ["ES256"] }),
      (c) => c.json(c.get("jwtPayload" as never)));`,
    asks: [get("/sign"), get("/in"), get("/in", { authorization: "Bearer a.b.c" })],
  },
  {
    name: "jwt",
    imports: `import { decode, jwt, sign, verify } from "hono/jwt";`,
    code: `app.get("/sign", async (c) => c.text(await sign({ sub: "ada", iat: 1 }, "key", "HS256")));
      app.get("/read", async (c) => c.json([decode(c.req.query("t")!), await verify(c.req.query("t")!, "key",
      "HS256")]));
      app.get("/in", jwt({ secret: "key", alg: "HS256" }), (c) => c.json(c.get("jwtPayload" as never)));
      app.get("/cookie", jwt({ secret: "key", alg: "HS256", cookie: "t" }),
      (c) => c.json(c.get("jwtPayload" as never)));`,
    asks: [
      get("/sign"),
      ...["/in", "/cookie"].flatMap((path) => [
        get(path),
        get(path, { authorization: "Bearer x" }),
        get(path, { cookie: "t=x.y.z" }),
      ]),
      get("/read?t=eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.x"),
    ],
  },
  {
    name: "language",
    imports: `import { languageDetector } from "hono/language";`,
    code: `app.use(languageDetector({ supportedLanguages: ["en", "ko", "fr"], fallbackLanguage: "en",
      order: ["querystring", "cookie", "header"], cookieOptions: { secure: false } as never }));
      app.get("/", (c) => c.text(c.get("language" as never)));`,
    asks: [
      get(),
      get("/?lang=ko"),
      get("/", { cookie: "language=fr" }),
      get("/", { "accept-language": "de, ko;q=0.8, fr;q=0.9" }),
    ],
  },
  {
    name: "logger",
    imports: `import { logger } from "hono/logger";`,
    code: `const lines: string[] = [];
      app.use(logger((line) => lines.push(line.replace(/\\d+m?s$/, "N")))); ${text} app.get("/lines",
      (c) => c.json(lines)); app.get("/no", (c) => c.text("no", 404));`,
    asks: [get("/?a=1"), get("/no"), get("/lines")],
  },
  {
    name: "method-not-allowed",
    imports: `import { methodNotAllowed } from "hono/method-not-allowed";`,
    code: `app.use(methodNotAllowed({ app })); ${text} app.post("/", (c) => c.text("posted"));`,
    asks: [get(), { method: "POST" }, { method: "DELETE" }, get("/nothing")],
  },
  {
    name: "method-override",
    imports: `import { methodOverride } from "hono/method-override";`,
    code: `app.use("/form", methodOverride({ app })); app.use("/header", methodOverride({ app, header: "x-method" }));
      app.use("/query", methodOverride({ app, query: "_method" }));
      for (const path of ["/form", "/header", "/query"]) { app.delete(path, async (c) => c.json({ deleted: c.req.url,
      body: await c.req.parseBody().catch(String), header: c.req.header("x-method") }));
      app.post(path, async (c) => c.json({ posted: await c.req.parseBody() })); }`,
    asks: [
      post("/form", form, "_method=DELETE&a=1"),
      post("/form", form, "a=1"),
      post("/form", multipartType, multipart({ _method: "DELETE", a: "안녕", f: ["a.txt", "file"] })!),
      post("/header", form, "a=1", { "x-method": "DELETE" }),
      post("/header", form, "a=1"),
      post("/query?_method=DELETE&b=2", form, "a=1"),
    ],
  },
  {
    name: "powered-by",
    imports: `import { poweredBy } from "hono/powered-by"; import { prettyJSON } from "hono/pretty-json";`,
    code: `app.use(poweredBy({ serverName: "us" }), prettyJSON({ space: 3 }));
      app.get("/", (c) => c.json({ a: [1, { b: 2 }] })); app.get("/text", (c) => c.text("{}"));`,
    asks: [get(), get("/?pretty"), get("/text?pretty")],
  },
  {
    name: "request-id",
    imports: `import { requestId } from "hono/request-id";`,
    code: `app.use("/own", requestId({ generator: () => "made", headerName: "x-id" })); app.use("/random", requestId());
      app.get("*", (c) => c.text(String((c.get("requestId" as never) as string).length)));`,
    asks: [
      get("/own"),
      get("/own", { "x-id": "given" }),
      get("/own", { "x-id": "b@d" }),
      get("/random", { "x-request-id": "given" }),
    ],
  },
  {
    name: "secure-headers",
    imports: `import { NONCE, secureHeaders } from "hono/secure-headers";`,
    code: `app.use("/", secureHeaders());
      app.use("/csp", secureHeaders({ contentSecurityPolicy: { defaultSrc: ["'self'"], scriptSrc: [NONCE,
      "https://a.test"] }, xFrameOptions: false, permissionsPolicy: { camera: ["self"] },
      strictTransportSecurity: "max-age=1" }));
      ${text} app.get("/csp", (c) => { const nonce = c.get("secureHeadersNonce" as never) as string;
      return c.text(String(nonce.length)); });`,
    asks: [get(), get("/csp")],
  },
  {
    name: "timeout",
    imports: `import { timeout } from "hono/timeout"; import { HTTPException } from "hono/http-exception";`,
    code: `app.use("/late", timeout(20));
      app.use("/own", timeout(20, () => new HTTPException(408, { message: "late", res: new Response("own late",
      { status: 408, headers: { "x-own": "1" } }) })));
      app.get("/", timeout(5000), (c) => c.text("in time"));
      for (const path of ["/late", "/own"]) app.get(path, () => new Promise<never>(() => {}));`,
    asks: [get(), get("/late"), get("/own")],
  },
  {
    name: "timing",
    imports: `import { endTime, setMetric, startTime, timing } from "hono/timing";`,
    code: `app.use(timing({ total: false })); app.get("/", (c) => { setMetric(c, "region", "icn");
      setMetric(c, "db", 12.5, "the database"); startTime(c, "work"); endTime(c, "work"); return c.text("timed"); });`,
    asks: [get()],
  },
  {
    name: "trailing-slash",
    imports: `import { appendTrailingSlash, trimTrailingSlash } from "hono/trailing-slash";`,
    code: `app.use("/trim/*", trimTrailingSlash()); app.use("/append/*", appendTrailingSlash());
      app.get("/trim/a", (c) => c.text("trimmed")); app.get("/append/a/", (c) => c.text("appended"));`,
    asks: [get("/trim/a/"), get("/trim/a/?q=1"), get("/trim/a"), get("/append/a"), get("/append/a/?q=1")],
  },
];
