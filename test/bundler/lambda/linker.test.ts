/** A bundled Lambda function behaves as its modules do, with correct source maps and stable hashes. */
import { readFileSync, rmSync, symlinkSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { zipEntries } from "../../../framework/zip/reader.ts";
import { build, type Built, type Files, makeFolder, readTree, writeFiles } from "../test-app.ts";

const text = ({ out }: Built, id: string): string => readFileSync(join(out, `functions/${id}.mjs`), "utf8");

async function get(built: Built, id: string, path: string): Promise<string> {
  const { handler } = (await import(
    pathToFileURL(join(built.out, built.manifest.functions.find((fn) => fn.id === id)!.main)).href
  )) as {
    handler(event: unknown, context: unknown): Promise<{ body: string }>;
  };
  const http = { method: "GET", path, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "test" };
  const event = {
    version: "2.0",
    rawPath: path,
    rawQueryString: "",
    headers: { host: "example.com" },
    requestContext: { domainName: "example.com", stage: "$default", http },
    isBase64Encoded: false,
  };
  return (await handler(event, { awsRequestId: "r-1", getRemainingTimeInMillis: () => 3000 })).body;
}

/** Builds one route with other files beside it and gives its answer. */
async function answer(route: string, files: Files = {}, name = "functions/index.ts"): Promise<string> {
  return get(await build(makeFolder({ ...files, [name]: route }), "lambda"), "index", "/");
}

describe("a bundled function", () => {
  it("sees later changes of imported bindings", async () => {
    const lib = { "functions/_lib/count.ts": `export let count = 0; export const add = () => { count++; };` };
    const route =
      `import { add, count } from "./_lib/count.ts"; export const GET = () => { add(); add(); ` +
      `return new Response(String(count)); };`;
    expect(await answer(route, lib)).toBe("2");
  });

  it("evaluates its imports in source order, then itself", async () => {
    const step = (name: string): string => `(globalThis as any).steps += "${name}"; export const ${name} = "${name}";`;
    const lib = {
      "functions/_lib/a.ts": step("a"),
      "functions/_lib/b.ts": `import "./c.ts"; ${step("b")}`,
      "functions/_lib/c.ts": `(globalThis as any).steps = "c";`,
    };
    const route =
      `import { b } from "./_lib/b.ts"; import { a } from "./_lib/a.ts"; const at = ` +
      `(globalThis as any).steps; export const GET = () => new Response(at + a + b);`;
    expect(await answer(route, lib)).toBe("cbaab");
  });

  it("has identifiers that do not collide with those of the entry or Hono", async () => {
    const names = [..."abcdefghijklmnopqrstuvwxyz"].map((name) => `const ${name} = "${name}";`).join(" ");
    const route =
      `import { Hono as H } from "hono"; ${names} const createHandler = "own", byMethod = "too", ` +
      `handler = "!";
      const app = new H(); export const GET = () => new Response([typeof app.fetch, a, q, z, createHandler, ` +
      `byMethod, handler].join());`;
    expect(await answer(route)).toBe("function,a,q,z,own,too,!");
  });

  it("has identifiers that do not collide in any scope, even with names that esbuild generates", async () => {
    const first = [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_$"];
    const names = [...first, ...first.flatMap((name) => [...first, ..."0123456789"].map((next) => name + next))];
    const taken = names.filter((name) => !["do", "if", "in"].includes(name));
    const declared = `const ${taken.map((name) => `${name} = "${name}"`).join(", ")};`;
    const use = `[typeof Hono, greet("x"), ${taken.filter((_, at) => at % 50 === 7).join(", ")}]`;
    const route =
      `import { Hono } from "hono"; import { greet } from "./_lib/greet.ts";
      const inner = (said: (...all: unknown[]) => unknown) => ` +
      `{ ${declared} if (said(${taken.join(", ")})) return ${use}; return []; };
      export const GET = () => new Response(inner((...all) => all.length).join());`;
    const lib = { "functions/_lib/greet.ts": `export const greet = (name: string) => "hello " + name;` };
    const own = taken.filter((_, at) => at % 50 === 7);
    expect(await answer(route, lib)).toBe(["function", "hello x", ...own].join());
  });

  it("finds globals whose names Hono uses for something else", async () => {
    const route =
      `import { Hono } from "hono"; declare const t: string, te: string, $e: string; ` +
      `Object.assign(globalThis, { t: "T", te: "TE", $e: "$E" });
      const app = new Hono(); export const GET = () => new Response([typeof app, t, te, $e, ` +
      `new URL("http://a/b").pathname, new Map([[1, NaN]]).size].join());`;
    expect(await answer(route)).toBe("object,T,TE,$E,/b,1");
  });

  it("supports namespace and named imports of Node's modules, JSX, text, default exports and re-exports", async () => {
    const files = {
      "functions/_lib/page.html": "<p>",
      "functions/_lib/get.ts": `export const GET = () => new Response("again"); export default "d";`,
    };
    const route =
      `import * as path from "node:path"; import { sep } from "path"; import fs, { ` +
      `existsSync as there } from "fs"; import page from "./_lib/page.html"; import d from "./_lib/get.ts";
      export const GET = () => new Response([path.join("a", "b"), sep, typeof fs.statSync, there("/"), page, d, ` +
      `String(<b>hi</b>)].join());`;
    expect(await answer(route, files, "functions/index.tsx")).toBe("a/b,/,function,true,<p>,d,<b>hi</b>");
    expect(await answer(`import { GET } from "./_lib/get.ts"; export { GET };`, files)).toBe("again");
    expect(await answer(`export { GET } from "./_lib/get.ts";`, files)).toBe("again");
    expect(
      await answer(`export * from "./_lib/handlers.ts";`, {
        "functions/_lib/handlers.ts": `export const GET = () => new Response("star");`,
      }),
    ).toBe("star");
  });

  it("behaves as its modules do", async () => {
    const lib: Files = {
      "functions/_lib/c.cjs":
        `Object.defineProperty(exports, "__esModule", { value: true }); exports.default = ` + `"d"; exports.x = "x";`,
      "functions/_lib/all.ts": `export const one = 1, two = 2;`,
    };
    const alone = (route: string): Promise<string> => answer(route, lib);
    expect(await alone(`const x = await Promise.resolve("tla"); export const GET = () => new Response(x);`)).toBe(
      "tla",
    );
    expect(
      await alone(`export const GET = async () => new Response(String((await import("./_lib/all.ts")).two));`),
    ).toBe("2");
    expect(
      await alone(
        `import * as all from "./_lib/all.ts"; export const GET = () => new Response(Object.keys(all).join());`,
      ),
    ).toBe("one,two");
    expect(await alone(`import { x } from "./_lib/c.cjs"; export const GET = () => new Response(x);`)).toBe("x");
    expect(await alone(`export const GET = () => { const it = 7; return new Response(String(eval("it"))); };`)).toBe(
      "7",
    );
    // What it imports leads back to it: there must be one of it.
    const circular =
      `import { same } from "./_lib/self.ts"; export const GET = (r: any) => ` +
      `new Response(String(same(OPTIONS))); export const OPTIONS = () => new Response("o");`;
    const self = {
      "functions/_lib/self.ts":
        `import { OPTIONS } from "../index.ts"; export const same = (other: object) => ` + `other === OPTIONS;`,
    };
    expect(await answer(circular, self)).toBe("true");
  });

  it("rejects assignments to imports", async () => {
    const lib = { "functions/_lib/a.ts": `export let a = "first"; export const set = () => { a = "set"; };` };
    const route =
      `import { a } from "./_lib/a.ts"; export const GET = () => { (a as any) = "assigned"; ` +
      `return new Response(a); };`;
    await expect(answer(route, lib)).rejects.toMatchObject({
      code: "BUILD_FAILED",
      message: `Cannot assign to import "a"`,
    });
  });

  it("is built from a folder behind a symbolic link", async () => {
    const root = makeFolder({
      "functions/index.ts": `import { Hono } from "hono"; export const GET = () => new Response(typeof new Hono());`,
    });
    const link = `${root}-link`;
    symlinkSync(root, link);
    onTestFinished(() => rmSync(link));
    const [real, linked] = [await build(root, "lambda"), await build(link, "lambda")];
    expect(readTree(linked.out)).toEqual(readTree(real.out));
  });

  it("reports errors in the route's own file", async () => {
    const root = makeFolder({
      "functions/index.ts": `import { nope } from "./_lib/a.ts";\nexport const GET = () => new Response(nope);`,
      "functions/_lib/a.ts": `export const yes = 1;`,
      "functions/fine.ts": `import { yes } from "./_lib/a.ts"; export const GET = () => new Response(String(yes));`,
    });
    await expect(build(root, "lambda")).rejects.toMatchObject({
      code: "BUILD_FAILED",
      at: [{ file: "functions/index.ts", line: 1, column: 10 }],
    });
  });

  it("resolves packages from its own folder", async () => {
    const paths = (to: string): string => JSON.stringify({ compilerOptions: { paths: { "~/p": [to] } } });
    const route = `import { name } from "~/p"; export const GET = () => new Response(name);`;
    const built = await build(
      makeFolder({
        "tsconfig.json": paths("./functions/_outer.ts"),
        "functions/in/tsconfig.json": paths("./_inner.ts"),
        "functions/_outer.ts": `export const name = "outer";`,
        "functions/in/_inner.ts": `export const name = "inner";`,
        "functions/index.ts": route,
        "functions/in/it.ts": route,
      }),
      "lambda",
    );
    expect([await get(built, "index", "/"), await get(built, "in-it", "/in/it")]).toEqual(["outer", "inner"]);
  });
});

describe("its source map", () => {
  it("maps imported code and the route to their source lines", async () => {
    const built = await build(
      makeFolder({
        "functions/_lib/a.ts": `// one\nexport const first =\n  (name: string): string => "marked in lib " + name;\n`,
        "functions/index.tsx":
          `import type { Handler } from "portico";\nimport { Hono } from "hono";\nimport { ` +
          `first } from "./_lib/a.ts";\n\nconst app = new Hono();\n\napp.get("/", ` +
          `(c) =>\n  c.html(<p>{"marked in route" + first("x")}</p>));\nexport default app;\n`,
      }),
      "lambda",
    );
    const zipped = zipEntries(readFileSync(join(built.out, "functions/index.zip"))).find(
      ({ path }) => path === "index.mjs.map",
    );
    const map = new SourceMap(JSON.parse(Buffer.from(zipped?.bytes ?? []).toString()) as SourceMapPayload);
    const lines = text(built, "index").split("\n");
    const origin = (marked: string): unknown => {
      const line = lines.findIndex((it) => it.includes(marked));
      const found = map.findEntry(line, lines[line]?.indexOf(marked) ?? 0);
      return "originalSource" in found ? [found.originalSource, found.originalLine + 1] : found;
    };
    expect(origin(`"marked in lib`)).toEqual(["functions/_lib/a.ts", 3]);
    expect(origin(`"marked in route`)).toEqual(["functions/index.tsx", 8]);
    expect(origin(`.get("/",`)).toEqual(["functions/index.tsx", 7]);
    expect(origin(`"SmartRouter"`)).toEqual(["node_modules/hono/dist/router/smart-router/router.js", 4]);
    // All web classes, by one mapping.
    expect(origin(`"portico.light"`)).toEqual(["portico/light", 1]);
    expect(origin(`multipart/form-data; boundary=`)).toEqual(["portico/light", 1]);
    expect(map.payload.sources).not.toContain("<stdin>");
  });
});

describe("hashes", () => {
  /** Routes over three modules and Hono, in some order and choice. */
  const route = fc.record({
    modules: fc.subarray(["a", "b", "c"]),
    hono: fc.boolean(),
    late: fc.boolean(),
    text: fc.stringMatching(/^[a-z]{1,5}$/),
  });
  const source = ({
    modules,
    hono,
    late,
    text: said,
  }: {
    modules: string[];
    hono: boolean;
    late: boolean;
    text: string;
  }): string =>
    [
      ...modules.map((name) => `import { ${name} } from "./_lib/${name}.ts";`),
      ...(hono ? [`import { Hono } from "hono";`, `const app = new Hono();`] : []),
      `export const GET = async () => ` +
        `new Response(["${said}", ${[
          ...modules,
          ...(hono ? ["typeof " + "app"] : []),
          ...(late ? [`(await import("./_lib/a.ts")).a`] : []),
        ].join()}].join());`,
    ].join("\n");

  it("of a function depend on its own files only", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(route, { minLength: 3, maxLength: 6 }),
        fc.nat(5),
        route,
        async (routes, nth, edited) => {
          const at = nth % routes.length;
          const root = makeFolder({
            ...Object.fromEntries(
              ["a", "b", "c"].map((name) => [`functions/_lib/${name}.ts`, `export const ${name} = "${name}";`]),
            ),
            ...Object.fromEntries(routes.map((it, index) => [`functions/r${index}.ts`, source(it)])),
          });
          const hashes = async () => {
            const { manifest, out } = await build(root, "lambda");
            return new Map(
              manifest.functions.map(({ id, hash, zip = "" }) => [
                id,
                `${hash} ${readFileSync(join(out, zip)).toString("hex")}`,
              ]),
            );
          };
          const before = await hashes();
          writeFiles(root, { [`functions/r${at}.ts`]: source(edited), "functions/new.ts": source(edited) });
          const after = await hashes();
          for (const [index] of routes.entries()) {
            if (index !== at) expect(after.get(`r${index}`)).toBe(before.get(`r${index}`));
          }
          expect(after.get(`r${at}`) === before.get(`r${at}`)).toBe(source(edited) === source(routes[at] ?? edited));
        },
      ),
      { numRuns: 8 },
    );
  });
});
