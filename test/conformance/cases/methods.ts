/** Cases: methods, those a route has and those that come by themselves. */
import { type Case, caseOf, valuesOf } from "../case.ts";

const fixture = caseOf("fixture");
const allowed = "DELETE, GET, HEAD, OPTIONS, PUT";

/** The Allow header as a set. */
const allow = (expected: string) => ({
  check: (answer: Parameters<typeof valuesOf>[0]) => {
    const got = valuesOf(answer, "allow")
      .join(",")
      .split(/\s*,\s*/)
      .toSorted()
      .join(", ");
    if (got !== expected) throw new Error(`Allow: ${got}, not ${expected}`);
  },
});

/** RFC 9110 section 8.6: a HEAD answer may leave Content-Length out, but a wrong one is a lie. */
const lengthOf = (bytes: number) => ({ "content-length": new RegExp(`^(${bytes})?$`) });

/** Methods. */
export const methods: readonly Case[] = [
  fixture("GET", "/methods", { status: 200, headers: { "x-method": "GET" }, body: "body of GET" }),
  fixture(
    "HEAD follows GET",
    { method: "HEAD", target: "/methods" },
    { status: 200, headers: { "x-method": "HEAD", "content-type": "text/x-method", ...lengthOf(12) }, body: "" },
  ),
  fixture("PUT", { method: "PUT", target: "/methods", body: "x" }, { status: 200, body: "put" }),
  fixture("DELETE without a body", { method: "DELETE", target: "/methods" }, { status: 204, body: "" }),
  fixture(
    "OPTIONS says what is allowed",
    { method: "OPTIONS", target: "/methods" },
    { status: 204, body: "", ...allow(allowed) },
  ),
  fixture(
    "405 says what is allowed",
    { method: "POST", target: "/methods", body: "x" },
    { status: 405, ...allow(allowed) },
  ),
  fixture("405 for PATCH", { method: "PATCH", target: "/methods", body: "x" }, { status: 405, ...allow(allowed) }),
  fixture(
    "a route's own HEAD",
    { method: "HEAD", target: "/own-methods" },
    { status: 200, headers: { "x-from": "HEAD" }, body: "" },
  ),
  fixture(
    "a route's own OPTIONS",
    { method: "OPTIONS", target: "/own-methods" },
    { status: 200, headers: { "x-from": "OPTIONS", allow: "GET, HEAD, OPTIONS, PURGE" }, body: "options" },
  ),
  fixture(
    "no GET, no HEAD",
    { method: "HEAD", target: "/post-only" },
    { status: 405, body: "", ...allow("OPTIONS, POST") },
  ),
  fixture("GET where only POST is", "/post-only", { status: 405, ...allow("OPTIONS, POST") }),
  fixture(
    "201 with a location",
    { method: "POST", target: "/post-only", body: "" },
    { status: 201, headers: { location: "/post-only/1" }, body: "posted" },
  ),
  fixture(
    "HEAD of a param route",
    { method: "HEAD", target: "/users/42" },
    { status: 200, headers: { "content-type": "application/json" }, body: "" },
  ),
  fixture("HEAD of a missing path", { method: "HEAD", target: "/nothing" }, { status: 404, body: "" }),
  fixture("OPTIONS of a missing path", { method: "OPTIONS", target: "/nothing" }, { status: 404 }),
  fixture(
    "an app gets every method",
    { method: "PATCH", target: "/fetch-app/9" },
    { status: 200, json: { method: "PATCH", id: "9", greeting: '안녕 "세계", $HOME = 1', hasRequestId: true } },
  ),
  fixture(
    "TRACE is 405, without the app",
    { method: "TRACE", target: "/fetch-app/9" },
    { status: 405, json: { error: "Method Not Allowed" } },
  ),
  fixture(
    "HEAD of a stream",
    { method: "HEAD", target: "/stream" },
    { status: 200, headers: { "content-type": "text/plain; charset=utf-8" }, body: "" },
  ),
];
