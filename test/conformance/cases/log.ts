/** Cases: the lines that a route logs, and the trace that it passes on. */
import { expect } from "vitest";
import { type Answer, type Case, caseOf } from "../case.ts";

const fixture = caseOf("fixture");

const [trace, parent] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];

/** The route answers with what it wrote, `requestId` where a line has the request's own. */
const answer = (more: object, passedOn: object): object => {
  const line = { area: "orders", requestId: "requestId", stage: "local", ...more };
  const error = { name: "TypeError", message: "no host", code: "ENOTFOUND", cause: "down" };
  return {
    lines: [
      { ...line, level: "info", message: "paid", cents: 5 },
      { ...line, level: "error", message: "failed", error },
    ],
    count: { orders: 2, stage: "local" },
    passedOn,
  };
};

const logged = (title: string, path: string, route: string): Case => {
  const traceparent = `00-${trace}-${parent}-01`;
  return fixture(
    `log: ${title}`,
    { target: path, headers: [["traceparent", traceparent]] },
    { status: 200, json: answer({ route, traceId: trace }, { traceparent }) },
  );
};

/** Nothing of the given trace is there: Lambda has one of its own, and the others have none. */
function isWithout({ bytes }: Answer): void {
  const told = JSON.parse(Buffer.from(bytes).toString()) as {
    readonly lines: readonly { readonly traceId?: string }[];
    readonly passedOn: { readonly traceparent?: string };
  };
  const own = told.lines[0]?.traceId;
  expect(own ?? "0".repeat(32)).toMatch(/^[0-9a-f]{32}$/);
  expect(own).not.toBe(trace);
  const { traceparent } = told.passedOn;
  if (traceparent !== undefined) expect(traceparent).toMatch(new RegExp(`^00-${own}-(?!${parent})[0-9a-f]{16}-0[01]$`));
  expect(told).toEqual(
    answer({ route: "/log/:id", ...(own && { traceId: own }) }, traceparent === undefined ? {} : { traceparent }),
  );
}

/** Lines of a route, behind middleware, and inside a Hono app. */
export const log: readonly Case[] = [
  logged("a route", "/log/7", "/log/:id"),
  logged("a route behind middleware, which logs too", "/mw/log", "/mw/log"),
  logged("a Hono app", "/log/hono/7", "/log/hono/:path*"),
  fixture(
    "log: a traceparent that is none is neither logged nor passed on",
    { target: "/log/7", headers: [["traceparent", `00-${trace}-${"0".repeat(16)}-01`]] },
    { status: 200, check: isWithout },
  ),
];
