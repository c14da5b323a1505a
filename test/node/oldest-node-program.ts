/**
 * A process that uses each operation of the store and of files in the folder it is given, and imports a package that
 * the folder's app does not declare; it prints the results.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { files } from "../../framework/features/files/node.ts";
import { store } from "../../framework/features/store/node.ts";
import { restrictPackages } from "../../framework/http/declared-packages.ts";
import { createCall } from "../../framework/node/testing.ts";

const [data = ""] = process.argv.slice(2);
const call = createCall({ platform: { name: "node", data } });

async function useStore(): Promise<object> {
  const entries = store<readonly number[]>(call, "entries");
  const counts = store<number>(call, "counts");
  const version = await entries.set("a", [0], { if: null });
  const again = await entries.set("a", [2], { if: null });
  const replaced = await entries.set("a", [1], { if: version!, ttl: 60 });
  await entries.set("b", []);
  const value = (await entries.get("a"))?.value;
  const sums = [await counts.add("n", 2, { ttl: 60 }), await counts.add("n", 3)];
  const keys = await keysOf(entries.list({ limit: 2 }));
  const deleted = await entries.delete("a", { if: replaced });
  return { again, value, sums, keys, deleted, left: await keysOf(entries.list()) };
}

async function useFiles(): Promise<object> {
  const photos = files(call, "photos");
  await photos.put("a/1", "one", { type: "text/plain" });
  await photos.put("a/1", "other", { type: "text/plain" });
  await photos.put("b", "two");
  const text = await new Response((await photos.get("a/1"))!.body).text();
  const keys = await keysOf(photos.list({ prefix: "a/" }));
  await photos.delete("a/1");
  return { text, keys, left: await keysOf(photos.list()) };
}

async function keysOf(list: AsyncIterable<{ readonly key: string }>): Promise<readonly string[]> {
  const keys: string[] = [];
  for await (const { key } of list) keys.push(key);
  return keys;
}

/** The codes of the errors of a require and an import of a package that is there. */
async function importUndeclared(): Promise<readonly unknown[]> {
  const [app, name] = [join(data, "app"), join(data, "node_modules/undeclared")];
  for (const folder of [app, name]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(name, "index.js"), "");
  const module = join(app, "index.mjs");
  writeFileSync(module, `export const load = (name) => import(name);\n`);
  restrictPackages(app, []);
  const { load } = (await import(pathToFileURL(module).href)) as { load(name: string): Promise<unknown> };
  const codeOf = (error: unknown): unknown => (error as NodeJS.ErrnoException).code ?? String(error);
  const required: unknown = await Promise.resolve("undeclared").then(createRequire(module)).catch(codeOf);
  return [required, await load("undeclared").catch(codeOf)];
}

const results = { store: await useStore(), files: await useFiles(), undeclared: await importUndeclared() };
console.log(JSON.stringify({ node: process.version, ...results }));
