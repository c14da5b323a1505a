/**
 * What a release could tell strangers: production builds of both conformance apps and answers to throwing routes in, no
 * stack, path or source text out.
 */
// @module-tag check
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadApp } from "../../framework/config/app-loader.ts";
import { zipEntries } from "../../framework/zip/reader.ts";
import { targets } from "../../framework/model/target.ts";
import { build } from "../conformance/app-build.ts";
import type { RunningApp, Runtime, LoadedApp } from "../conformance/runtime.ts";
import { localCloud } from "../conformance/runtimes/local-cloud.ts";
import { node } from "../conformance/runtimes/node.ts";
import { workers } from "../conformance/runtimes/workers.ts";
import { secrets } from "../conformance/secrets.ts";
import { repository } from "./portico.ts";

const roots = { reference: repository, fixture: join(repository, "test/conformance/app") };
type AppName = keyof typeof roots;
const apps = Object.keys(roots) as AppName[];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portico-leak-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function subject(name: AppName, use: string): Promise<LoadedApp> {
  const app = await loadApp({ root: roots[name], stage: "local" });
  const env = { ...app.env, ...Object.fromEntries(app.secrets.map((secret) => [secret, secrets[secret] ?? ""])) };
  return { app, env, folder: await mkdtemp(join(folder, `${name}-${use}-`)) };
}

/** Every file that the build wrote, those inside of zips too, but for the app's own assets. */
async function written(out: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(out, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = relative(out, path);
    if (!entry.isFile() || name.startsWith("assets/assets/")) continue;
    const bytes = await readFile(path);
    if (!name.endsWith(".zip")) files.set(name, bytes.toString("latin1"));
    else
      for (const entry of zipEntries(bytes))
        if (!entry.path.startsWith("assets/"))
          files.set(`${name}!${entry.path}`, Buffer.from(entry.bytes).toString("latin1"));
  }
  return files;
}

const isCode = (name: string): boolean => /\.m?js$/.test(name);

/** The beginnings of comments in a folder's sources: text that no minifier makes up again. */
async function comments(sources: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await readdir(sources, { recursive: true })) {
    if (!/\.tsx?$/.test(name)) continue;
    const text = await readFile(join(sources, name), "latin1");
    found.push(...[...text.matchAll(/^\s*(?:\/\*\*|\/\/)\s*(.{20,60})/gm)].map(([, comment = ""]) => comment));
  }
  return found;
}

describe.each(apps)("the production build of the %s app", (name) => {
  it.each(targets)("for %s has no absolute path, no source text and no code that reports a stack", async (target) => {
    const { out } = await build(await subject(name, target), target);
    const files = await written(out);
    const bundles = [...files].filter(([file]) => isCode(file));
    expect(bundles.length).toBeGreaterThan(10);
    const places = [repository, homedir(), out, tmpdir()].filter((place) => place.length > 1);
    expect(
      [...files].filter(([, text]) => places.some((place) => text.includes(`${place}/`))).map(([file]) => file),
    ).toEqual([]);
    const said = [
      ...(await comments(join(roots[name], "functions"))),
      ...(await comments(join(repository, "framework/runtime"))),
    ];
    expect(said.length).toBeGreaterThan(20);
    for (const [file, text] of bundles) {
      expect(text, file).not.toMatch(/\.stack\b|porticoReport|PORTICO_DEV|sourceMappingURL=data/);
      expect(
        said.filter((comment) => text.includes(comment)),
        file,
      ).toEqual([]);
    }
  });
});

const throwing: Readonly<Record<AppName, readonly string[]>> = {
  reference: ["/boom"],
  fixture: ["/throws?what=error", "/hono/boom"],
};
const sources = [
  "/index.mjs",
  "/index.mjs.map",
  "/index.js.map",
  "/manifest.json",
  "/functions/boom.ts",
  "/functions/throws.ts",
  "/hosting.json",
];

describe.each([localCloud, node, workers].map((runtime) => ({ runtime, where: runtime.name })))(
  "a release on $where",
  ({ runtime }: { runtime: Runtime }) => {
    it.each(apps)("responds to errors of the %s app with a request id and nothing more", async (name) => {
      const running: RunningApp = await runtime.start(await subject(name, runtime.name));
      try {
        for (const target of throwing[name]) {
          for (const accept of ["text/html", "application/json"]) {
            const { status, headers, bytes } = await running.send({ target, headers: [["Accept", accept]] });
            const body = Buffer.from(bytes).toString();
            const told = `${headers.map((header) => header.join(": ")).join("\n")}\n${body}`;
            expect(status, target).toBe(500);
            expect(told, target).not.toMatch(
              /detail|always throws|stack|\bat .*:\d+|\.[mt]?[jt]s\b|functions\/|file:/i,
            );
            expect(told).not.toContain(repository);
            expect(JSON.parse(body)).toEqual({ error: "Internal Server Error", requestId: expect.any(String) });
          }
        }
        for (const target of sources) expect([target, (await running.send({ target })).status]).toEqual([target, 404]);
      } finally {
        await running.close();
      }
    });
  },
);
