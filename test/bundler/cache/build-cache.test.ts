// @module-tag check
/** Unchanged parts of a build are taken from the cache, and every changed build equals a clean one. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { buildApp } from "../../../framework/bundler/build.ts";
import type { App } from "../../../framework/model/app.ts";
import { type Target, targets } from "../../../framework/model/target.ts";
import { discoverRoutes } from "../../../framework/routes/route-discovery.ts";
import { build, type Built, type Files, makeApp, makeFolder, readTree, writeFiles } from "../test-app.ts";

const app: Files = {
  "functions/index.ts": `import { greet } from "./_lib/greet"; export const GET = () => new Response(greet());`,
  "functions/other.ts":
    `import { Hono } from "hono"; import { deep } from "~/deep"; ` +
    `export default new Hono().get("/other", (c) => c.text(deep));`,
  "functions/late.ts":
    `import word from "./_lib/word.ts"; export const GET = async () => ` +
    `new Response(word + (await import("./_lib/late.js")).late);`,
  "functions/_lib/greet.ts": `export const greet = () => "hello";`,
  "functions/_lib/late.ts": `export const late = "late";`,
  "functions/_lib/word.ts": `export { default } from "word";`,
  "src/deep/index.ts": `export const deep = "deep";`,
  "tsconfig.json": `{ "extends": "./tsconfig.shared.json" }`,
  "tsconfig.shared.json": `{ "compilerOptions": { "paths": { "~/*": ["./near/*", "./src/*"] } } }`,
  "node_modules/word/package.json": `{ "name": "word", "exports": "./a.js" }`,
  "node_modules/word/a.js": `export default "a";`,
  "node_modules/word/b.js": `export default "b";`,
  // As many packages do, it extends a package that is not installed.
  "node_modules/word/tsconfig.json": `{ "extends": "@word/tsconfig" }`,
  "functions/_public/a.txt": "a",
};

const cacheFile = (root: string, target: Target): string => join(root, ".portico/cache", `${target}.json`);

const isComplete = (file: string): boolean =>
  existsSync(file) && (JSON.parse(readFileSync(file, "utf8")) as { isComplete: boolean }).isComplete;

/** The cache leaves out files that changed just now, so this builds until it is complete. */
async function buildUntilCached(root: string, target: Target = "lambda", changes: Partial<App> = {}): Promise<Built> {
  for (let tries = 0; tries < 50; tries++) {
    const built = await build(root, target, changes);
    if (isComplete(cacheFile(root, target))) return built;
  }
  throw new Error("no build was cached");
}

/** Every build replaces the output folder, so a build that was made has another inode. */
const folderInode = ({ out }: Built): number => statSync(out).ino;

/** A build of the same files without a cache. */
async function cleanBuild(
  root: string,
  target: Target = "lambda",
  changes: Partial<App> = {},
): Promise<Readonly<Record<string, Buffer>>> {
  rmSync(join(root, ".portico"), { recursive: true });
  return readTree((await build(root, target, changes)).out);
}

describe("an app that did not change", () => {
  it("is not built again, on any target, and gives the same manifest", async () => {
    const root = makeFolder(app);
    for (const target of targets) {
      const first = await buildUntilCached(root, target);
      const second = await build(root, target);
      expect(folderInode(second)).toBe(folderInode(first));
      expect(second.manifest).toEqual(JSON.parse(JSON.stringify(first.manifest)));
    }
  });

  it("is recognised by its contents when only the files' dates changed", async () => {
    const root = makeFolder(app);
    const first = await buildUntilCached(root);
    writeFiles(root, { "functions/index.ts": app["functions/index.ts"] ?? "" });
    expect(folderInode(await build(root, "lambda"))).toBe(folderInode(first));
  });

  it("repeats the warnings of the cached build", async () => {
    const root = makeFolder({
      ...app,
      "functions/index.ts": `export const GET = () => new Response(String({ a: 1, a: 2 }.a));`,
    });
    const warnings = async (): Promise<readonly string[]> => {
      const texts: string[] = [];
      const input = {
        app: makeApp(root),
        routes: await discoverRoutes(root),
        assets: [],
        target: "lambda" as const,
        out: join(root, "out"),
      };
      await buildApp({ ...input, warn: (text) => texts.push(text) });
      return texts;
    };
    const first = await warnings();
    expect(first).toEqual([expect.stringContaining("functions/index.ts:1:")]);
    for (let tries = 0; tries < 50 && !isComplete(cacheFile(root, "lambda")); tries++)
      expect(await warnings()).toEqual(first);
    expect(await warnings()).toEqual(first);
  });
});

describe("a change", () => {
  const edits: Readonly<Record<string, (root: string) => void>> = {
    "a route": (root) => writeFiles(root, { "functions/index.ts": `export const GET = () => new Response("edited");` }),
    "a module": (root) => writeFiles(root, { "functions/_lib/greet.ts": `export const greet = () => "edited";` }),
    "a dynamically imported module": (root) =>
      writeFiles(root, { "functions/_lib/late.ts": `export const late = "edited";` }),
    "a file whose extension takes precedence": (root) =>
      writeFiles(root, { "functions/_lib/greet.tsx": `export const greet = () => "tsx";` }),
    "a file with exactly the imported name": (root) =>
      writeFiles(root, { "functions/_lib/late.js": `export const late = "js";` }),
    "a file that takes precedence over a folder": (root) =>
      writeFiles(root, { "src/deep.ts": `export const deep = "file";` }),
    "a file on an earlier path of tsconfig.json": (root) =>
      writeFiles(root, { "near/deep.ts": `export const deep = "near";` }),
    "the file that tsconfig.json extends": (root) => {
      writeFiles(root, {
        "src2/deep.ts": `export const deep = "2";`,
        "tsconfig.shared.json": `{ "compilerOptions": { "paths": { "~/*": ["./src2/*"] } } }`,
      });
    },
    "a tsconfig.json of a folder": (root) => {
      writeFiles(root, {
        "functions/tsconfig.json": `{ "compilerOptions": { "paths": { "~/deep": ["./_lib/late"] } } }`,
        "functions/_lib/late.ts": `export const late = "late", deep = "here";`,
      });
    },
    "a package's file": (root) => writeFiles(root, { "node_modules/word/a.js": `export default "new a";` }),
    "a package's package.json": (root) =>
      writeFiles(root, { "node_modules/word/package.json": `{ "name": "word", "exports": "./b.js" }` }),
    "a package in a nearer node_modules": (root) => {
      const nearer = {
        "package.json": `{ "name": "word", "main": "n.js", "type": "module" }`,
        "n.js": `export default "nearer";`,
      };
      writeFiles(
        root,
        Object.fromEntries(
          Object.entries(nearer).map(([name, text]) => [`functions/_lib/node_modules/word/${name}`, text]),
        ),
      );
    },
    "an asset": (root) => writeFiles(root, { "functions/_public/a.txt": "edited" }),
    "a new route": (root) => writeFiles(root, { "functions/new.ts": `export const GET = () => new Response("new");` }),
    "a removed route": (root) => rmSync(join(root, "functions/other.ts")),
  };

  for (const [name, edit] of Object.entries(edits)) {
    it(`${name}: the build equals a clean build`, async () => {
      const root = makeFolder(app);
      const before = await buildUntilCached(root);
      const first = readTree(before.out);
      edit(root);
      const after = readTree((await build(root, "lambda")).out);
      expect(after).not.toEqual(first);
      expect(after).toEqual(await cleanBuild(root));
    });
  }

  it("settings, target and location of the app: the build equals a clean build", async () => {
    const root = makeFolder(app);
    await buildUntilCached(root);
    for (const changes of [{ group: "app" }, { env: { A: "1" } }, { name: "u" }] as const) {
      const built = readTree((await build(root, "lambda", changes)).out);
      expect(built).toEqual(await cleanBuild(root, "lambda", changes));
      await buildUntilCached(root);
    }
    const moved = `${root}-moved`;
    renameSync(root, moved);
    try {
      writeFiles(moved, { "functions/index.ts": `export const GET = () => new Response("moved");` });
      expect(readTree((await build(moved, "lambda")).out)["functions/index.mjs"]?.toString()).toContain("moved");
    } finally {
      renameSync(moved, root);
    }
  });

  it("damaged output is built again", async () => {
    const root = makeFolder(app);
    const { out } = await buildUntilCached(root);
    const first = readTree(out);
    const harms: readonly ((folder: string) => void)[] = [
      (folder) =>
        writeFileSync(join(folder, "functions/index.zip"), Buffer.alloc(first["functions/index.zip"]?.length ?? 0)),
      (folder) => writeFileSync(join(folder, "manifest.json"), "{}"),
      (folder) => rmSync(join(folder, "functions/other.mjs")),
      (folder) => writeFileSync(join(folder, "functions/extra.mjs"), ""),
      (folder) => rmSync(folder, { recursive: true }),
    ];
    for (const harm of harms) {
      await buildUntilCached(root);
      harm(out);
      expect(readTree((await build(root, "lambda")).out)).toEqual(first);
    }
  });
});

describe("a partial rebuild", () => {
  const inodes = ({ out }: Built): ReadonlyMap<string, number> =>
    new Map(Object.keys(readTree(out)).map((name) => [name, statSync(join(out, name)).ino]));

  it.each([
    [
      "a route",
      { "functions/index.ts": `export const GET = () => new Response("edited");` },
      ["functions/index.mjs", "functions/index.zip"],
    ],
    [
      "a module of one route",
      { "functions/_lib/greet.ts": `export const greet = () => "edited";` },
      ["functions/index.mjs", "functions/index.zip"],
    ],
    [
      "a dynamically imported module",
      { "functions/_lib/late.ts": `export const late = "edited";` },
      ["functions/late.zip", "functions/late/index.mjs"],
    ],
    ["an asset", { "functions/_public/a.txt": "edited" }, ["assets.zip", "assets/assets.json"]],
    ["a setting", {}, [], { routes: [{ pattern: "/*", settings: { memory: 1024, timeout: 20 } }] }],
  ] as const)(
    "after a change of %s keeps all other files, and equals a clean build",
    async (_, edit, rebuilt, changes?: Partial<App>) => {
      const root = makeFolder(app);
      const before = inodes(await buildUntilCached(root));
      writeFiles(root, edit);
      const built = await build(root, "lambda", changes);
      const after = inodes(built);
      // Files with unchanged bytes are hard-linked too.
      const fresh = [...after.keys()].filter((name) => after.get(name) !== before.get(name));
      expect(fresh.filter((name) => !/^assets\/assets\/|-[A-Z0-9]{8}\.mjs$/.test(name)).toSorted()).toEqual(
        [...rebuilt, "manifest.json"].toSorted(),
      );
      const { files, portico } = JSON.parse(readFileSync(cacheFile(root, "lambda"), "utf8")) as {
        files: unknown[];
        portico: unknown[];
      };
      expect(files.length).toBeGreaterThan(portico.length);
      expect(readTree(built.out)).toEqual(await cleanBuild(root, "lambda", changes));
    },
  );

  it("is cached again after each edit", async () => {
    const root = makeFolder(app);
    await buildUntilCached(root);
    for (let times = 0; times < 3; times++) {
      writeFiles(root, { "functions/index.ts": `export const GET = () => new Response("edit ${times}");` });
      const built = readTree((await build(root, "lambda")).out);
      const again = await buildUntilCached(root);
      expect(readTree(again.out)).toEqual(built);
    }
    expect(readTree((await build(root, "lambda")).out)).toEqual(await cleanBuild(root));
  });
});

describe("the cache file", () => {
  it("is ignored when it is truncated, foreign, newer or of the wrong shape", async () => {
    const root = makeFolder(app);
    const before = await buildUntilCached(root);
    const [first, text] = [readTree(before.out), readFileSync(cacheFile(root, "lambda"), "utf8")];
    const good = JSON.parse(text) as Record<string, unknown>;
    const foreign: readonly string[] = [
      "",
      text.slice(0, text.length / 2),
      "null",
      "[]",
      `"text"`,
      JSON.stringify({ ...good, schemaVersion: 4 }),
      JSON.stringify({ ...good, files: [["a"]] }),
      JSON.stringify({ ...good, files: [[1e9, "", "", []]] }),
      JSON.stringify({ ...good, outputs: 7 }),
      JSON.stringify({ ...good, paths: [null] }),
      JSON.stringify({ ...good, portico: [-1] }),
      JSON.stringify({
        ...good,
        functions: [{ ...(good["functions"] as object[])[0], outputs: ["../../package.json"] }],
      }),
      JSON.stringify({ ...good, options: "0".repeat(64) }),
      JSON.stringify({ ...good, outputs: [["../../../../etc/passwd", ""]] }),
    ];
    for (const bad of foreign) {
      const { ino } = statSync(before.out);
      writeFileSync(cacheFile(root, "lambda"), bad);
      const built = await build(root, "lambda");
      expect(folderInode(built), bad.slice(0, 80)).not.toBe(ino);
      expect(readTree(built.out)).toEqual(first);
    }
  });

  it("is one small file per target, and an unwritable folder does not fail the build", async () => {
    const root = makeFolder(app);
    for (let times = 0; times < 3; times++) {
      writeFiles(root, { "functions/index.ts": `export const GET = () => new Response("${times}");` });
      await buildUntilCached(root);
    }
    expect(readdirSync(join(root, ".portico/cache"))).toEqual(["lambda.json"]);
    expect(statSync(cacheFile(root, "lambda")).size).toBeLessThan(200_000);
    rmSync(join(root, ".portico/cache"), { recursive: true });
    writeFileSync(join(root, ".portico/cache"), "a file");
    expect((await build(root, "lambda")).manifest.functions.length).toBe(3);
  });
});

describe("a build that is killed", () => {
  /** Moments of a build, recognised by the names in .portico. */
  const moments: readonly (readonly [name: string, isNow: (names: readonly string[]) => boolean])[] = [
    ["before anything is written", (names) => names.includes("build/lambda")],
    ["after the cache is removed", (names) => !names.includes("cache/lambda.json")],
    ["while the folder is written", (names) => names.some((name) => /lambda\.\d+-/.test(name))],
    [
      "after functions are written",
      (names) => names.some((name) => /lambda\.\d+-\w+.functions.other\.zip$/.test(name)),
    ],
    ["while folders are swapped", (names) => names.some((name) => name.includes(".old"))],
  ];

  it("leaves nothing that the next build does not repair or remove", async () => {
    const root = makeFolder(app);
    const script = fileURLToPath(new URL("endless-builder.ts", import.meta.url));
    for (const [name, isNow] of moments) {
      await buildUntilCached(root);
      const child = spawn(process.execPath, [script, root], { stdio: ["ignore", "pipe", "inherit"] });
      const ended = once(child, "exit");
      await once(child.stdout, "data");
      for (let looks = 0; looks < 100_000 && !isNow(list(join(root, ".portico"))); looks++)
        await new Promise(setImmediate);
      child.kill("SIGKILL");
      await ended;
      writeFiles(root, { "functions/index.ts": `export const GET = () => new Response("after ${name}");` });
      const { out } = await build(root, "lambda");
      const built = readTree(out);
      expect(built["functions/index.mjs"]?.toString()).toContain(`after ${name}`);
      expect(readdirSync(join(out, ".."))).toEqual(["lambda"]);
      await buildUntilCached(root);
      expect(readdirSync(join(root, ".portico")).toSorted()).toEqual(["build", "cache"]);
      expect(readdirSync(join(root, ".portico/cache"))).toEqual(["lambda.json"]);
      expect(built).toEqual(await cleanBuild(root));
    }
  });
});

/** Names below a folder that another process is writing. */
function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch {
    return [];
  }
}
