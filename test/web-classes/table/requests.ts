/** The behaviour table's rows for Request (Fetch standard, section 5.4). */
import { functionsOf, type Row, type Web } from "../table-row.ts";

const url = "http://a.test/b";
/** One question to a new Request. */
const ask =
  (init: unknown, question: (request: Request) => unknown, input: unknown = url) =>
  ({ Request }: Web): unknown =>
    question(new Request(input as string, init as RequestInit));
const href = (input: unknown) => ask(undefined, (r) => r.url, input);
const method = (value: unknown) => ask({ method: value }, (r) => r.method);
const option = (name: string, value: unknown) =>
  ask({ [name]: value }, (r) => (r as unknown as Record<string, unknown>)[name]);
const over =
  (init: RequestInit, next: unknown, question: (request: Request, from: Request) => unknown) =>
  ({ Request }: Web): unknown => {
    const from = new Request(url, init);
    return question(new Request(from, next as RequestInit), from);
  };
const post = { method: "POST", body: "x" };
const bodyOf = (r: Request): Promise<string> => r.text();

const urls: readonly (readonly [string, string])[] = [
  ["http://a.test", "http://a.test/"],
  ["HTTP://A.test/B", "http://a.test/B"],
  ["http://a.test:80/", "http://a.test/"],
  ["https://a.test:443/", "https://a.test/"],
  ["http://a.test:8080/", "http://a.test:8080/"],
  ["http://a.test/b/../c/./d", "http://a.test/c/d"],
  ["http://a.test/b/%2e%2E/c", "http://a.test/c"],
  ["http://a.test/..", "http://a.test/"],
  ["http://a.test/b/..", "http://a.test/"],
  ["http://a.test/b/.", "http://a.test/b/"],
  ["http://a.test/.b", "http://a.test/.b"],
  ["http://a.test/b..c", "http://a.test/b..c"],
  ["http://a.test/b./c", "http://a.test/b./c"],
  ["http://a.test/...", "http://a.test/..."],
  ["http://a.test//b", "http://a.test//b"],
  ["http://a.test/안", "http://a.test/%EC%95%88"],
  ["http://a.test/ b", "http://a.test/%20b"],
  ["http://a.test/b c", "http://a.test/b%20c"],
  ["  http://a.test/  ", "http://a.test/"],
  ["http://a.test/b\nc", "http://a.test/bc"],
  ["http://a.test\\b", "http://a.test/b"],
  ["http://a.test/b?c=d e'f#g h", "http://a.test/b?c=d%20e%27f#g%20h"],
  ["http://a.test/?", "http://a.test/?"],
  ["http://a.test/#", "http://a.test/#"],
  ["http://a.test?b", "http://a.test/?b"],
  ["http://a.test/b%zz", "http://a.test/b%zz"],
  ["http://a.test/~!$&'()*+,;=:@-_.b", "http://a.test/~!$&'()*+,;=:@-_.b"],
  ['http://a.test/"<>`{}|^', "http://a.test/%22%3C%3E%60%7B%7D|%5E"],
  ["http://0x7f.1/", "http://127.0.0.1/"],
  ["http://127.1/", "http://127.0.0.1/"],
  ["http://1.2.3.4/", "http://1.2.3.4/"],
  ["http://[::0:1]/", "http://[::1]/"],
  ["http://안.test/", "http://xn--le5b.test/"],
  ["http://a.test./b", "http://a.test./b"],
  ["http://a..test/b", "http://a..test/b"],
  ["http://%41.test/", "http://a.test/"],
  ["http://a_b.test/", "http://a_b.test/"],
  ["http:a.test/b", "http://a.test/b"],
  ["http:///a.test/b", "http://a.test/b"],
  ["data:text/plain,x", "data:text/plain,x"],
  ["about:blank", "about:blank"],
  ["a:b", "a:b"],
  ["http://a.test/\ud800", "http://a.test/%EF%BF%BD"],
];
const badUrls = [
  "",
  "/b",
  "b",
  "//a.test/",
  "http://",
  "http://a b/",
  "http://a.test:99999/",
  "http://u@a.test/",
  "http://u:p@a.test/",
  "http://:p@a.test/",
  "http://[::1",
  "http://1.2.3.256/",
  "http://a<b/",
  "http://a%00b/",
  "?",
];
const choices: Readonly<Record<string, readonly [standard: string, values: readonly string[]]>> = {
  referrerPolicy: [
    "",
    [
      "no-referrer",
      "origin",
      "unsafe-url",
      "strict-origin-when-cross-origin",
      "same-origin",
      "no-referrer-when-downgrade",
      "strict-origin",
      "origin-when-cross-origin",
      "",
    ],
  ],
  mode: ["cors", ["same-origin", "no-cors", "cors"]],
  credentials: ["same-origin", ["omit", "include", "same-origin"]],
  cache: ["default", ["no-store", "reload", "no-cache", "force-cache", "default"]],
  redirect: ["follow", ["manual", "error", "follow"]],
};

export const requests: readonly Row[] = [
  [
    "made of a URL",
    ["GET", url, "", "about:client", "", "cors", "same-origin", "default", "follow", "", false, false, null, false],
    ask(undefined, (r) => [
      r.method,
      r.url,
      r.destination,
      r.referrer,
      r.referrerPolicy,
      r.mode,
      r.credentials,
      r.cache,
      r.redirect,
      r.integrity,
      r.keepalive,
      r.signal.aborted,
      r.body,
      r.bodyUsed,
    ]),
  ],
  ["duplex", "half", ask(undefined, (r) => (r as unknown as { duplex: string }).duplex)],
  ["made of nothing", "!TypeError", ({ Request }) => new (Request as unknown as new () => Request)()],
  ["made of undefined", "!TypeError", href(null)],
  ["made of a URL object", "http://a.test/b?c#d", href(new URL("http://a.test/b?c#d"))],
  ["made of an object with a text", url, href({ toString: () => url })],
  ["made of a symbol", "!TypeError", href(Symbol("s"))],
  ...urls.map(([given, expected]): Row => [`the URL ${JSON.stringify(given)}`, expected, href(given)]),
  ...badUrls.map((given): Row => [`the URL ${JSON.stringify(given)}`, "!TypeError", href(given)]),
  ["an init of null", "GET", ask(null, (r) => r.method)],
  ["an init of a number", "!TypeError", ask(1, (r) => r.method)],
  ["an init of a text", "!TypeError", ask("POST", (r) => r.method)],
  ["an init with inherited members", "PUT", ask(Object.create({ method: "PUT" }), (r) => r.method)],
  [
    "an init of a Request",
    ["POST", "x", "1"],
    async ({ Request }) => {
      const r = new Request("http://c.test/", new Request(url, { method: "POST", body: "x", headers: { a: "1" } }));
      return [r.method, await r.text(), r.headers.get("a")];
    },
  ],
  ...["get", "Get", "GET", "head", "post", "put", "delete", "options"].map((name): Row => [
    `the method ${name}`,
    name.toUpperCase(),
    method(name),
  ]),
  ...["patch", "PATCH", "Patch", "chicken", "QUERY", "M-SEARCH", "a!"].map((name): Row => [
    `the method ${name}`,
    name,
    method(name),
  ]),
  ...["CONNECT", "connect", "TRACE", "Trace", "TRACK", "track", "", "a b", "a\n", "é", "한", "GET ", "(", "a/b"].map(
    (name): Row => [`the method ${JSON.stringify(name)}`, "!TypeError", method(name)],
  ),
  ["a method of null", "null", method(null)],
  ["a method of undefined", "GET", method(undefined)],
  ["a method of a symbol", "!TypeError", method(Symbol("s"))],
  ["a method that is a prototype's member", "constructor", method("constructor")],
  ["headers", [["a", "1"]], ask({ headers: { A: "1" } }, (r) => r.headers)],
  [
    "headers of Headers",
    [["a", "1"]],
    ({ Headers, Request }) => [...new Request(url, { headers: new Headers({ a: "1" }) }).headers],
  ],
  [
    "headers are copied",
    "1",
    ({ Headers, Request }) => {
      const mine = new Headers({ a: "1" });
      const r = new Request(url, { headers: mine });
      mine.set("a", "2");
      return r.headers.get("a");
    },
  ],
  ["headers of null", "!TypeError", ask({ headers: null }, (r) => r.url)],
  ["headers that are broken", "!TypeError", ask({ headers: { "a b": "1" } }, (r) => r.url)],
  ["headers are the same each time", true, ask(undefined, (r) => r.headers === r.headers)],
  [
    "headers can be changed",
    "1",
    ask(undefined, (r) => {
      r.headers.set("a", "1");
      return r.headers.get("a");
    }),
  ],
  ["headers are Headers", true, ({ Headers, Request }) => new Request(url).headers instanceof Headers],
  [
    "host and cookie are kept",
    [
      ["cookie", "a=1"],
      ["host", "h"],
    ],
    ask({ headers: { host: "h", cookie: "a=1" } }, (r) => r.headers),
  ],
  ...["GET", "HEAD", "get"].flatMap((name): Row[] => [
    [`${name} with a body`, "!TypeError", ask({ method: name, body: "x" }, (r) => r.method)],
    [`${name} with an empty body`, "!TypeError", ask({ method: name, body: "" }, (r) => r.method)],
    [`${name} with a body of null`, null, ask({ method: name, body: null }, (r) => r.body)],
  ]),
  ["a body without a method", "!TypeError", ask({ body: "x" }, (r) => r.method)],
  [
    "a body",
    ["x", "text/plain;charset=UTF-8"],
    ask(post, async (r) => [await r.text(), r.headers.get("content-type")]),
  ],
  [
    "an empty body is one",
    [true, ""],
    ask({ method: "POST", body: "" }, async (r) => [r.body !== null, await r.text()]),
  ],
  [
    "a body of bytes",
    [[1, 2], null],
    ask({ method: "PUT", body: Uint8Array.of(1, 2) }, async (r) => [await r.bytes(), r.headers.get("content-type")]),
  ],
  [
    "a body of a query",
    ["a=1", "application/x-www-form-urlencoded;charset=UTF-8"],
    ask({ method: "POST", body: new URLSearchParams("a=1") }, async (r) => [
      await r.text(),
      r.headers.get("content-type"),
    ]),
  ],
  ["a form", [["a", "1"]], ask({ method: "POST", body: new URLSearchParams("a=1") }, (r) => r.formData())],
  ["json", { a: 1 }, ask({ method: "POST", body: '{"a":1}' }, (r) => r.json())],
  ["an array buffer", [120], ask(post, (r) => r.arrayBuffer())],
  [
    "a blob",
    ["x", "text/plain;charset=utf-8"],
    ask(post, async (r) => {
      const blob = await r.blob();
      return [await blob.text(), blob.type];
    }),
  ],
  [
    "no body reads as nothing",
    ["", [], false],
    ask(undefined, async (r) => [await r.text(), await r.bytes(), r.bodyUsed]),
  ],
  [
    "a body twice",
    "!TypeError",
    ask(post, async (r) => {
      await r.text();
      return r.text();
    }),
  ],
  ["a stream without duplex", "!TypeError", ask({ method: "POST", body: new ReadableStream() }, (r) => r.url)],
  [
    "a stream with duplex",
    "x",
    ({ Request }) =>
      new Request(url, { method: "POST", body: new Blob(["x"]).stream(), duplex: "half" } as RequestInit).text(),
  ],
  [
    "a stream with keepalive",
    "!TypeError",
    ({ Request }) =>
      new Request(url, {
        method: "POST",
        body: new Blob(["x"]).stream(),
        duplex: "half",
        keepalive: true,
      } as RequestInit),
  ],
  [
    "a stream in no-cors",
    "!TypeError",
    ({ Request }) =>
      new Request(url, {
        method: "POST",
        body: new Blob(["x"]).stream(),
        duplex: "half",
        mode: "no-cors",
      } as RequestInit),
  ],
  ["duplex full", "!TypeError", ask({ ...post, duplex: "full" }, (r) => r.url)],
  ["duplex without a body", "GET", ask({ duplex: "half" }, (r) => r.method)],
  ...Object.entries(choices).flatMap(([name, [standard, values]]): Row[] => [
    ...values.map((value): Row => [`${name}: ${value}`, value, option(name, value)]),
    [`${name} of undefined`, standard, option(name, undefined)],
    [`${name} of nonsense`, "!TypeError", option(name, "nonsense")],
    [`${name} of null`, "!TypeError", option(name, null)],
    [`${name} in upper case`, "!TypeError", option(name, "OMIT")],
    [
      `${name} is kept by a clone`,
      values[0],
      ask({ [name]: values[0] }, (r) => (r.clone() as unknown as Record<string, unknown>)[name]),
    ],
  ]),
  ["mode: navigate", "!TypeError", option("mode", "navigate")],
  ["no-cors with PUT", "!TypeError", ask({ mode: "no-cors", method: "PUT" }, (r) => r.url)],
  ["no-cors with POST", "POST", ask({ mode: "no-cors", method: "POST" }, (r) => r.method)],
  ["only-if-cached", "!TypeError", option("cache", "only-if-cached")],
  [
    "only-if-cached of the same origin",
    "only-if-cached",
    ask({ cache: "only-if-cached", mode: "same-origin" }, (r) => r.cache),
  ],
  ["integrity", "sha256-x", option("integrity", "sha256-x")],
  ["integrity of a number", "1", option("integrity", 1)],
  ["keepalive", true, option("keepalive", true)],
  ["keepalive of a text", true, option("keepalive", "no")],
  ["keepalive of null", false, option("keepalive", null)],
  ["window of null", "GET", ask({ window: null }, (r) => r.method)],
  ["window of anything", "!TypeError", ask({ window: {} }, (r) => r.method)],
  ["referrer", "http://c.test/", option("referrer", "http://c.test")],
  ["referrer of nothing", "", option("referrer", "")],
  ["referrer about:client", "about:client", option("referrer", "about:client")],
  ["referrer that is relative", "!TypeError", option("referrer", "/x")],
  ["priority of nonsense", "!TypeError", ask({ priority: "nonsense" }, (r) => r.url)],
  ["priority", url, ask({ priority: "high" }, (r) => r.url)],
  ["a signal of its own", [false, true], ask(undefined, (r) => [r.signal.aborted, r.signal instanceof AbortSignal])],
  ["a signal is the same each time", true, ask(undefined, (r) => r.signal === r.signal)],
  [
    "a signal that was given is followed",
    [false, true, "why"],
    ({ Request }) => {
      const mine = new AbortController();
      const r = new Request(url, { signal: mine.signal });
      const before = r.signal.aborted;
      mine.abort("why");
      return [before, r.signal.aborted, String(r.signal.reason)];
    },
  ],
  [
    "a signal that was given, asked for later",
    [true, "why"],
    ({ Request }) => {
      const mine = new AbortController();
      const r = new Request(url, { signal: mine.signal });
      mine.abort("why");
      return [r.signal.aborted, String(r.signal.reason)];
    },
  ],
  [
    "a signal that was given is not the request's",
    false,
    ({ Request }) => {
      const mine = new AbortController();
      return new Request(url, { signal: mine.signal }).signal === mine.signal;
    },
  ],
  [
    "a signal that was aborted before",
    [true, "why"],
    ask({ signal: AbortSignal.abort("why") }, (r) => [r.signal.aborted, String(r.signal.reason)]),
  ],
  [
    "a signal's event",
    "why",
    ({ Request }) => {
      const mine = new AbortController();
      const r = new Request(url, { signal: mine.signal });
      return new Promise((done) => {
        r.signal.addEventListener("abort", () => done(r.signal.reason));
        mine.abort("why");
      });
    },
  ],
  ["a signal of null", false, ask({ signal: null }, (r) => r.signal.aborted)],
  ["a signal of anything else", "!TypeError", ask({ signal: {} }, (r) => r.url)],
  [
    "a clone follows the signal",
    true,
    ({ Request }) => {
      const mine = new AbortController();
      const clone = new Request(url, { signal: mine.signal }).clone();
      mine.abort();
      return clone.signal.aborted;
    },
  ],
  [
    "a request of a request follows the signal",
    true,
    ({ Request }) => {
      const mine = new AbortController();
      const next = new Request(new Request(url, { signal: mine.signal }));
      mine.abort();
      return next.signal.aborted;
    },
  ],
  [
    "a signal of null follows nothing",
    false,
    over({ signal: AbortSignal.abort() }, { signal: null }, (r) => r.signal.aborted),
  ],
  [
    "a clone",
    [
      url,
      "POST",
      "x",
      [
        ["a", "1"],
        ["content-type", "text/plain;charset=UTF-8"],
      ],
    ],
    ask({ ...post, headers: { a: "1" } }, async (r) => {
      const c = r.clone();
      return [c.url, c.method, await c.text(), [...c.headers]];
    }),
  ],
  ["a clone leaves the original", ["x", "x"], ask(post, async (r) => [await r.clone().text(), await r.text()])],
  [
    "a clone's headers are its own",
    null,
    ask(undefined, (r) => {
      r.clone().headers.set("a", "1");
      return r.headers.get("a");
    }),
  ],
  [
    "a clone after reading",
    "!TypeError",
    ask(post, async (r) => {
      await r.text();
      return r.clone();
    }),
  ],
  [
    "a clone keeps its referrer",
    "http://c.test/",
    ask({ referrer: "http://c.test/", referrerPolicy: "origin" }, (r) => r.clone().referrer),
  ],
  [
    "a request of a request",
    [url, "POST", "x", "1"],
    over({ ...post, headers: { a: "1" } }, undefined, async (r) => [
      r.url,
      r.method,
      await r.text(),
      r.headers.get("a"),
    ]),
  ],
  ["a request of a request takes its body", true, over(post, undefined, (_, from) => from.bodyUsed)],
  ["a request of a request, the first one's text", "!TypeError", over(post, undefined, (_, from) => from.text())],
  ["a request of a request, the first one's stream", true, over(post, undefined, (_, from) => from.body?.locked)],
  [
    "a request of a request with a body of its own",
    ["y", "x"],
    over(post, { body: "y" }, async (r, from) => [await r.text(), await from.text()]),
  ],
  ["a request of a request with a body of null keeps it", "x", over(post, { body: null }, bodyOf)],
  [
    "a request of a request of a stream",
    "x",
    ({ Request }) =>
      new Request(
        new Request(url, { method: "POST", body: new Blob(["x"]).stream(), duplex: "half" } as RequestInit),
      ).text(),
  ],
  [
    "a request of a request, its stream asked for",
    "x",
    ({ Request }) => {
      const from = new Request(url, post);
      void from.body;
      return new Request(from).text();
    },
  ],
  [
    "a request of a used request",
    "!TypeError",
    async ({ Request }) => {
      const from = new Request(url, post);
      await from.text();
      return new Request(from);
    },
  ],
  [
    "a request of a used request with another body",
    "y",
    async ({ Request }) => {
      const from = new Request(url, post);
      await from.text();
      // oxlint-disable-next-line unicorn/no-invalid-fetch-options -- the method is that of the first
      return new Request(from, { body: "y" }).text();
    },
  ],
  [
    "a request of a locked request",
    "!TypeError",
    ({ Request }) => {
      const from = new Request(url, post);
      from.body?.getReader();
      return new Request(from);
    },
  ],
  ["a request of a request as GET", "!TypeError", over(post, { method: "GET" }, bodyOf)],
  ["a request of a request with another method", "PUT", over(post, { method: "PUT" }, (r) => r.method)],
  [
    "a request of a request with other headers",
    [["b", "2"]],
    over({ headers: { a: "1" } }, { headers: { b: "2" } }, (r) => r.headers),
  ],
  ["a request of a request with no headers", [], over({ headers: { a: "1" } }, { headers: {} }, (r) => r.headers)],
  [
    "a request of a request with other headers and its body",
    [["b", "2"]],
    over(post, { headers: { b: "2" } }, (r) => r.headers),
  ],
  [
    "a request of a request has its own headers",
    null,
    over({}, undefined, (r, from) => {
      r.headers.set("a", "1");
      return from.headers.get("a");
    }),
  ],
  // The standard keeps the referrer where there is no init; the platform never does.
  [
    "a request of a request keeps its options",
    ["omit", "manual", "no-store", "about:client"],
    over({ credentials: "omit", redirect: "manual", cache: "no-store", referrer: "http://c.test/" }, undefined, (r) => [
      r.credentials,
      r.redirect,
      r.cache,
      r.referrer,
    ]),
  ],
  [
    "a request of a request with any member forgets the referrer",
    ["about:client", ""],
    over({ referrer: "http://c.test/", referrerPolicy: "origin" }, { method: "GET" }, (r) => [
      r.referrer,
      r.referrerPolicy,
    ]),
  ],
  [
    "a request of a request keeps its mode",
    "same-origin",
    over({ mode: "same-origin" }, { method: "GET" }, (r) => r.mode),
  ],
  ["its tag", "[object Request]", ask(undefined, String)],
  [
    "its class",
    [true, "Request", 1],
    ({ Request }) => [new Request(url) instanceof Request, Request.name, Request.length],
  ],
  [
    "its members",
    true,
    ({ Request }) =>
      [
        "arrayBuffer",
        "blob",
        "body",
        "bodyUsed",
        "bytes",
        "cache",
        "clone",
        "credentials",
        "destination",
        "duplex",
        "formData",
        "headers",
        "integrity",
        "json",
        "keepalive",
        "method",
        "mode",
        "redirect",
        "referrer",
        "referrerPolicy",
        "signal",
        "text",
        "url",
      ].every((name) => Object.keys(Request.prototype).includes(name)),
  ],
  [
    "its functions",

    "arrayBuffer 0, blob 0, bytes 0, clone 0, formData 0, get body 0, get bodyUsed 0, get cache 0, get " +
      "credentials 0, get destination 0, get duplex 0, get headers 0, get integrity 0, get isHistoryNavigation " +
      "0, get isReloadNavigation 0, get keepalive 0, get method 0, get mode 0, get redirect 0, get referrer 0, " +
      "get referrerPolicy 0, get signal 0, get url 0, json 0, text 0",
    ({ Request }) => functionsOf(Request.prototype).join(", "),
  ],
  ["nothing of its own to see", [], ask(post, (r) => Reflect.ownKeys(r))],
  ["as JSON", "{}", ask(undefined, (r) => JSON.stringify(r))],
  ["its prototype's prototype", true, ({ Request }) => Object.getPrototypeOf(Request.prototype) === Object.prototype],
  ["its constructor", true, ({ Request }) => new Request(url).constructor === Request],
  [
    "a class of one's own",
    [true, "PUT"],
    ({ Request }) => {
      class Mine extends Request {}
      const mine = new Mine(url, { method: "put" });
      return [mine instanceof Request, mine.method];
    },
  ],
  [
    "a request of a class of one's own",
    "PUT",
    ({ Request }) => {
      class Mine extends Request {}
      return new Request(new Mine(url, { method: "put" })).method;
    },
  ],
  [
    "a member of one's own over it",
    "mine",
    ask(undefined, (r) => {
      Object.defineProperty(r, "url", { value: "mine" });
      return r.url;
    }),
  ],
  ["a Proxy around it", "!TypeError", ask(undefined, (r) => new Proxy(r, {}).url)],
  ["called without new", "!TypeError", ({ Request }) => (Request as unknown as (input: string) => void)(url)],
  [
    "a getter on something else",
    "!TypeError",
    ({ Request }) => Object.getOwnPropertyDescriptor(Request.prototype, "url")?.get?.call({}) as unknown,
  ],
  [
    "a constant getter on something else",
    "!TypeError",
    ({ Request }) => Object.getOwnPropertyDescriptor(Request.prototype, "destination")?.get?.call({}) as unknown,
  ],
  ["no instance: a look-alike", false, ({ Request }) => ({ url }) instanceof Request],
  ["it cannot be cloned by structure", "!DataCloneError", ({ Request }) => structuredClone(new Request(url))],
  [
    "printed",
    true,
    async ({ Request }) =>
      (await import("node:util"))
        .inspect(new Request(url), { colors: false })
        .startsWith(
          "Request {\n  method: 'GET',\n  url: 'http://a.test/b',\n  headers: Headers {},\n  destination: ''",
        ),
  ],
];
