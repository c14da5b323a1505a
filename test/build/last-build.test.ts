import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { buildApp } from "../../framework/build/build.ts";
import type { App } from "../../framework/model/app.ts";
import { type Target, targets } from "../../framework/model/target.ts";
import { discover } from "../../framework/routes/discover.ts";
import { build, type Built, type Files, makeApp, makeFolder, readTree, writeFiles } from "./app.ts";

const app: Files = {
  "functions/index.ts": `import { greet } from "./_lib/greet"; export const GET = () => new Response(greet());`,
  "functions/other.ts": `import { Hono } from "hono"; import { deep } from "~/deep"; export default new Hono().get("/other", (c) => c.text(deep));`,
  "functions/late.ts": `import word from "./_lib/word.ts"; export const GET = async () => new Response(word + (await import("./_lib/late.js")).late);`,
  "functions/_lib/greet.ts": `export const greet = () => "hello";`,
  "functions/_lib/late.ts": `export const late = "late";`,
  "functions/_lib/word.ts": `export { default } from "word";`,
  "src/deep/index.ts": `export const deep = "deep";`,
  "tsconfig.json": `{ "extends": "./tsconfig.shared.json" }`,
  "tsconfig.shared.json": `{ "compilerOptions": { "paths": { "~/*": ["./near/*", "./src/*"] } } }`,
  "node_modules/word/package.json": `{ "name": "word", "exports": "./a.js" }`,
  "node_modules/word/a.js": `export default "a";`,
  "node_modules/word/b.js": `export default "b";`,
  "functions/_public/a.txt": "a",
};

const memory = (root: string, target: Target): string => join(root, ".portico/cache", `${target}.json`);

/** Nothing is remembered of files that changed just now; so it builds until something is. */
async function remembered(root: string, target: Target = "lambda", changes: Partial<App> = {}): Promise<Built> {
  for (let tries = 0; tries < 50; tries++) {
    const built = await build(root, target, changes);
    if (existsSync(memory(root, target))) return built;
  }
  throw new Error("no build was remembered");
}

/** The folder of a build is replaced by each that is made. */
const made = ({ out }: Built): number => statSync(out).ino;

/** A build of the same files that knows of no other. */
async function clean(root: string, target: Target = "lambda", changes: Partial<App> = {}): Promise<Readonly<Record<string, Buffer>>> {
  rmSync(join(root, ".portico"), { recursive: true });
  return readTree((await build(root, target, changes)).out);
}

describe("an app that did not change", () => {
  it("is not built again, on any target, and gives the same manifest", async () => {
    const root = makeFolder(app);
    for (const target of targets) {
      const first = await remembered(root, target);
      const second = await build(root, target);
      expect(made(second)).toBe(made(first));
      expect(second.manifest).toEqual(JSON.parse(JSON.stringify(first.manifest)));
    }
  });

  it("is known by its bytes when only the files' dates changed", async () => {
    const root = makeFolder(app);
    const first = await remembered(root);
    writeFiles(root, { "functions/index.ts": app["functions/index.ts"] ?? "" });
    expect(made(await build(root, "lambda"))).toBe(made(first));
  });

  it("warns again of what it was warned of", async () => {
    const root = makeFolder({ ...app, "functions/index.ts": `export const GET = () => new Response(String({ a: 1, a: 2 }.a));` });
    const warnings = async (): Promise<readonly string[]> => {
      const said: string[] = [];
      const input = { app: makeApp(root), routes: await discover(root), assets: [], target: "lambda" as const, out: join(root, "out") };
      await buildApp({ ...input, warn: (text) => said.push(text) });
      return said;
    };
    const first = await warnings();
    expect(first).toEqual([expect.stringContaining("functions/index.ts:1:")]);
    for (let tries = 0; tries < 50 && !existsSync(memory(root, "lambda")); tries++) expect(await warnings()).toEqual(first);
    expect(await warnings()).toEqual(first);
  });
});

describe("whatever changes", () => {
  const edits: Readonly<Record<string, (root: string) => void>> = {
    "a route": (root) => writeFiles(root, { "functions/index.ts": `export const GET = () => new Response("edited");` }),
    "a module": (root) => writeFiles(root, { "functions/_lib/greet.ts": `export const greet = () => "edited";` }),
    "a module that is imported late": (root) => writeFiles(root, { "functions/_lib/late.ts": `export const late = "edited";` }),
    "a file that comes before another of its name": (root) =>
      writeFiles(root, { "functions/_lib/greet.tsx": `export const greet = () => "tsx";` }),
    "a file of the name that was written": (root) => writeFiles(root, { "functions/_lib/late.js": `export const late = "js";` }),
    "a file where a folder was meant": (root) => writeFiles(root, { "src/deep.ts": `export const deep = "file";` }),
    "a file on an earlier path of tsconfig.json": (root) => writeFiles(root, { "near/deep.ts": `export const deep = "near";` }),
    "what tsconfig.json extends": (root) => {
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
    "a package's package.json": (root) => writeFiles(root, { "node_modules/word/package.json": `{ "name": "word", "exports": "./b.js" }` }),
    "a package nearer by": (root) => {
      const nearer = { "package.json": `{ "name": "word", "main": "n.js", "type": "module" }`, "n.js": `export default "nearer";` };
      writeFiles(
        root,
        Object.fromEntries(Object.entries(nearer).map(([name, text]) => [`functions/_lib/node_modules/word/${name}`, text])),
      );
    },
    "an asset": (root) => writeFiles(root, { "functions/_public/a.txt": "edited" }),
    "a new route": (root) => writeFiles(root, { "functions/new.ts": `export const GET = () => new Response("new");` }),
    "a route less": (root) => rmSync(join(root, "functions/other.ts")),
  };

  for (const [name, edit] of Object.entries(edits)) {
    it(`${name}: the build is that of a clean folder`, async () => {
      const root = makeFolder(app);
      const before = await remembered(root);
      const first = readTree(before.out);
      edit(root);
      const after = readTree((await build(root, "lambda")).out);
      expect(after).not.toEqual(first);
      expect(after).toEqual(await clean(root));
    });
  }

  it("settings, target and place of the app: the build is that of a clean folder", async () => {
    const root = makeFolder(app);
    await remembered(root);
    for (const changes of [{ group: "app" }, { env: { A: "1" } }, { name: "u" }] as const) {
      const built = readTree((await build(root, "lambda", changes)).out);
      expect(built).toEqual(await clean(root, "lambda", changes));
      await remembered(root);
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

  it("what was built: it is built again", async () => {
    const root = makeFolder(app);
    const { out } = await remembered(root);
    const first = readTree(out);
    const harms: readonly ((folder: string) => void)[] = [
      (folder) => writeFileSync(join(folder, "functions/index.zip"), Buffer.alloc(first["functions/index.zip"]?.length ?? 0)),
      (folder) => writeFileSync(join(folder, "manifest.json"), "{}"),
      (folder) => rmSync(join(folder, "functions/other.mjs")),
      (folder) => writeFileSync(join(folder, "functions/extra.mjs"), ""),
      (folder) => rmSync(folder, { recursive: true }),
    ];
    for (const harm of harms) {
      await remembered(root);
      harm(out);
      expect(readTree((await build(root, "lambda")).out)).toEqual(first);
    }
  });
});

describe("the memory of a build", () => {
  it("is ignored when it is cut off, foreign, newer or of the wrong shape", async () => {
    const root = makeFolder(app);
    const before = await remembered(root);
    const [first, text] = [readTree(before.out), readFileSync(memory(root, "lambda"), "utf8")];
    const good = JSON.parse(text) as Record<string, unknown>;
    const foreign: readonly string[] = [
      "",
      text.slice(0, text.length / 2),
      "null",
      "[]",
      `"text"`,
      JSON.stringify({ ...good, schemaVersion: 2 }),
      JSON.stringify({ ...good, inputs: [["a"]] }),
      JSON.stringify({ ...good, outputs: 7 }),
      JSON.stringify({ ...good, absent: [null] }),
      JSON.stringify({ ...good, given: "0".repeat(64) }),
      JSON.stringify({ ...good, outputs: [["../../../../etc/passwd", ""]] }),
    ];
    for (const bad of foreign) {
      const { ino } = statSync(before.out);
      writeFileSync(memory(root, "lambda"), bad);
      const built = await build(root, "lambda");
      expect(made(built), bad.slice(0, 80)).not.toBe(ino);
      expect(readTree(built.out)).toEqual(first);
    }
  });

  it("is one small file per target, and a folder that refuses it stops nothing", async () => {
    const root = makeFolder(app);
    for (let times = 0; times < 3; times++) {
      writeFiles(root, { "functions/index.ts": `export const GET = () => new Response("${times}");` });
      await remembered(root);
    }
    expect(readdirSync(join(root, ".portico/cache"))).toEqual(["lambda.json"]);
    expect(statSync(memory(root, "lambda")).size).toBeLessThan(200_000);
    rmSync(join(root, ".portico/cache"), { recursive: true });
    writeFileSync(join(root, ".portico/cache"), "a file");
    expect((await build(root, "lambda")).manifest.functions.length).toBe(3);
  });
});

describe("a build that is killed", () => {
  /** Moments of a build, as they show in .portico. */
  const moments: readonly (readonly [name: string, isNow: (names: readonly string[]) => boolean])[] = [
    ["nothing is written yet", (names) => names.includes("build/lambda")],
    ["the memory is gone", (names) => !names.includes("cache/lambda.json")],
    ["a folder is begun", (names) => names.some((name) => /lambda\.\d+-/.test(name))],
    ["its functions are there", (names) => names.some((name) => /lambda\.\d+-\w+.functions.other\.zip$/.test(name))],
    ["the old one is aside", (names) => names.some((name) => name.includes(".old"))],
  ];

  it("leaves what the next one makes right, and nothing beside it", async () => {
    const root = makeFolder(app);
    const script = fileURLToPath(new URL("build-on.ts", import.meta.url));
    for (const [name, isNow] of moments) {
      await remembered(root);
      const child = spawn(process.execPath, [script, root], { stdio: ["ignore", "pipe", "inherit"] });
      const ended = once(child, "exit");
      await once(child.stdout, "data");
      for (let looks = 0; looks < 100_000 && !isNow(list(join(root, ".portico"))); looks++) await new Promise(setImmediate);
      child.kill("SIGKILL");
      await ended;
      writeFiles(root, { "functions/index.ts": `export const GET = () => new Response("after ${name}");` });
      const { out } = await build(root, "lambda");
      const built = readTree(out);
      expect(built["functions/index.mjs"]?.toString()).toContain(`after ${name}`);
      expect(readdirSync(join(out, ".."))).toEqual(["lambda"]);
      await remembered(root);
      expect(readdirSync(join(root, ".portico")).toSorted()).toEqual(["build", "cache"]);
      expect(readdirSync(join(root, ".portico/cache"))).toEqual(["lambda.json"]);
      expect(built).toEqual(await clean(root));
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
