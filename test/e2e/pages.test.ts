/** Pages of docs that are one app from their first line to their last: they work as they say, and compile. */
// @module-tag check
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { runPage } from "./page.ts";
import { repository, stopAll } from "./portico.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portico pages 안내-"));
});
afterEach(stopAll);
afterAll(() => rm(folder, { recursive: true }));

/** What the compiler says of the app. Portico's sources, unlike the package's declarations, need Node's types. */
async function compile(root: string): Promise<string> {
  const file = join(root, "tsconfig.json");
  await writeFile(file, (await readFile(file, "utf8")).replace(`"types": []`, `"types": ["node"]`));
  const words = [join(repository, "node_modules/typescript/bin/tsc"), "-p", root];
  return promisify(execFile)(process.execPath, words, { cwd: root }).then(
    () => "",
    ({ stdout }: { readonly stdout: string }) => stdout,
  );
}

it.each(["docs/tutorial-postgres.md", "docs/from-django-and-flask.md"])("%s", async (page) => {
  const root = await runPage(page, await mkdtemp(join(folder, "app-")));
  expect(await compile(root)).toBe("");
});
