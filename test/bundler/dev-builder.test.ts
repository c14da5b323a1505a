/** The development builder: builds on demand, rebuilds after changes, and reports errors. */
import { existsSync, readFileSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { Miniflare } from "miniflare";
import { describe, expect, it, onTestFinished } from "vitest";
import { createDevBuilder, type DevBuilder } from "../../framework/bundler/dev-builder.ts";
import type { App } from "../../framework/model/app.ts";
import type { LoadedFunction } from "../../framework/model/invocation.ts";
import type { Target } from "../../framework/model/target.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import type { Fetch } from "../../framework/runtime/route-function.ts";
import { addWasm, type Files, makeApp, makeFolder, writeFiles } from "./test-app.ts";

async function start(
  root: string,
  target: Target = "node",
  changes: Partial<App> = {},
  onOutsideFolder: (folder: string) => void = () => {},
): Promise<DevBuilder> {
  const app = makeApp(root, changes);
  const builder = createDevBuilder({
    app,
    target,
    out: join(root, ".portico/dev"),
    env: { GREETING: "hello" },
    onOutsideFolder,
  });
  onTestFinished(() => builder.close());
  builder.setRoutes(await discoverRoutes(root));
  return builder;
}

const call = {
  env: {},
  requestId: "r",
  clientAddress: undefined,
  platform: { name: "node" },
  waitUntil: () => {},
} as unknown as Parameters<Fetch>[1];

/** Loads a function of the target node and asks it. */
async function ask(builder: DevBuilder, id: string, path: string): Promise<string> {
  const { directory, main } = await builder.load(id);
  const { default: fetch } = (await import(pathToFileURL(join(directory, main)).href)) as { default: Fetch };
  return (await fetch(new Request(`http://example.com${path}`), call)).text();
}

const failure = (builder: DevBuilder, id: string): Promise<unknown> =>
  builder.load(id).then(
    () => "nothing was wrong",
    (error: unknown) => error,
  );

const files: Files = {
  "functions/index.ts": `import { word } from "./_lib/word.ts"; export const GET = () => new Response(word);`,
  "functions/other.ts": `export const GET = () => new Response("other");`,
  "functions/_lib/word.ts": `export const word = "one";`,
};

describe("createDevBuilder()", () => {
  it("finds a package's files anew after an update has moved them", async () => {
    const about = { name: "impl", version: "1.0.0", type: "module", sideEffects: false };
    const facade = { ...about, name: "facade" };
    const implementation = (word: string): string =>
      `const table = new Map([["a", "${word}"]]); export const make = () => table.get("a");`;
    const route = (answer: string): string =>
      `import { make } from "facade"; const late = () => import("impl");
      export const GET = async () => new Response(make() + (await late()).make() + "${answer}");`;
    const root = makeFolder({
      "functions/index.ts": route("1"),
      "node_modules/impl/package.json": JSON.stringify({ ...about, main: "before.js" }),
      "node_modules/impl/before.js": implementation("old "),
      "node_modules/facade/package.json": JSON.stringify({ ...facade, main: "index.js" }),
      "node_modules/facade/index.js": `export * from "impl";`,
    });
    const builder = await start(root);
    expect(await ask(builder, "index", "/")).toBe("old old 1");
    rmSync(join(root, "node_modules/impl/before.js"));
    writeFiles(root, {
      "functions/index.ts": route("2"),
      "node_modules/impl/package.json": JSON.stringify({ ...about, main: "after.js" }),
      "node_modules/impl/after.js": implementation("new "),
    });
    builder.changed([join(root, "functions/index.ts")]);
    expect(await ask(builder, "index", "/")).toBe("new new 2");
  });

  it("rebuilds deleted output", async () => {
    const root = makeFolder(files);
    const builder = await start(root);
    const { directory } = await builder.load("other");
    rmSync(join(root, ".portico"), { recursive: true });
    expect(existsSync(directory)).toBe(false);
    expect(await ask(builder, "other", "/other")).toBe("other");
  });

  it("does not rebuild for files that cannot be imported, such as logs", async () => {
    const root = makeFolder({ ...files, "functions/broken.ts": "export const GET = (" });
    const builder = await start(root);
    const first = builder.load("index");
    const unread = ["dev.log", "routes.d.ts"].map((name) => join(root, name));
    expect(builder.changed(unread), "while it is built").toEqual([]);
    expect(builder.changed([join(root, "functions/_lib/word.ts")])).toEqual(["index"]);
    await first;
    await failure(builder, "broken");
    expect(builder.changed([join(root, "dev.log"), join(root, "logo.svg")]), "after it failed").toEqual([]);
    expect(builder.changed([join(root, "functions/new.ts")])).toEqual(["broken"]);
  });

  it("does not rebuild repeatedly for data files that it writes itself, and reads their current content", async () => {
    const route = `import text from "../text.txt";\nexport const GET = () => new Response(text);\n`;
    const root = makeFolder({
      ...files,
      "text.txt": "one",
      "functions/text.ts": route,
      "functions/broken.ts": "export const GET = (",
    });
    const builder = await start(root);
    const output = join(root, "out.txt");
    const first = builder.load("index");
    expect(builder.changed([output]), "while it is built").toEqual([]);
    await first;
    await failure(builder, "broken");
    expect(builder.changed([output]), "after it failed, where it may be what was missing").toEqual(["broken"]);
    await failure(builder, "broken");
    expect(builder.changed([output]), "when it failed all the same").toEqual([]);
    const early = builder.load("text");
    writeFileSync(join(root, "text.txt"), "two");
    builder.changed([join(root, "text.txt")]);
    await early;
    expect(await ask(builder, "text", "/text")).toBe("two");
  });

  it("builds routes whose exports were guessed wrong, and ignores the failure of the speculative bundle", async () => {
    const text = "const text = `\nexport const GET = 1`;\nexport const PUT = () => new Response(text);";
    const names = Array.from({ length: 12 }, (_, at) => `odd${at}`);
    const root = makeFolder(Object.fromEntries(names.map((name) => [`functions/${name}.ts`, text])));
    const builder = await start(root);
    const built = await Promise.all(names.map((name) => builder.load(name)));
    expect(built.map(({ id }) => id)).toEqual(names);
  });

  it("builds a requested function once, with readable names and a source map", async () => {
    const root = makeFolder(files);
    const builder = await start(root, "lambda", { routes: [{ pattern: "/*", settings: { memory: 300, timeout: 3 } }] });
    expect(existsSync(join(root, ".portico/dev"))).toBe(false);
    const [first, again] = [builder.load("index"), builder.load("index")];
    expect(again).toBe(first);
    const loaded = await first;
    expect(loaded).toMatchObject({
      id: "index",
      main: "index.mjs",
      memory: 300,
      timeout: 3,
      env: { GREETING: "hello" },
    });
    expect(readdirSync(join(root, ".portico/dev"))).toEqual(["index"]);
    const code = readFileSync(join(loaded.directory, loaded.main), "utf8");
    expect(code).toContain("porticoReport");
    expect(code).toMatch(/\/\/# sourceMappingURL=index\.mjs\.map\n$/);
    const map = JSON.parse(readFileSync(join(loaded.directory, "index.mjs.map"), "utf8")) as { sources: string[] };
    expect(map.sources).toEqual(
      expect.arrayContaining(["functions/index.ts", "functions/_lib/word.ts", "portico/runtime/route-function.ts"]),
    );
    expect(await failure(builder, "none")).toMatchObject({ code: "NO_FUNCTION" });
  });

  it("rebuilds only functions that a change affects", async () => {
    const root = makeFolder(files);
    const builder = await start(root);
    expect(await ask(builder, "index", "/")).toBe("one");
    const other = builder.load("other");
    await other;
    writeFiles(root, { "functions/_lib/word.ts": `export const word = "two";`, "functions/_lib/unused.ts": "" });
    expect(builder.changed([join(root, "functions/_lib/unused.ts")])).toEqual([]);
    expect(builder.changed([join(root, "functions/_lib/word.ts")])).toEqual(["index"]);
    expect(builder.changed([join(root, "functions/_lib/word.ts")])).toEqual([]);
    expect(await ask(builder, "index", "/")).toBe("two");
    expect(builder.load("other")).toBe(other);
  });

  it("detects an added method, and a new file that an import resolves to first", async () => {
    const root = makeFolder({
      ...files,
      "functions/index.ts": `import { word } from "./_lib/word"; export const GET = () => new Response(word);`,
    });
    const builder = await start(root);
    expect(await ask(builder, "index", "/")).toBe("one");
    writeFiles(root, { "functions/_lib/word.tsx": `export const word = "first";` });
    expect(builder.changed([join(root, "functions/_lib/word.tsx")])).toEqual(["index"]);
    expect(await ask(builder, "index", "/")).toBe("first");
    writeFiles(root, { "functions/index.ts": `export const PUT = () => new Response();` });
    expect(builder.changed([join(root, "functions/index.ts")])).toEqual(["index"]);
    expect(await ask(builder, "index", "/")).toBe("");
  });

  it("reports folders outside of the app, and rebuilds when a file there changes", async () => {
    const shared = makeFolder({
      "word.ts": `export const word = "one";`,
      "node_modules/x/index.ts": `export const x = 1;`,
    });
    const root = makeFolder({});
    const from = relative(join(root, "functions"), shared);
    writeFiles(root, {
      "functions/index.ts":
        `import { word } from "${from}/word.ts"; import { ` +
        `x } from "${from}/node_modules/x/index.ts"; export const GET = () => new Response(word + x);`,
    });
    const folders: string[] = [];
    const builder = await start(root, "node", {}, (folder) => folders.push(folder));
    expect(await ask(builder, "index", "/")).toBe("one1");
    // Portico's own sources are others' files, too, where it is no package.
    expect(folders.filter((folder) => !folder.includes("/framework/"))).toEqual([shared]);
    writeFiles(shared, { "word.ts": `export const word = "two";` });
    expect(builder.changed([join(shared, "word.ts")])).toEqual(["index"]);
    expect(await ask(builder, "index", "/")).toBe("two1");
  });

  it("keeps two builds of a function and those of the last minute, and one hash per content", async () => {
    const root = makeFolder(files);
    const builder = await start(root);
    const loaded: LoadedFunction[] = [];
    const folder = join(root, ".portico/dev/index");
    for (const word of ["four", "three", "two", "one", "two", "three", "one"]) {
      // All but the first three are old when the next is made.
      if (loaded.length > 2)
        for (const name of readdirSync(folder)) utimesSync(join(folder, name), 0, Date.now() / 1000 - 70);
      if (loaded.length === 3) expect(readdirSync(folder)).toHaveLength(3);
      writeFiles(root, { "functions/_lib/word.ts": `export const word = "${word}";` });
      builder.changed([join(root, "functions/_lib/word.ts")]);
      loaded.push(await builder.load("index"));
    }
    expect(loaded[6]?.hash).toBe(loaded[3]?.hash);
    expect(new Set(loaded.map(({ hash }) => hash)).size).toBe(4);
    const kept = readdirSync(folder);
    expect(kept).toHaveLength(2);
    expect(kept).toContain(loaded[6]?.hash);
  });

  it("rejects with the place of the error, and retries after the next change", async () => {
    const root = makeFolder({
      ...files,
      "functions/index.ts": `import { word } from "./_lib/later.ts";\nexport const GET = () => new Response(word);`,
    });
    const builder = await start(root);
    expect(await failure(builder, "index")).toMatchObject({
      code: "BUILD_FAILED",
      at: [{ file: "functions/index.ts", line: 1, column: 22 }],
    });
    expect(await ask(builder, "other", "/other")).toBe("other");
    writeFiles(root, { "functions/_lib/later.ts": `export const word = "later";` });
    expect(builder.changed([join(root, "functions/_lib/later.ts")])).toEqual(["index"]);
    expect(await ask(builder, "index", "/")).toBe("later");
    writeFiles(root, { "functions/index.ts": `export const gte = 1;` });
    builder.changed([join(root, "functions/index.ts")]);
    expect(await failure(builder, "index")).toMatchObject({ code: "ROUTE_EXPORT" });
  });

  it("rebuilds after a change during a build", async () => {
    const root = makeFolder(files);
    const builder = await start(root);
    await builder.load("index");
    let last = "";
    for (let round = 0; round < 10; round++) {
      last = `word ${round}`;
      writeFiles(root, { "functions/_lib/word.ts": `export const word = "${last}";` });
      builder.changed([join(root, "functions/_lib/word.ts")]);
      void builder.load("index");
    }
    expect(await ask(builder, "index", "/")).toBe(last);
  });

  it("accepts new routes, and drops removed ones", async () => {
    const root = makeFolder(files);
    const builder = await start(root);
    const kept = builder.load("index");
    await Promise.all([kept, builder.load("other")]);
    const routes = await discoverRoutes(root);
    builder.setRoutes(routes.filter(({ id }) => id !== "other"));
    expect(await failure(builder, "other")).toMatchObject({ code: "NO_FUNCTION" });
    expect(builder.load("index")).toBe(kept);
    writeFiles(root, { "functions/_middleware.ts": `export default async (c: any) => c.text("guarded");` });
    builder.setRoutes(await discoverRoutes(root));
    expect(await ask(builder, "index", "/")).toBe("guarded");
  });

  it("accepts paths through a symbolic link", async () => {
    const root = makeFolder(files);
    const link = join(makeFolder({}), "link");
    symlinkSync(root, link);
    const builder = await start(link);
    await builder.load("index");
    expect(builder.changed([join(link, "functions/_lib/word.ts")])).toEqual(["index"]);
  });

  it("builds a module that workerd runs, with its wasm beside it", async () => {
    const source =
      `import add from "./_lib/add.wasm"; export const GET = (_: Request, { params }: any) => ` +
      `new Response(params.n + (new WebAssembly.Instance(add).exports as any).add(1, 2));`;
    const builder = await start(
      makeFolder({ "functions/[n].ts": source, "functions/_lib/add.wasm": addWasm }),
      "workers",
    );
    const { directory, main } = await builder.load("n");
    const wasm = readdirSync(directory, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".wasm"));
    expect(wasm).toHaveLength(1);
    const modules = [
      { type: "ESModule" as const, path: main, contents: readFileSync(join(directory, main), "utf8") },
      ...wasm.map((path) => ({ type: "CompiledWasm" as const, path, contents: readFileSync(join(directory, path)) })),
    ];
    const miniflare = new Miniflare({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      modules,
      compatibilityDate: "2026-04-01",
      compatibilityFlags: ["nodejs_compat"],
    });
    onTestFinished(() => miniflare.dispose());
    expect(await (await fetch(new URL("/7", await miniflare.ready))).text()).toBe("73");
  });
});
