/**
 * Background work of `waitUntil` in an environment, under our runtime client and AWS's: how long an answer waits for
 * it, and what is logged.
 */
import { fileURLToPath } from "node:url";
import { build as esbuild } from "esbuild";
import { describe, expect, it } from "vitest";
import { bundleOptions } from "../../../framework/bundler/esbuild-options.ts";
import type { LoadedFunction } from "../../../framework/model/invocation.ts";
import { eventSources } from "../../runtime/event-sources.ts";
import { ricClient } from "./client/ric.ts";
import { functionOf, start } from "./harness.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** A function around `app`, an expression, as people write it who use the adapter alone. */
async function adapted(adapter: "toLambda" | "toLambdaStream", app: string, timeout: number): Promise<LoadedFunction> {
  const text = `import { ${adapter} } from "portico/lambda"; export const handler = ${adapter}(${app});`;
  const options = bundleOptions({ root, target: "lambda", entries: new Map([["entry/it", text]]) }, "production");
  const { outputFiles } = await esbuild({ ...options, entryPoints: ["portico:entry/it"], sourcemap: false });
  return functionOf(outputFiles[0]?.text ?? "", { timeout });
}

const event = (front: string): Uint8Array => {
  const request = { method: "GET", target: "/", headers: [["host", "a.example"]], body: new Uint8Array() } as const;
  const made = eventSources
    .find(({ name }) => name === front)
    ?.toEvent({ ...request, clientAddress: "::1", scheme: "https", port: 443 });
  return Buffer.from(JSON.stringify(made));
};
const call = { requestId: "request-1", arn: "arn:aws:lambda:us-east-1:000000000000:function:it:1" };

describe.each([
  ["our client", undefined],
  ["AWS's own client", ricClient],
])("waitUntil under %s", (_, client) => {
  it.each([
    ["toLambda", "HTTP API"],
    ["toLambda", "REST API"],
    ["toLambda", "load balancer, single-value"],
    ["toLambdaStream", "function URL"],
  ] as const)(
    "%s behind a %s: work that never ends delays the response until a second before the timeout, not longer",
    async (adapter, front) => {
      const never = `(_, { waitUntil }) => { waitUntil(new Promise((done) => setTimeout(done, 60_000)));
        return new Response("whole"); }`;
      const { runtime } = start(client && { client });
      const { payload, functionError, timedOut } = await runtime.invoke(
        await adapted(adapter, never, 2),
        event(front),
        call,
      );
      expect([functionError, timedOut, Buffer.from(payload).toString().includes("whole")]).toEqual([
        undefined,
        undefined,
        true,
      ]);
    },
  );

  it.each(["toLambda", "toLambdaStream"] as const)(
    "%s logs work that is rejected, and the response does not change",
    async (adapter) => {
      const fails = `(_, { waitUntil }) => { waitUntil(Promise.reject(new RangeError("background")));
        return new Response("whole"); }`;
      const { runtime, lines } = start(client && { client });
      const fn = await adapted(adapter, fails, 300);
      const { payload, functionError, failure } = await runtime.invoke(fn, event("function URL"), call);
      expect([functionError, failure, Buffer.from(payload).toString().includes("whole")]).toEqual([
        undefined,
        undefined,
        true,
      ]);
      expect(lines.map(({ text }) => text).join("\n")).toMatch(/RangeError: background/);
    },
  );
});
