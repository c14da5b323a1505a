/** The headers that make a request part of its trace, by the grammar of W3C Trace Context. */
import { describe, expect, it } from "vitest";
import { placeOf } from "../../../framework/features/log/lambda.ts";
import { createTraceHeaders, type LogContext, routed } from "../../../framework/features/log/trace.ts";

const [trace, parent] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
const traceHeaders = (context: object) => createTraceHeaders(placeOf)(context as LogContext);
const given = (traceparent: string, more: Record<string, string> = {}) => ({
  [routed]: [new Request("https://a.example", { headers: { traceparent, ...more } }), "/"],
});

describe("traceparent", () => {
  it.each([
    [`00-${trace}-${parent}-01`, `00-${trace}-${parent}-01`],
    [`00-${trace}-${parent}-00`, `00-${trace}-${parent}-00`],
  ])("%s is passed on", (incoming, outgoing) => {
    expect(traceHeaders(given(incoming))).toEqual({ traceparent: outgoing });
  });

  it.each([
    "",
    "00",
    `ff-${trace}-${parent}-01`,
    `0-${trace}-${parent}-01`,
    `zz-${trace}-${parent}-01`,
    `00-${"0".repeat(32)}-${parent}-01`,
    `00-${trace}-${"0".repeat(16)}-01`,
    `00-${trace.toUpperCase()}-${parent}-01`,
    `00-${trace.slice(1)}-${parent}-01`,
    `00-${trace}-${parent}-1`,
    `00-${trace}-${parent}-01-more`,
    `00-${trace}-${parent}-01-`,
    // Of a version that does not exist yet: section 3.2.4 lets those who cannot read one begin a trace of their own.
    `01-${trace}-${parent}-01`,
    ` 00-${trace}-${parent}-01x`,
    `00-${trace}-${parent}-0x`,
    `00-${trace}-${parent}-01, 00-${trace}-${parent}-01`,
    `00_${trace}_${parent}_01`,
  ])("%j is not", (incoming) => {
    expect(traceHeaders(given(incoming, { tracestate: "a=1" }))).toEqual({});
  });

  it("is X-Ray's on Lambda where the request has none, with its decision about sampling", () => {
    const lambda = (xRayTraceId: string) => ({
      platform: { name: "lambda", event: {}, context: { xRayTraceId } } as const,
    });
    const root = `Root=1-${trace.slice(0, 8)}-${trace.slice(8)}`;
    const headersOf = (text: string) => traceHeaders(lambda(text));
    expect(headersOf(`${root};Parent=${parent};Sampled=1`)).toEqual({ traceparent: `00-${trace}-${parent}-01` });
    expect(headersOf(`${root};Parent=${parent};Sampled=0;Lineage=1:a`)).toEqual({
      traceparent: `00-${trace}-${parent}-00`,
    });
    for (const text of [root, `${root};Parent=${parent}`, `${root};Parent=${parent};Sampled=?`, "", "Root=1-a-b"])
      expect(headersOf(text)).toEqual({});
    const both = { ...lambda(`${root};Parent=${parent};Sampled=1`), ...given(`00-${parent}${parent}-${parent}-01`) };
    expect(traceHeaders(both)).toEqual({ traceparent: `00-${parent}${parent}-${parent}-01` });
  });

  it("takes tracestate along", () => {
    expect(traceHeaders(given(`00-${trace}-${parent}-01`, { tracestate: "a=1,b=2" }))).toEqual({
      traceparent: `00-${trace}-${parent}-01`,
      tracestate: "a=1,b=2",
    });
    expect(traceHeaders({})).toEqual({});
  });
});
