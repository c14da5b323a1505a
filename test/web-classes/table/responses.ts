/** The behaviour table's rows for Response (Fetch standard, section 5.5). */
import { functionsOf, type Row, type Web } from "../table-row.ts";

const make =
  (body: unknown, init: unknown, question: (response: Response) => unknown = (response) => response.status) =>
  ({ Response }: Web): unknown =>
    question(new Response(body as BodyInit, init as ResponseInit));
const status = (value: unknown) => make(null, { status: value });
const statusText = (value: unknown) => make(null, { statusText: value }, (r) => r.statusText);
const json =
  (data: unknown, init?: unknown, question: (response: Response) => unknown = (r) => r.text()) =>
  ({ Response }: Web): unknown =>
    question(Response.json(data, init as ResponseInit));
const redirect =
  (
    url: unknown,
    code: unknown,
    question: (response: Response) => unknown = (r) => [r.status, r.headers.get("location")],
  ) =>
  ({ Response }: Web): unknown =>
    question(Response.redirect(url as string, code as number));
const shown = (r: Response): unknown => [r.type, r.url, r.redirected, r.status, r.ok, r.statusText, r.bodyUsed];
const changes = ["append", "set", "delete"] as const;

export const responses: readonly Row[] = [
  ["made of nothing", ["default", "", false, 200, true, "", false], make(undefined, undefined, shown)],
  ["made of nothing has no body", null, make(undefined, undefined, (r) => r.body)],
  ["made of nothing has no headers", [], make(undefined, undefined, (r) => r.headers)],
  ["an init of null", 200, make("a", null)],
  ["an init of a number", "!TypeError", make("a", 1)],
  ["an init of a text", "!TypeError", make("a", "init")],
  [
    "an init of a function",
    201,
    make(
      "a",
      Object.assign(() => 0, { status: 201 }),
    ),
  ],
  ["an init with inherited members", 201, make("a", Object.create({ status: 201 }))],
  [
    "an init with a getter",
    201,
    make("a", {
      get status() {
        return 201;
      },
    }),
  ],
  [
    "an init of a Response",
    [201, "Made", [["a", "1"]]],
    ({ Response }) => {
      const r = new Response(
        null,
        new Response("x", { status: 201, statusText: "Made", headers: { a: "1", "content-type": "t" } }),
      );
      r.headers.delete("content-type");
      return [r.status, r.statusText, [...r.headers]];
    },
  ],
  [
    "an init of a Response copies its headers",
    null,
    ({ Response }) => {
      const one = new Response();
      const two = new Response(null, one);
      two.headers.set("a", "1");
      return one.headers.get("a");
    },
  ],
  ["unknown members", 200, make("a", { url: "x", ok: false })],
  ...[200, 201, 299, 300, 304, 400, 404, 418, 500, 599].map((code): Row => [
    `the status ${code}`,
    [code, code < 300],
    make(null, { status: code }, (r) => [r.status, r.ok]),
  ]),
  ...[0, 1, 99, 100, 101, 199, 600, 999, 1000, -1, Number.NaN, Infinity, null, "", "x", false].map((code): Row => [
    `the status ${String(code)}`,
    "!RangeError",
    status(code),
  ]),
  ["a status as text", 404, status("404")],
  ["a status with a fraction", 404, status(404.9)],
  ["a status modulo 65,536", 200, status(65_736)],
  // The standard goes round below zero too, and refuses a bigint; the platform does neither.
  ["a status far below", "!RangeError", status(200 - 65_536)],
  ["a status as an object", 201, status({ valueOf: () => 201 })],
  ["a status of undefined", 200, status(undefined)],
  ["a status as a bigint", 200, status(200n)],
  ["a status as a symbol", "!TypeError", status(Symbol("s"))],
  ...[101, 204, 205, 304].flatMap((code): Row[] => [
    [`${code} with a body`, code === 101 ? "!RangeError" : "!TypeError", make("a", { status: code })],
    [`${code} with an empty body`, code === 101 ? "!RangeError" : "!TypeError", make("", { status: code })],
    ...(code === 101
      ? []
      : [[`${code} without a body`, [code, null], make(null, { status: code }, (r) => [r.status, r.body])] as Row]),
    ...(code === 101 ? [] : [[`${code} with an undefined body`, code, make(undefined, { status: code })] as Row]),
  ]),
  ["a status text", "I am", statusText("I am")],
  ["an empty status text", "", statusText("")],
  ["a status text of a number", "1", statusText(1)],
  ["a status text of null", "null", statusText(null)],
  ["a status text of undefined", "", statusText(undefined)],
  ["a status text with a tab and bytes", "\t \x80\xff", statusText("\t \x80\xff")],
  ...["\n", "\r", "\0", "\x7f", "\x01", "a\nb", "한", "\u0100"].map((value): Row => [
    `the status text ${JSON.stringify(value)}`,
    "!TypeError",
    statusText(value),
  ]),
  ["headers of a record", [["a", "1"]], make(null, { headers: { A: "1" } }, (r) => r.headers)],
  [
    "headers of pairs",
    [["a", "1, 2"]],
    make(
      null,
      {
        headers: [
          ["a", "1"],
          ["a", "2"],
        ],
      },
      (r) => r.headers,
    ),
  ],
  [
    "headers of Headers",
    [["a", "1"]],
    ({ Headers, Response }) => [...new Response(null, { headers: new Headers({ a: "1" }) }).headers],
  ],
  ["headers of null", "!TypeError", make(null, { headers: null })],
  ["headers of a text", "!TypeError", make(null, { headers: "a" })],
  ["headers that are broken", "!TypeError", make(null, { headers: { a: "\n \0" } })],
  [
    "headers are copied",
    "1",
    ({ Headers, Response }) => {
      const mine = new Headers({ a: "1" });
      const r = new Response(null, { headers: mine });
      mine.set("a", "2");
      return r.headers.get("a");
    },
  ],
  ["headers are the same each time", true, make("a", undefined, (r) => r.headers === r.headers)],
  [
    "headers cannot be replaced",
    true,
    make("a", undefined, (r) => {
      const before = r.headers;
      try {
        (r as unknown as { headers: number }).headers = 1;
      } catch {
        return true;
      }
      return r.headers === before;
    }),
  ],
  [
    "headers can be changed",
    "2",
    make("a", { headers: { a: "1" } }, (r) => {
      r.headers.set("a", "2");
      return r.headers.get("a");
    }),
  ],
  ["headers are Headers", true, ({ Headers, Response }) => new Response().headers instanceof Headers],
  [
    "cookies",
    ["a=1", "b=2"],
    make(
      null,
      {
        headers: [
          ["set-cookie", "a=1"],
          ["set-cookie", "b=2"],
        ],
      },
      (r) => r.headers.getSetCookie(),
    ),
  ],
  [
    "the type of a body joins the headers",
    [
      ["a", "1"],
      ["content-type", "text/plain;charset=UTF-8"],
    ],
    make("x", { headers: { a: "1" } }, (r) => r.headers),
  ],
  [
    "status cannot be set",
    200,
    make("a", undefined, (r) => {
      try {
        (r as unknown as { status: number }).status = 500;
      } catch {
        /* strict code throws */
      }
      return r.status;
    }),
  ],
  ["json", '{"a":[1,null]}', json({ a: [1, null] })],
  ["json's type", "application/json", json(1, undefined, (r) => r.headers.get("content-type"))],
  ["json's status", [201, true], json(1, { status: 201 }, (r) => [r.status, r.ok])],
  ["json's own type", "a/b", json(1, { headers: { "content-type": "a/b" } }, (r) => r.headers.get("content-type"))],
  [
    "json's headers",
    [
      ["a", "1"],
      ["content-type", "application/json"],
    ],
    json(1, { headers: { a: "1" } }, (r) => r.headers),
  ],
  ["json of undefined", "!TypeError", json(undefined)],
  ["json of a function", "!TypeError", json(() => 0)],
  ["json of a symbol", "!TypeError", json(Symbol("s"))],
  ["json of nothing", "!TypeError", ({ Response }) => (Response.json as unknown as () => void)()],
  ["json of a bigint", "!TypeError", json(1n)],
  ["json of null", "null", json(null)],
  ["json of a date", '"1970-01-01T00:00:00.000Z"', json(new Date(0))],
  ["json of text", '"안\\ud800"', json("안\ud800")],
  ["json with no place for a body", "!TypeError", json(1, { status: 204 })],
  ["json with a status out of range", "!RangeError", json(1, { status: 99 })],
  ["json, read again", { a: 1 }, json({ a: 1 }, undefined, (r) => r.json())],
  [
    "json's headers can be changed",
    "1",
    json(1, undefined, (r) => {
      r.headers.set("a", "1");
      return r.headers.get("a");
    }),
  ],
  ...[301, 302, 303, 307, 308].map((code): Row => [
    `a redirect of ${code}`,
    [code, "http://a/b"],
    redirect("http://a/b", code),
  ]),
  ...[200, 300, 304, 305, 306, 309, 400, 0].map((code): Row => [
    `a redirect of ${code}`,
    "!RangeError",
    redirect("http://a/", code),
  ]),
  ["a redirect's status modulo 65,536", [302, "http://a/"], redirect("http://a/", 65_838)],
  ["a redirect without a status", [302, "http://a/"], redirect("http://a", undefined)],
  ["a redirect's URL is parsed", [302, "http://a/%EC%95%88?b#c"], redirect("HTTP://A:80/x/../안?b#c", 302)],
  ["a redirect to a URL object", [302, "http://a/"], redirect(new URL("http://a"), 302)],
  ["a redirect to a relative URL", "!TypeError", redirect("/a", 302)],
  ["a redirect to nothing", "!TypeError", ({ Response }) => (Response.redirect as unknown as () => void)()],
  ["a redirect has no body", [null, ""], redirect("http://a/", 302, async (r) => [r.body, await r.text()])],
  ...changes.map((change): Row => [
    `a redirect's headers: ${change}`,
    "!TypeError",
    redirect("http://a/", 302, (r) => r.headers[change]("a", "1")),
  ]),
  [
    "a redirect's clone is sealed too",
    "!TypeError",
    redirect("http://a/", 302, (r) => r.clone().headers.set("a", "1")),
  ],
  [
    "a redirect's copy is not",
    "1",
    ({ Response }) => {
      const r = new Response(null, Response.redirect("http://a/"));
      r.headers.set("a", "1");
      return r.headers.get("a");
    },
  ],
  [
    "a redirect's headers refuse broken names first",
    "!TypeError",
    redirect("http://a/", 302, (r) => r.headers.get("a b")),
  ],
  ["an error", ["error", "", false, 0, false, "", false], ({ Response }) => shown(Response.error())],
  ["an error's body", [null, ""], async ({ Response }) => [Response.error().body, await Response.error().text()]],
  ...changes.map((change): Row => [
    `an error's headers: ${change}`,
    "!TypeError",
    ({ Response }) => Response.error().headers[change]("a", "1"),
  ]),
  ["an error's clone", ["error", "", false, 0, false, "", false], ({ Response }) => shown(Response.error().clone())],
  ["a copy of an error", "!RangeError", ({ Response }) => new Response(null, Response.error())],
  [
    "a clone",
    [
      ["default", "", false, 201, true, "T", false],
      [
        ["a", "1"],
        ["content-type", "text/plain;charset=UTF-8"],
      ],
      "b",
    ],
    make("b", { status: 201, statusText: "T", headers: { a: "1" } }, async (r) => {
      const c = r.clone();
      return [shown(c), [...c.headers], await c.text()];
    }),
  ],
  [
    "a clone's headers are its own",
    "1",
    make("b", { headers: { a: "1" } }, (r) => {
      const c = r.clone();
      c.headers.set("a", "2");
      return r.headers.get("a");
    }),
  ],
  [
    "a clone's headers before they were asked for",
    "text/plain;charset=UTF-8",
    make("b", undefined, (r) => r.clone().headers.get("content-type")),
  ],
  [
    "a deleted type stays deleted in a clone",
    null,
    make("b", undefined, (r) => {
      r.headers.delete("content-type");
      return r.clone().headers.get("content-type");
    }),
  ],
  ["its tag", "[object Response]", make("a", undefined, String)],
  [
    "its class",
    [true, "Response", 0],
    ({ Response }) => [new Response() instanceof Response, Response.name, Response.length],
  ],
  [
    "its members",
    "arrayBuffer blob body bodyUsed bytes clone formData headers json ok redirected status statusText text type url",
    ({ Response }) => Object.keys(Response.prototype).toSorted().join(" "),
  ],
  [
    "its functions",

    "arrayBuffer 0, blob 0, bytes 0, clone 0, formData 0, get body 0, get bodyUsed 0, get headers 0, get ok " +
      "0, get redirected 0, get status 0, get statusText 0, get type 0, get url 0, json 0, text 0",
    ({ Response }) => functionsOf(Response.prototype).join(", "),
  ],
  ["its static functions", ["error 0", "json 1", "redirect 1"], ({ Response }) => functionsOf(Response)],
  ["its static members", ["error", "json", "redirect"], ({ Response }) => Object.keys(Response).toSorted()],
  [
    "its members by for-in",
    true,
    make("a", undefined, (r) => {
      const names: string[] = [];
      for (const name in r) names.push(name);
      return names.includes("status") && names.includes("text");
    }),
  ],
  ["nothing of its own to see", [], make("a", { headers: { a: "1" } }, (r) => Reflect.ownKeys(r))],
  ["a spread of it", {}, make("a", undefined, (r) => ({ ...r }))],
  ["as JSON", "{}", make("a", undefined, (r) => JSON.stringify(r))],
  ["its prototype's prototype", true, ({ Response }) => Object.getPrototypeOf(Response.prototype) === Object.prototype],
  ["its constructor", true, ({ Response }) => new Response().constructor === Response],
  [
    "a class of one's own",
    [true, 201, "a", true],
    async ({ Response }) => {
      class Mine extends Response {}
      const mine = new Mine("a", { status: 201 });
      return [mine instanceof Response, mine.status, await mine.text(), mine instanceof Mine];
    },
  ],
  [
    "json of a class of one's own",
    false,
    ({ Response }) => {
      class Mine extends Response {}
      return Mine.json(1) instanceof Mine;
    },
  ],
  ["called without new", "!TypeError", ({ Response }) => (Response as unknown as () => void)()],
  [
    "a getter on something else",
    "!TypeError",
    ({ Response }) => Object.getOwnPropertyDescriptor(Response.prototype, "status")?.get?.call({}) as unknown,
  ],
  ["a getter on the prototype", "!TypeError", ({ Response }) => Response.prototype.status],
  ["clone on something else", "!TypeError", ({ Response }) => Response.prototype.clone.call({} as Response)],
  ["no instance: a look-alike", false, ({ Response }) => ({ status: 200 }) instanceof Response],
  [
    "no instance: a Request",
    false,
    ({ Request, Response }) => (new Request("http://a/") as object) instanceof Response,
  ],
  ["a primitive is no instance", false, ({ Response }) => (1 as unknown as object) instanceof Response],
  ["it cannot be cloned by structure", "!DataCloneError", ({ Response }) => structuredClone(new Response())],
  [
    "printed",

    "Response {\n  status: 201,\n  statusText: '',\n  headers: Headers { a: '1' },\n  body: null,\n  " +
      "bodyUsed: false,\n  ok: true,\n  redirected: false,\n  type: 'default',\n  url: ''\n}",
    async ({ Response }) =>
      (await import("node:util")).inspect(new Response(null, { status: 201, headers: { a: "1" } }), { colors: false }),
  ],
];
