/** Cases: middleware around routes, and apps as routes. */
import { type Case, caseOf } from "../case.ts";

const fixture = caseOf("fixture");
const reference = caseOf("reference");
const greeting = '안녕 "세계", $HOME = 1';

/** Middleware and apps. */
export const middleware: readonly Case[] = [
  fixture("middleware before and after", "/mw", {
    status: 200,
    json: { order: ["outer"] },
    headers: { "x-after": "outer", "x-error": "none" },
  }),
  fixture("outermost first, and back", "/mw/inner/x", {
    status: 200,
    json: { name: "x", order: ["outer", "inner-1", "inner-2"], greeting },
    headers: { "x-after": /^inner-2, ?inner-1, ?outer$/ },
  }),
  fixture("params below middleware are decoded once", "/mw/inner/%2541%20b", {
    status: 200,
    json: { name: "%41 b", order: ["outer", "inner-1", "inner-2"], greeting },
  }),
  fixture(
    "a body below middleware",
    { method: "POST", target: "/mw", body: "through" },
    { status: 200, body: "through", headers: { "x-after": "outer" } },
  ),
  fixture(
    "middleware wraps HEAD",
    { method: "HEAD", target: "/mw" },
    { status: 200, body: "", headers: { "x-after": "outer" } },
  ),
  fixture(
    "middleware wraps 405",
    { method: "DELETE", target: "/mw" },
    { status: 405, headers: { "x-after": "outer", allow: /GET/ } },
  ),
  fixture(
    "middleware wraps OPTIONS",
    { method: "OPTIONS", target: "/mw" },
    { status: 204, headers: { "x-after": "outer", allow: /POST/ } },
  ),
  fixture("middleware does not wrap the 404", "/mw/none/at/all", {
    status: 404,
    headers: { "x-after": null },
    json: { error: "Not Found" },
  }),
  fixture("middleware sees an error and adds to its response", "/mw/inner/refused", {
    status: 409,
    json: { error: "refused below middleware" },
    headers: { "x-error": "refused below middleware", "x-after": /outer$/ },
  }),
  fixture("a throw below middleware is a bare 500", "/mw/inner/boom", {
    status: 500,
    body: /^\{"error":"Internal Server Error","requestId":"[^"]+"\}$/,
    headers: { "x-after": /outer$/ },
  }),
  fixture("middleware may respond itself", "/mw/closed", {
    status: 401,
    body: "closed",
    headers: { "www-authenticate": "Bearer", "x-after": "outer" },
  }),
  fixture("middleware may refuse a method", { method: "OPTIONS", target: "/mw/closed" }, { status: 401 }),
  reference("a folder with Hono's middleware", "/members?as=ada", {
    status: 200,
    json: { member: "ada" },
    headers: { "x-content-type-options": "nosniff", "x-frame-options": "SAMEORIGIN" },
  }),
  reference("a param below the same middleware", "/members/42", { status: 200, json: { id: 42, member: "guest" } }),
  reference("HttpError below middleware", "/members/x", {
    status: 404,
    json: { error: "A member's id is a number" },
    headers: { "x-content-type-options": "nosniff" },
  }),
  fixture("a Hono app's root", "/hono", { status: 200, body: "hono root" }),
  fixture("a Hono app's own router and the env", "/hono/items/7", { status: 200, json: { id: "7", greeting } }),
  fixture(
    "a Hono app reads a body",
    { method: "POST", target: "/hono/items", headers: [["Content-Type", "application/json"]], body: '{"a":[1]}' },
    { status: 201, json: { got: { a: [1] } } },
  ),
  fixture(
    "HEAD of a Hono app",
    { method: "HEAD", target: "/hono/items/7" },
    { status: 200, body: "", headers: { "content-type": /^application\/json/ } },
  ),
  fixture("any object with fetch is an app", "/fetch-app/a%20b", {
    status: 200,
    json: { method: "GET", id: "a b", greeting, hasRequestId: true },
  }),
];
