/** Cases: the lines that a route logs, and the trace that it passes on. */
import { type Case, caseOf } from "../case.ts";

const fixture = caseOf("fixture");

const [trace, parent] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];

/** The route answers with what it wrote, `requestId` where a line has the request's own. */
const logged = (title: string, path: string, more: object = {}): Case =>
  fixture(
    `log: ${title}`,
    { target: path, headers: [["traceparent", `00-${trace}-${parent}-01`]] },
    {
      status: 200,
      json: {
        lines: [
          {
            level: "info",
            message: "paid",
            area: "orders",
            cents: 5,
            requestId: "requestId",
            traceId: trace,
            stage: "local",
            ...more,
          },
          {
            level: "error",
            message: "failed",
            area: "orders",
            error: { name: "TypeError", message: "no host", code: "ENOTFOUND", cause: "down" },
            requestId: "requestId",
            traceId: trace,
            stage: "local",
            ...more,
          },
        ],
        count: { orders: 2, stage: "local" },
        passedOn: { traceparent: `00-${trace}-${parent}-01` },
      },
    },
  );

/** Lines of a route, behind middleware, and inside a Hono app. */
export const log: readonly Case[] = [
  logged("a route", "/log/7", { route: "/log/:id" }),
  logged("a route behind middleware, which logs too", "/mw/log", { route: "/mw/log" }),
  logged("a Hono app", "/log/hono/7", { route: "/log/hono/:path*" }),
  fixture(
    "log: a traceparent that is none is not passed on",
    { target: "/log/7", headers: [["traceparent", `00-${trace}-${"0".repeat(16)}-01`]] },
    {
      status: 200,
      check: (answer) => {
        const text = Buffer.from(answer.bytes).toString();
        if (text.includes(trace)) throw new Error(text);
      },
    },
  ),
];
