import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build as esbuild } from "esbuild";
import { describe, expect, it } from "vitest";
import { functionEntry, routeEntry, type ScannedRoute } from "../../framework/build/entry.ts";
import { bundleOptions } from "../../framework/build/options.ts";
import { scanMethods } from "../../framework/build/scan.ts";
import { targets } from "../../framework/model/target.ts";
import { discover } from "../../framework/routes/discover.ts";
import { build, makeApp, makeFolder } from "./app.ts";

const plain = { "functions/index.ts": `import type { Handler } from "portico";\nexport const GET: Handler = () => new Response("hi");\n` };
const withParam = {
  "functions/users/[id].ts": `export const GET = (_: Request, { params }: { params: { id: string } }) => new Response(params.id);\n`,
};

/** Names a part that the lean web classes lack. */
const withForm = { "functions/form.ts": `export const POST = async (r: Request) => Response.json([...(await r.formData()).keys()]);\n` };

describe("bytes of a plain function", () => {
  it.each([
    // As Lambda's documentation says: 12 KB are 12,288.
    ["light", { index: 12_183, "users-id": 12_277, form: 15_089 }],
    ["platform", { index: 2460, "users-id": 2520, form: 2520 }],
  ] as const)(
    "are on Lambda with the %s web classes at most what they were, adapter, dispatch and the answer to a deploy's probe included",
    async (webClasses, most) => {
      const lambda = { ...makeApp("").lambda, webClasses };
      const { manifest, out } = await build(makeFolder({ ...plain, ...withParam, ...withForm }), "lambda", { lambda });
      expect(manifest.functions.map(({ id }) => id).toSorted()).toEqual(["form", "index", "users-id"]);
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

  it("do not grow by the error of a route that never throws one", async () => {
    const { out } = await build(makeFolder(plain), "lambda");
    expect(readFileSync(join(out, "functions/index.mjs"), "utf8")).not.toMatch(/HttpError|hono|createRouter|decodeURIComponent/);
  });
});

/** Every input that esbuild reads for one function, as its metafile has them. */
async function inputsOf(root: string, route: ScannedRoute, target: (typeof targets)[number]): Promise<readonly string[]> {
  const inputs: string[] = [];
  for (const text of [functionEntry(target, [route]), ...(target === "lambda" ? [] : [routeEntry(route)])]) {
    const options = bundleOptions({ root, target, entries: new Map([["entry/it", text]]) }, "production");
    const { metafile } = await esbuild({ ...options, entryPoints: [{ in: "portico:entry/it", out: "it" }] });
    inputs.push(...Object.keys(metafile.inputs));
  }
  return inputs;
}

describe("what is inside a function", () => {
  it("is its files, the runtime and the packages that it imports: no tooling, on any target", async () => {
    const root = makeFolder({
      ...plain,
      ...withParam,
      "functions/app/[[...path]].tsx": `import { Hono } from "hono"; import { HttpError } from "portico"; export default new Hono().get("*", (c) => { if (c.req.query("e")) throw new HttpError(400, "no"); return c.html(<p>hi</p>); });`,
      "functions/(in)/_middleware.ts": `import { csrf } from "hono/csrf"; export default csrf();`,
      "functions/(in)/form.ts": `import { clean } from "../_lib/clean.ts"; export const POST = async (r: Request) => new Response(clean(await r.text()));`,
      "functions/_lib/clean.ts": `export const clean = (text: string) => text.trim();`,
    });
    const routes = await discover(root);
    const methods = await scanMethods(root, routes);
    const own = /^(?:portico:(?:entry|function|runtime)\/|functions\/)/;
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
