/** The compressed bytes of `portico/postgres` beside those of `pg`, and that an app without databases has none. */
import { gzipSync } from "node:zlib";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { build as esbuild } from "esbuild";
import { expect, it } from "vitest";
import { bundleOptions } from "../../../framework/bundler/esbuild-options.ts";
import { functionEntry, type ScannedRoute } from "../../../framework/bundler/function-entry.ts";
import { targets } from "../../../framework/model/target.ts";
import { root } from "../../architecture/sources.ts";
import { makeFolder } from "../../bundler/test-app.ts";

async function bytesOf(target: (typeof targets)[number], text: string): Promise<number> {
  const folder = makeFolder({});
  symlinkSync(join(root, "node_modules/pg"), join(folder, "node_modules/pg"));
  const { outputFiles } = await esbuild({
    ...bundleOptions({ root: folder, target, entries: new Map([["entry/it", text]]) }, "production"),
    sourcemap: false,
    entryPoints: [{ in: "portico:entry/it", out: "it" }],
  });
  return gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
}

it.each(targets)("are on %s at most 2 KB", async (target) => {
  const own = `import { Pool } from "pg";\nexport const open = (connectionString) => new Pool({ connectionString });`;
  const feature = `import { database } from "portico/postgres";\nexport const open = (c) => database(c, "DB");`;
  const more = (await bytesOf(target, feature)) - (await bytesOf(target, own));
  expect(more).toBeLessThanOrEqual(2048);
  expect(more).toBeGreaterThan(500);
});

it.each(targets)("on %s, context.env of an app with databases takes at most 500 bytes", async (target) => {
  const route: ScannedRoute = {
    id: "index",
    file: "functions/index.ts",
    pattern: "/",
    segments: [],
    middleware: [],
    methods: ["GET"],
  };
  const textOf = (databases?: Readonly<Record<string, string>>): string =>
    functionEntry(target, [{ ...route, ...(databases && { databases }) }]).replace(
      /^import .*functions\/index.*$/m,
      "const GET0 = () => new Response();",
    );
  const more = (await bytesOf(target, textOf({ DB: "DATABASE_URL" }))) - (await bytesOf(target, textOf()));
  expect(more).toBeLessThanOrEqual(500);
  expect(textOf()).not.toContain("database");
});
