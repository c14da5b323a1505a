/** The function that migrates from inside of a VPC, as a build makes it: who has it, what is in it, and its bytes. */
// @module-tag isolated
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import type { App } from "../../../framework/model/app.ts";
import { zipEntries } from "../../../framework/zip/reader.ts";
import { root } from "../../architecture/sources.ts";
import { build, makeApp, makeFolder, writeFiles } from "../test-app.ts";

const files = {
  "functions/index.ts": `export const GET = () => new Response("plain");`,
  "functions/_jobs/digest.ts": `export default () => {};`,
  "data.txt": "not for it",
};
const databases = { DB: { dialect: "postgres" as const, url: "DATABASE_URL", migrations: "migrations" } };
const vpc = { subnets: ["subnet-1"], securityGroups: ["sg-1"] };

function folder(): string {
  const made = makeFolder(files);
  symlinkSync(join(root, "node_modules/pg"), join(made, "node_modules/pg"));
  return made;
}

const lambda = (change: Partial<App["lambda"]>): Partial<App> => ({
  lambda: { ...makeApp("").lambda, ...change },
  ...(change.front === "function-url" && { group: "app" }),
});

it.each([
  ["an HTTP API", {}],
  ["a function URL", { front: "function-url" }],
] as const)("behind %s an app with databases and a VPC has it, with the runner and pg alone", async (_, front) => {
  const app = { ...lambda({ vpc, ...front }), databases, files: ["data.txt"] };
  const { manifest, out } = await build(folder(), "lambda", app);
  expect(manifest.migrateFunction).toMatchObject({ id: "_migrate", settings: { memory: 256, timeout: 900 } });
  expect(manifest.migrateFunction).not.toHaveProperty("needs");
  const path = join(out, manifest.migrateFunction!.main);
  const code = readFileSync(path, "utf8");
  expect(code).not.toMatch(/libpg|wasm/);
  expect(gzipSync(code, { level: 9 }).length).toBeLessThan(34 * 1024);
  const archive = readFileSync(join(out, manifest.migrateFunction!.zip!));
  expect(
    zipEntries(archive)
      .map((entry) => entry.path)
      .toSorted(),
  ).toEqual(["build", "index.mjs", "index.mjs.map"]);
  const { handler } = (await import(pathToFileURL(path).href)) as { readonly handler: (event: unknown) => unknown };
  expect(await handler({ migrate: 0, database: "DB" })).toMatchObject({ error: { code: "MIGRATE_FUNCTION_OLD" } });
});

it("is left out without a VPC, without databases and on other targets, and is the same after other code", async () => {
  const made = folder();
  const hashOf = async (target: "lambda" | "node", change: Partial<App>) =>
    (await build(made, target, change)).manifest.migrateFunction?.hash;
  expect(await hashOf("lambda", { databases })).toBeUndefined();
  expect(await hashOf("lambda", lambda({ vpc }))).toBeUndefined();
  expect(await hashOf("node", { ...lambda({ vpc }), databases })).toBeUndefined();
  const first = await hashOf("lambda", { ...lambda({ vpc }), databases });
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  writeFiles(made, { "functions/index.ts": `export const GET = () => new Response("other");` });
  expect(await hashOf("lambda", { ...lambda({ vpc }), databases, group: "app" })).toBe(first);
});
