/** The compressed bytes of `portico/resource` and `portico/client`, and that `openapi` adds none. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build as esbuild } from "esbuild";
import { describe, expect, it } from "vitest";
import { bundleOptions } from "../../../framework/bundler/esbuild-options.ts";
import { targets } from "../../../framework/model/target.ts";
import { build, makeFolder } from "../../bundler/test-app.ts";

/** Of a module that exports these names alone. */
async function bytesOf(target: (typeof targets)[number], names: string, from: string): Promise<number> {
  const entries = new Map([["entry/it", `export { ${names} } from "${from}";`]]);
  const { outputFiles } = await esbuild({
    ...bundleOptions({ root: makeFolder({}), target, entries }, "production"),
    sourcemap: false,
    entryPoints: [{ in: "portico:entry/it", out: "it" }],
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
}

describe.each(targets)("on %s", (target) => {
  it("a resource has at most 2 KB without its schemas", async () => {
    expect(await bytesOf(target, "resource, created", "portico/resource")).toBeLessThanOrEqual(2048);
  });

  it("a client has at most 0.72 KB alone; a function that has it grows by less than 0.6 (npm run bench)", async () => {
    expect(await bytesOf(target, "createClient", "portico/client")).toBeLessThanOrEqual(735);
  });
});

const route = (more: string): string =>
  `import { resource } from "portico/resource";
const schema = { "~standard": { version: 1, vendor: "a", validate: (value: unknown) => ({ value }) } } as const;
export const POST = resource({ body: schema }, ({ body }) => body);
${more}`;

describe.each(targets)("on %s", (target) => {
  it("what describes a route is not in its function", async () => {
    const codeOf = async (more: string): Promise<string> => {
      const { out, manifest } = await build(makeFolder({ "functions/index.ts": route(more) }), target);
      return readFileSync(join(out, manifest.functions[0]!.main), "utf8");
    };
    const described = await codeOf(`export const openapi = () => ({ POST: { summary: "It" } });\n`);
    // esbuild chooses other names of the same length.
    expect(described.length).toBe((await codeOf("")).length);
    expect(described).not.toContain("summary");
  });
});
