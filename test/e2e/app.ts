/** Creates small apps on disk, with the repository's packages, for tests that run the CLI. */
import { mkdir, mkdtemp, readdir, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll } from "vitest";
import { repository, stopAll } from "./portico.ts";

/** Writes one file, its folders included. */
export async function write(root: string, file: string, text: string): Promise<void> {
  await mkdir(join(root, file, ".."), { recursive: true });
  await writeFile(join(root, file), text);
}

/**
 * Makes apps in a folder that goes away after the file's tests, as does whatever they left running. Call it at the top
 * of a test file.
 */
export function appFolder(name: string): (app: string, files: Readonly<Record<string, string>>) => Promise<string> {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), `portico-${name}-`));
  });
  afterEach(stopAll);
  afterAll(() => rm(folder, { recursive: true }));
  return async (app, files) => {
    const root = join(folder, app);
    await mkdir(root, { recursive: true });
    await symlink(join(repository, "node_modules"), join(root, "node_modules"));
    for (const [file, text] of Object.entries(files)) await write(root, file, text);
    return root;
  };
}

/** The repository's packages, but for some that are elsewhere, or missing where they are undefined. */
export async function linkPackages(root: string, others: Readonly<Record<string, string | undefined>>): Promise<void> {
  const [shared, own] = [join(repository, "node_modules"), join(root, "node_modules")];
  const names = new Set([...(await readdir(shared)), ...Object.keys(others)]);
  await unlink(own);
  await mkdir(own);
  for (const name of names) {
    const folder = Object.hasOwn(others, name) ? others[name] : join(shared, name);
    if (folder !== undefined) await symlink(folder, join(own, name));
  }
}

/** A route that answers a text. */
export const says = (text: string): string => `export const GET = () => new Response(${JSON.stringify(text)});\n`;

/** Settings of an app with one database. */
export const oneDatabase = {
  secrets: ["DATABASE_URL"],
  databases: { DB: { dialect: "postgres", url: "DATABASE_URL" } },
} as const;
