/** Cases: what clients see of errors, and what they must not. */
import { type Case, caseOf, type Expectation, textOf } from "../case.ts";

const fixture = caseOf("fixture");
const reference = caseOf("reference");

/** A bare 500: a message, an id, and nothing of the error. */
const bare = {
  status: 500,
  headers: { "content-type": "application/json" },
  hides: ["secret", ".ts", ".mjs", ".js", "at ", "Error:", "node:", "stack"],
  check: (answer: Parameters<typeof textOf>[0]) => {
    const body = JSON.parse(textOf(answer)) as { error: string; requestId: string };
    const { error, requestId, ...others } = body;
    if (error !== "Internal Server Error" || !/^[\w=-]{8,}$/.test(requestId) || Object.keys(others).length > 0)
      throw new Error(textOf(answer));
  },
} as const;

const httpError = (status: number) => ({
  status,
  headers: { "content-type": "application/json", "x-reason": "asked" },
  json: { error: `because ${status} 이유` },
  hides: ["secret"],
});

/** A route that gives the same Response each time: a body is sent once. */
const twice = (what: string, first: Expectation, second: Expectation): Case => ({
  name: `giving ${what} twice`,
  app: "fixture",
  steps: [first, second].map((expect) => ({ ask: { target: `/odd?what=${what.replaceAll(" ", "+")}` }, expect })),
});

/** Errors. */
export const errors: readonly Case[] = [
  reference("a route that throws", "/boom", { ...bare, hides: [...bare.hides, "always throws"] }),
  ...["error", "string", "undefined", "null", "object", "later"].map((what) =>
    fixture(`throwing ${what}`, `/throws?what=${what}`, bare),
  ),
  ...["nothing", "a number", "an object", "an object with a status"].map((what) =>
    fixture(`answering ${what}`, `/throws?what=${encodeURIComponent(what)}`, bare),
  ),
  fixture("answering a stream of strings", "/odd?what=a+stream+of+strings", { status: 500, hides: ["secret"] }),
  fixture("answering a stream of strings, later", "/odd?what=a+stream+of+strings+later", {
    status: 500,
    hides: ["secret"],
  }),
  fixture("answering undefined as JSON", "/throws?what=undefined+as+JSON", bare),
  fixture("answering a function as JSON", "/throws?what=a+function+as+JSON", bare),
  fixture("answering a network error", "/odd?what=a+network+error", bare),
  twice("one text", { status: 200, body: "once" }, bare),
  twice("one json", { status: 200, json: { once: true }, headers: { "x-a": "1" } }, bare),
  twice("one without a body", { status: 202, body: "" }, { status: 202, body: "" }),
  fixture("answering a body that was read", "/odd?what=a+body+that+was+read", bare),
  fixture("throwing an answer of its own that is none", "/odd?what=an+answer+that+is+none", bare),
  fixture("throwing an answer of its own that fails", "/odd?what=an+answer+that+fails", bare),
  fixture("HEAD of a route that throws", { method: "HEAD", target: "/throws?what=error" }, { status: 500, body: "" }),
  {
    name: "a throw ends nothing",
    app: "fixture",
    steps: [
      { ask: { target: "/throws?what=error" }, expect: { status: 500 } },
      { ask: { target: "/throws?what=undefined" }, expect: { status: 500 } },
      { ask: { target: "/" }, expect: { status: 200, body: "home" } },
    ],
  },
  {
    name: "HEAD of a body that fails to end ends nothing",
    app: "fixture",
    steps: [
      { ask: { method: "HEAD", target: "/odd?what=a+body+that+fails+to+end" }, expect: { status: 200, body: "" } },
      ...[1, 2].map(() => ({ ask: { target: "/odd?what=text" }, expect: { status: 200, body: "text" } })),
    ],
  },
  fixture("HttpError 404", "/http-error?status=404", httpError(404)),
  fixture("HttpError 409", "/http-error?status=409", httpError(409)),
  fixture("HttpError 503", "/http-error?status=503", httpError(503)),
  fixture(
    "HEAD of an HttpError",
    { method: "HEAD", target: "/http-error?status=404" },
    { status: 404, headers: { "x-reason": "asked" }, body: "" },
  ),
  fixture("Hono's HTTPException in a plain handler", "/http-exception", {
    status: 403,
    headers: { "x-own": "yes" },
    body: "own response",
  }),
  fixture("HTTPException inside Hono", "/hono/refused", { status: 418, body: "no coffee" }),
  fixture("a throw inside Hono", "/hono/boom", {
    ...bare,
    headers: { "x-after": "Error" },
    hides: ["secret", ".ts", ".mjs"],
  }),
  fixture("an HttpError inside Hono", "/hono/http-error", {
    status: 409,
    headers: { "x-after": "HttpError" },
    json: { error: "taken" },
  }),
  fixture("a throw inside Hono with an error handler of its own", "/hono-own", { status: 503, body: "own: detail" }),
  fixture("an unknown path inside Hono", "/hono/none", { status: 404 }),
  reference(
    "validation lists every problem",
    {
      method: "POST",
      target: "/api/notes",
      headers: [["Content-Type", "application/json"]],
      body: '{"title":"","tags":["a",2],"more":1}',
    },
    {
      status: 422,
      headers: { "content-type": "application/problem+json" },
      json: {
        title: "Unprocessable Content",
        status: 422,
        errors: [
          { in: "body", pointer: "#/title", detail: "is empty" },
          { in: "body", pointer: "#/tags/1", detail: "Invalid type: Expected string but received 2" },
          { in: "body", pointer: "#/more", detail: 'Invalid key: Expected never but received "more"' },
        ],
      },
    },
  ),
  reference(
    "a body that is no JSON",
    { method: "POST", target: "/api/notes", headers: [["Content-Type", "application/json"]], body: "{" },
    {
      status: 400,
      headers: { "content-type": "application/problem+json" },
      json: { title: "Bad Request", status: 400, detail: "The body is not JSON" },
    },
  ),
  reference(
    "a body of the wrong type",
    { method: "POST", target: "/api/notes", headers: [["Content-Type", "text/plain"]], body: "x" },
    { status: 415, headers: { "content-type": "application/problem+json", accept: "application/json" } },
  ),
  fixture("404 has the same bytes everywhere", "/nothing", { status: 404, body: '{"error":"Not Found"}' }),
  fixture("400 has the same bytes everywhere", "/users/%zz", { status: 400, body: '{"error":"Bad Request"}' }),
];
