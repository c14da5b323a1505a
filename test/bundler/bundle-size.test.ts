/** Size limits of bundled functions, and the files that they may contain. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build as esbuild } from "esbuild";
import { describe, expect, it } from "vitest";
import { functionEntry, routeEntry, type ScannedRoute } from "../../framework/bundler/function-entry.ts";
import { bundleOptions } from "../../framework/bundler/esbuild-options.ts";
import { scanMethods } from "../../framework/bundler/route-exports.ts";
import { targets } from "../../framework/model/target.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import { build, makeApp, makeFolder } from "./test-app.ts";

const plain = {
  "functions/index.ts":
    `import type { Handler } from "portico";\nexport const GET: Handler = () => ` + `new Response("hi");\n`,
};
const withParam = {
  "functions/users/[id].ts":
    `export const GET = (_: Request, { params }: { params: { id: string } }) => ` + `new Response(params.id);\n`,
};

describe("bytes of a plain function", () => {
  it.each([
    // 15.5 KB, as Lambda's documentation counts them.
    ["light", { index: 15_872, "users-id": 15_872 }],
    ["platform", { index: 2510, "users-id": 2570 }],
  ] as const)(
    "are on Lambda with the %s web classes at most what they were, adapter, " +
      "dispatch and the answer to a deploy's probe included",
    async (webClasses, most) => {
      const lambda = { ...makeApp("").lambda, webClasses };
      const { manifest, out } = await build(makeFolder({ ...plain, ...withParam }), "lambda", { lambda });
      expect(manifest.functions.map(({ id }) => id).toSorted()).toEqual(["index", "users-id"]);
      for (const { id, main, bytes } of manifest.functions) {
        expect(bytes, id).toBe(readFileSync(join(out, main)).length);
        expect(bytes, id).toBeLessThanOrEqual(most[id as keyof typeof most]);
      }
    },
  );

  it("are at most 1,200 on Workers and on Node, shared chunks included", async () => {
    for (const target of ["workers", "node"] as const) {
      const root = makeFolder({ ...plain, ...withParam });
      const { manifest } = await build(root, target);
      for (const { bytes } of manifest.functions) expect(bytes).toBeLessThanOrEqual(1200);
    }
  });

  it("do not include error classes that a route does not use", async () => {
    const { out } = await build(makeFolder(plain), "lambda");
    expect(readFileSync(join(out, "functions/index.mjs"), "utf8")).not.toMatch(
      /HttpError|hono|createRouter|decodeURIComponent/,
    );
  });
});

/** Every input that esbuild reads for one function, as its metafile has them. */
async function inputsOf(
  root: string,
  route: ScannedRoute,
  target: (typeof targets)[number],
): Promise<readonly string[]> {
  const inputs: string[] = [];
  for (const text of [functionEntry(target, [route]), ...(target === "lambda" ? [] : [routeEntry(route)])]) {
    const options = bundleOptions({ root, target, entries: new Map([["entry/it", text]]) }, "production");
    const { metafile } = await esbuild({ ...options, entryPoints: [{ in: "portico:entry/it", out: "it" }] });
    inputs.push(...Object.keys(metafile.inputs));
  }
  return inputs;
}

describe("the content of a function", () => {
  it("is its files, the runtime and imported packages, without tooling, on every target", async () => {
    const root = makeFolder({
      ...plain,
      ...withParam,
      "functions/app/[[...path]].tsx":
        `import { Hono } from "hono"; import { HttpError } from "portico"; ` +
        `export default new Hono().get("*", (c) => { if (c.req.query("e")) throw new HttpError(400, "no"); ` +
        `return c.html(<p>hi</p>); });`,
      "functions/(in)/_middleware.ts": `import { csrf } from "hono/csrf"; export default csrf();`,
      "functions/(in)/form.ts":
        `import { clean } from "../_lib/clean.ts"; export const POST = async (r: ` +
        `Request) => new Response(clean(await r.text()));`,
      "functions/_lib/clean.ts": `export const clean = (text: string) => text.trim();`,
    });
    const routes = await discoverRoutes(root);
    const methods = await scanMethods(root, routes);
    const own = /^(?:portico:(?:entry|function|runtime|features|model)\/|functions\/)/;
    for (const target of targets) {
      for (const route of routes) {
        const inputs = await inputsOf(root, { ...route, methods: methods.get(route.id) ?? [] }, target);
        const foreign = inputs.filter((input) => !own.test(input));
        const honoToo = route.id === "app-path" || route.id === "form";
        expect(foreign.filter((input) => !(honoToo && /node_modules\/hono\//.test(input)))).toEqual([]);
        expect(inputs.length).toBeGreaterThan(3);
      }
    }
  });
});
