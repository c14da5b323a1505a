/** Cases: resources, with schemas of valibot, of zod, and of none. */
import { type Ask, type Case, caseOf, type Expectation } from "../case.ts";

const fixture = caseOf("fixture");

const send = (
  target: string,
  body: string | Uint8Array,
  headers: Ask["headers"] = [["content-type", "application/json"]],
  method = "POST",
): Ask => ({ method, target, headers, body });

const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  406: "Not Acceptable",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
};

const refused = (status: number, detail: string): Expectation => ({
  status,
  headers: { "content-type": "application/problem+json" },
  json: { title: titles[status], status, detail },
});

const invalid = (...errors: readonly object[]): Expectation => ({
  status: 422,
  headers: { "content-type": "application/problem+json" },
  json: { title: titles[422], status: 422, errors },
});

const echo = (title: string, body: string | Uint8Array, expect: Expectation, headers?: Ask["headers"]): Case =>
  fixture(`resource: ${title}`, send("/resource/echo", body, headers), expect);

const echoes = (body: unknown): Expectation => ({ status: 200, json: { body, isPlain: true } });

const accepts = (accept: string, expect: Expectation): Case =>
  fixture(`resource: Accept: ${accept}`, { target: "/resource/notes/1", headers: [["accept", accept]] }, expect);

const note: Expectation = { status: 200, json: { id: 1, title: "one" } };
const notJson = refused(406, "The answer is application/json");
const wrongType = refused(415, "The body must be JSON in UTF-8");
const typed = (type: string): Ask["headers"] => [["content-type", type]];
const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);

/** Values, refusals, bodies, types, Accept, Hono, the store. */
export const resource: readonly Case[] = [
  fixture("resource: a made value has its place", send("/resource/notes", '{"title":"안녕","more":1}'), {
    status: 201,
    headers: { "content-type": "application/json", location: `/resource/notes/${encodeURIComponent("처음 것")}` },
    json: { id: 1, title: "안녕", tags: [] },
  }),
  fixture("resource: nothing", { method: "DELETE", target: "/resource/notes/1" }, { status: 204, body: "" }),
  fixture("resource: null is a value", "/resource/notes/0", { status: 200, json: null }),
  fixture("resource: HEAD", { method: "HEAD", target: "/resource/notes/1" }, { status: 200, body: "" }),
  fixture("resource: an HttpError", "/resource/notes/404", { status: 404, json: { error: "There is no such note" } }),
  fixture("resource: a Response is sent as it is", "/resource/echo?as=text", { status: 200, body: /\?as=text$/ }),
  fixture(
    "resource: all that is wrong with a body",
    send("/resource/notes", '{"title":"","tags":["a","long"]}'),
    invalid(
      { in: "body", pointer: "#/title", detail: "is empty" },
      { in: "body", pointer: "#/tags/1", detail: "is long" },
    ),
  ),
  fixture(
    "resource: all that is wrong with path and body, with escaped pointers",
    send("/resource/notes/x", '{"title":"a","a/b~c %":{"":"x"}}', undefined, "PUT"),
    invalid(
      { in: "path", name: "id", detail: "is not a number" },
      { in: "body", pointer: "#/a~1b~0c%20%25/", detail: "is not a number" },
    ),
  ),
  fixture("resource: the query's values are text", "/resource/notes?size=3&tag=a&tag=%EA%B0%80&tag=c", {
    status: 200,
    json: { size: 3, tag: ["a", "가", "c"] },
  }),
  fixture(
    "resource: a wrong query",
    "/resource/notes?size=1.5",
    invalid({ in: "query", name: "size", detail: "is not whole" }),
  ),
  fixture("resource: names of a query that objects have", "/resource/echo?__proto__=a&constructor=b&toString=c&e=", {
    status: 200,
    json: { constructor: "b", toString: "c", e: "" },
  }),

  echo("a schema that answers later", '"a"', echoes("a")),
  echo("a body that is wrong as a whole", '"refused"', invalid({ in: "body", pointer: "#", detail: "is refused" })),
  echo(
    "no more than 100 errors",
    '"many"',
    invalid(...Array.from({ length: 100 }, () => ({ in: "body", pointer: "#", detail: "x" }))),
  ),
  echo("a schema that throws", '"throws"', { status: 500 }),
  echo("no body", "", echoes("none"), []),
  echo("an empty body with a type", "", refused(400, "The body is not JSON")),
  echo("a body that is not JSON", "{a:1}", refused(400, "The body is not JSON")),
  echo("a body that ends early", '{"a":', refused(400, "The body is not JSON")),
  echo("a body that is not UTF-8", Buffer.from('"\xff"', "latin1"), refused(400, "The body is not JSON")),
  echo("a byte order mark", Buffer.from('\ufeff"a"'), echoes("a")),
  echo("the deepest body", nested(128), { status: 200 }),
  echo("a deeper body", nested(129), refused(400, "The body is more than 128 levels deep")),
  echo("a bomb of depth", '{"a":'.repeat(190), refused(400, "The body is more than 128 levels deep")),
  echo("brackets in texts", JSON.stringify(`\\"${"[".repeat(300)}`), echoes(`\\"${"[".repeat(300)}`)),
  echo("__proto__ sets no prototype", '{"__proto__":{"polluted":1},"a":{"\\u005f_proto__":1}}', echoes({ a: {} })),
  echo("the largest body", JSON.stringify("a".repeat(998)), echoes("a".repeat(998))),
  echo("a larger body", JSON.stringify("a".repeat(999)), refused(413, "The body has more than 1000 bytes")),

  ...["application/json", 'Application/JSON; charset="UTF-8"', "application/merge-patch+json;charset=utf8"].map(
    (type) => echo(`a body as ${type}`, "1", echoes(1), typed(type)),
  ),
  ...["text/plain", "text/json", "application/jsonx", "application/json; charset=utf-16", "json", "+json"].map((type) =>
    echo(`no body as ${type}`, "1", wrongType, typed(type)),
  ),
  echo("an encoded body", "1", refused(415, "The body must not be encoded"), [
    ["content-type", "application/json"],
    ["content-encoding", "gzip"],
  ]),

  ...["*/*", "application/*", "application/json;q=0.1, text/html", "text/html, */*;q=0.1", ";,"].map((accept) =>
    accepts(accept, note),
  ),
  ...["text/html", "application/json;q=0, */*", "application/*;q=0, */*;q=1", "*/*;q=0", "application/xml"].map(
    (accept) => accepts(accept, notJson),
  ),

  fixture("resource: as a handler of Hono", send("/resource/hono/x%20y", '{"n":1}'), {
    status: 200,
    json: { n: 1, id: "x y", user: "ada", hasRequestId: true },
  }),
  fixture(
    "resource: wrong input in Hono",
    send("/resource/hono/x", '{"n":"1"}'),
    invalid({ in: "body", pointer: "#/n", detail: "is not a number" }),
  ),
  {
    name: "resource: with rateLimit in Hono",
    app: "fixture",
    steps: [200, 429].map((status) => ({ ask: send("/resource/hono/limited/a", '{"n":1}'), expect: { status } })),
  },
  {
    name: "resource: inside idempotent, as a handler of Hono",
    app: "fixture",
    steps: [
      ["a", '{"n":1}', 200],
      ["a", '{"n":1}', 200],
      ["a", '{"n":2}', 422],
    ].map(([key, body, status]) => ({
      ask: ({ origin }) =>
        send(`/resource/hono/once/${key}`, `${body}`, [
          ["content-type", "application/json"],
          ["idempotency-key", `hono-${key}${origin.length}`],
        ]),
      expect: { status: Number(status) },
    })),
  },
  {
    name: "resource: inside idempotent, refusals are kept as well",
    app: "fixture",
    steps: (
      [
        ["a", '{"run":"a"}', { status: 201, json: 1, headers: { location: "/made" } }],
        ["a", '{"run":"a"}', { status: 201, json: 1, headers: { location: "/made" } }],
        ["b", '{"run":"a"}', { status: 201, json: 2 }],
        ["c", "{", { status: 400 }],
        ["c", "{", { status: 400, headers: { "content-type": "application/problem+json" } }],
      ] as const
    ).map(([key, body, expect]) => ({
      ask: ({ origin }) =>
        send("/resource/once", body, [
          ["content-type", "application/json"],
          ["idempotency-key", `resource-${key}${origin.length}`],
        ]),
      expect,
    })),
  },
];
