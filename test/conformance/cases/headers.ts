/** Cases: headers both ways, cookies, statuses and redirects. */
import { type Case, caseOf, textOf, valuesOf } from "../case.ts";

const fixture = caseOf("fixture");
const status = (code: number, body = `status ${code}`) => ({
  status: code,
  headers: { "x-status": String(code) },
  body,
});

/** What `/echo` says of one request header. */
const saw = (name: string, expected: string | undefined) => ({
  status: 200,
  check: (answer: Parameters<typeof textOf>[0]) => {
    // Fronts differ on the blank after a comma (RFC 9110 section 5.3 allows both).
    const got = (JSON.parse(textOf(answer)) as { headers: Record<string, string> }).headers[name]?.replaceAll(
      /,\s*/g,
      ", ",
    );
    if (got !== expected) throw new Error(`${name}: ${got}, not ${expected}`);
  },
});

/** Headers, cookies, statuses, redirects. */
export const headers: readonly Case[] = [
  fixture("a handler that changes the request's headers", "/odd?what=a+request%27s+headers+changed", {
    status: 200,
    body: "changed",
  }),
  fixture("a handler that changes a copy's headers", "/odd?what=a+copy%27s+headers+changed", {
    status: 200,
    body: "changed",
  }),
  fixture("headers of an answer", "/headers", {
    status: 200,
    body: "headers",
    headers: {
      "x-unicode": encodeURIComponent("비밀 방"),
      "x-comma": 'a, "b, c"',
      "cache-control": "private, max-age=60",
      etag: '"v1"',
      vary: /^accept, ?accept-language$/,
      link: /^<\/a>; rel=preload, ?<\/b>; rel=preload$/,
      "x-long": "x".repeat(4000),
    },
  }),
  fixture(
    "an ETag of a handler's own is no condition",
    { target: "/headers", headers: [["If-None-Match", '"v1"']] },
    { status: 200, body: "headers" },
  ),
  fixture("a request header", { target: "/echo", headers: [["X-One", "1"]] }, saw("x-one", "1")),
  fixture(
    "a request header's name in any case",
    { target: "/echo", headers: [["x-LOUD-name", "Kept As Is"]] },
    saw("x-loud-name", "Kept As Is"),
  ),
  fixture(
    "a repeated request header is joined",
    {
      target: "/echo",
      headers: [
        ["X-Two", "1"],
        ["X-Two", "2"],
      ],
    },
    saw("x-two", "1, 2"),
  ),
  fixture(
    "a long request header",
    { target: "/echo", headers: [["X-Long", "y".repeat(4000)]] },
    saw("x-long", "y".repeat(4000)),
  ),
  fixture(
    "an escaped request header stays escaped",
    { target: "/echo", headers: [["X-Name", "%EB%B0%A9"]] },
    saw("x-name", "%EB%B0%A9"),
  ),
  fixture(
    "bytes beyond ASCII in a request header are Latin-1",
    { target: "/echo", headers: [["X-Bytes", "caf\xe9 \xec\x95\x88"]] },
    saw("x-bytes", "caf\xe9 \xec\x95\x88"),
  ),
  fixture("characters beyond ASCII in an answer's header are Latin-1", "/odd?what=a+header+beyond+ASCII", {
    status: 200,
    headers: { "x-bytes": "caf\xe9" },
  }),
  fixture("the host is the client's", "/echo", (story) => saw("host", new URL(story.origin).host)),
  fixture(
    "a content type with parameters",
    { method: "POST", target: "/echo", body: "x", headers: [["Content-Type", 'text/plain; charset="utf-8"; x=y']] },
    saw("content-type", 'text/plain; charset="utf-8"; x=y'),
  ),
  fixture(
    "an authorization header",
    { target: "/echo", headers: [["Authorization", "Bearer a.b-c"]] },
    saw("authorization", "Bearer a.b-c"),
  ),
  fixture(
    "a referrer and an accept header",
    {
      target: "/echo",
      headers: [
        ["Accept", "text/html, */*;q=0.1"],
        ["Referer", "http://x/?a=b"],
      ],
    },
    saw("accept", "text/html, */*;q=0.1"),
  ),
  fixture(
    "cookies of a request",
    { target: "/echo", headers: [["Cookie", "a=1; b=%EA%B0%80; c=x=y"]] },
    saw("cookie", "a=1; b=%EA%B0%80; c=x=y"),
  ),
  fixture("no cookies, no header", "/echo", saw("cookie", undefined)),
  fixture("two cookies are two lines", "/cookies", {
    status: 200,
    headers: {
      "set-cookie": [
        "first=1; Path=/; Expires=Wed, 21 Oct 2099 07:28:00 GMT; HttpOnly",
        `second=${encodeURIComponent("둘; 2")}; Path=/; SameSite=Lax`,
      ],
    },
  }),
  fixture(
    "cookies of a copied answer",
    {
      method: "POST",
      target: "/cookies",
      headers: [
        ["Cookie", "in=1"],
        ["Content-Length", "0"],
      ],
    },
    { status: 200, body: "in=1", headers: { "set-cookie": ["copied=1", "added=2"] } },
  ),
  fixture("two cookies with 204 from Hono", "/hono/cookies", {
    status: 204,
    body: "",
    headers: { "set-cookie": ["a=1", "b=2"] },
  }),
  {
    name: "cookies come back",
    app: "fixture",
    steps: [
      { ask: { target: "/cookies" }, expect: { status: 200 } },
      {
        ask: { method: "POST", target: "/cookies", body: "" },
        expect: { status: 200, body: `first=1; second=${encodeURIComponent("둘; 2")}` },
      },
    ],
  },
  fixture("status 204", "/status/204", { ...status(204, ""), headers: { "x-status": "204", "content-length": null } }),
  fixture("status 304", "/status/304", status(304, "")),
  fixture("status 205", "/status/205", status(205, "")),
  fixture("status 206", "/status/206", status(206)),
  fixture("status 400", "/status/400", status(400)),
  fixture("status 404 of a route's own", "/status/404", status(404)),
  fixture("status 418", "/status/418", status(418)),
  fixture("status 500 of a route's own", "/status/500", status(500)),
  fixture("status 503", "/status/503", status(503)),
  fixture("status 599", "/status/599", status(599)),
  fixture("a redirect", "/redirect/303?to=/users", { status: 303, headers: { location: "/users" }, body: "" }),
  fixture("a redirect that keeps the method", "/redirect/307?to=/users%3Fa%3Db", {
    status: 307,
    headers: { location: "/users?a=b" },
  }),
  fixture("a redirect for good", "/redirect/308?to=https://example.com/x", {
    status: 308,
    headers: { location: "https://example.com/x" },
  }),
  fixture("a redirect to unicode is escaped", `/redirect/302?to=${encodeURIComponent("/카페?a=방 1")}`, {
    status: 302,
    headers: { location: "/%EC%B9%B4%ED%8E%98?a=%EB%B0%A9%201" },
  }),
  fixture("a redirect cannot write headers", `/redirect/302?to=${encodeURIComponent("/x\r\nset-cookie: evil=1")}`, {
    status: 302,
    headers: { "set-cookie": null, location: /^\/x%0D%0Aset-cookie:%20evil=1$/ },
  }),
  fixture("no header names the server", "/", { status: 200, headers: { "x-powered-by": null } }),
  fixture("a response has its content type", "/", {
    status: 200,
    check: (answer) => {
      if (!/^text\/plain;\s*charset=utf-8$/i.test(valuesOf(answer, "content-type").join()))
        throw new Error(JSON.stringify(answer.headers));
    },
  }),
];
