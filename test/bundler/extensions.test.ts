/** Extensions in bundles: settings for whoever imports one, nothing for others, and who imports which. */
import { symlinkSync } from "node:fs";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import type { App } from "../../framework/model/app.ts";
import { targets } from "../../framework/model/target.ts";
import { build, makeFolder } from "./test-app.ts";

const plain = `export const GET = () => new Response("hi");\n`;
const reader = (name: string): string =>
  `import { settings } from "portico/extension";\nexport const own = () => ({ name: "${name}", ...settings() });\n`;
const packageText = (name: string): string => `{ "name": "${name}", "type": "module", "main": "index.js" }`;
const route = (name: string): string =>
  `import { own } from "${name}";\nexport const GET = () => Response.json(own());\n`;
const files = {
  "functions/index.ts": plain,
  "functions/a.ts": route("a"),
  "functions/b.ts": route("@s/b"),
  "functions/guarded/_middleware.ts": `import "a";\nexport default (_, next) => next();\n`,
  "functions/guarded/in.ts": plain,
  "node_modules/a/package.json": packageText("a"),
  "node_modules/a/index.js": reader("a"),
  "node_modules/@s/b/package.json": packageText("@s/b"),
  "node_modules/@s/b/index.js": reader("b"),
};
const settings = { text: "'\"`${x}\\ 안녕 </script>", list: [1, null], ["__proto__"]: "none" };
const extensions: NonNullable<App["extensions"]> = [
  { name: "a", folder: "node_modules/a", settings },
  { name: "@s/b", folder: "node_modules/@s/b", settings: { only: "b" } },
];

describe.each(targets)("on %s", (target) => {
  it("each package reads its own settings, and its importers alone are changed", async () => {
    const { out, manifest } = await build(makeFolder(files), target, { extensions });
    const textOf = (id: string): string =>
      readFileSync(join(out, manifest.functions.find((fn) => fn.id === id)!.main), "utf8");
    if (target === "lambda") {
      expect(textOf("a")).toContain("안녕");
      expect(textOf("b")).not.toContain("안녕");
    }
    if (target === "node") {
      const { default: app } = (await import(pathToFileURL(join(out, manifest.main!)).href)) as {
        default: (request: Request, call: unknown) => Promise<Response>;
      };
      const answer = async (path: string): Promise<string> =>
        (await app(new Request(`http://a.test${path}`), { env: {} })).text();
      expect(await answer("/a")).toBe(
        `{"name":"a","text":"'\\"\`\${x}\\\\ 안녕 </script>","list":[1,null],"__proto__":"none"}`,
      );
      expect(JSON.parse(await answer("/b"))).toEqual({ name: "b", only: "b" });
    }
    const imported = Object.fromEntries(manifest.functions.map((fn) => [fn.id, fn.extensions]));
    const onLambda = { index: undefined, a: ["a"], b: ["@s/b"], "guarded-in": ["a"] };
    expect(imported).toEqual(
      target === "lambda" ? onLambda : Object.fromEntries(Object.keys(onLambda).map((id) => [id, undefined])),
    );
    const without = await build(makeFolder({ "functions/index.ts": plain }), target);
    const [mine, theirs] = [manifest, without.manifest].map((one) => one.functions.find(({ id }) => id === "index")!);
    expect(mine?.hash).toBe(theirs?.hash);
    if (target === "lambda") expect(textOf("index")).toBe(readFileSync(join(without.out, theirs!.main), "utf8"));
    const hashOf = async (own: object): Promise<readonly (string | undefined)[]> => {
      const changed = [{ ...extensions[0]!, settings: { ...own } }, extensions[1]!];
      const next = await build(makeFolder(files), target, { extensions: changed });
      return ["a", "b"].map((id) => next.manifest.functions.find((fn) => fn.id === id)?.hash);
    };
    const [before, after] = [await hashOf(settings), await hashOf({ text: "other" })];
    expect(before[0]).not.toBe(after[0]);
    expect(before[1]).toBe(after[1]);
  });

  it("a package with data that hosting.json does not list is warned of, once", async () => {
    const data = {
      "node_modules/a/package.json": `{ "name": "a", "main": "index.js", "portico": { "secrets": ["K"] } }`,
    };
    const root = makeFolder({ ...files, ...data, "node_modules/a/index.js": `exports.own = () => 1;\n` });
    const warnings: string[] = [];
    const onlyB = { extensions: [extensions[1]!] };
    for (let times = 0; times < 2; times++) await build(root, target, onlyB, (text) => warnings.push(text));
    const text = `a brings settings, secrets or policies, and hosting.json does not list it: "extensions": { "a": {} }`;
    expect(warnings).toEqual([text, text]);
    await build(root, target, { extensions }, (warning) => warnings.push(warning));
    expect(warnings).toHaveLength(2);
  });

  it("a package that hosting.json does not list is told by its name, and so is an app's own file", async () => {
    await expect(build(makeFolder(files), target, { extensions: [extensions[0]!] })).rejects.toMatchObject({
      code: "EXTENSION_UNLISTED",
      message: '@s/b reads its settings, and hosting.json does not list it under "extensions"',
      fix: expect.stringContaining('"extensions": { "@s/b": {} }') as string,
    });
    const own = {
      "functions/index.ts": `import { settings } from "portico/extension";\nexport const GET = settings;\n`,
    };
    await expect(build(makeFolder(own), target, { extensions })).rejects.toMatchObject({ code: "EXTENSION_UNLISTED" });
  });

  it("a package that is a link to a folder is told by its name, too", async () => {
    const linked = (index: string): string => {
      const root = makeFolder({
        "functions/index.ts": `import "linked";\n${plain}`,
        "extensions/linked/package.json": `{ "name": "linked", "exports": "./index.js", "portico": { "secrets": [] } }`,
        "extensions/linked/index.js": index,
        "node_modules/other/index.js": "",
      });
      symlinkSync("../extensions/linked", join(root, "node_modules/linked"));
      return root;
    };
    const warnings: string[] = [];
    await build(linked("globalThis.linked = 1;"), target, {}, (text) => warnings.push(text));
    expect(warnings).toEqual([
      `linked brings settings, secrets or policies, and hosting.json does not list it: "extensions": { "linked": {} }`,
    ]);
    await expect(build(linked(`import "portico/extension";`), target)).rejects.toMatchObject({
      code: "EXTENSION_UNLISTED",
      message: 'linked reads its settings, and hosting.json does not list it under "extensions"',
    });
  });
});

it("a linked folder of a workspace is found, and a package inside of an extension is not the extension", async () => {
  const root = makeFolder({
    "app/functions/a.ts": route("a"),
    "packages/a/package.json": packageText("a"),
    "packages/a/index.js": `${reader("a")}export { other } from "inner";\n`,
    "packages/a/node_modules/inner/package.json": packageText("inner"),
    "packages/a/node_modules/inner/index.js": `export const other = 1;\n`,
    "app/node_modules/x/x": "",
  });
  const linked = { ...extensions[0]!, folder: "../packages/a" };
  symlinkSync(join(root, "packages/a"), join(root, "app/node_modules/a"));
  const { manifest } = await build(join(root, "app"), "lambda", { extensions: [linked] });
  expect(manifest.functions[0]?.extensions).toEqual(["a"]);
  const inner = { ...linked, name: "inner", folder: "../packages/a/node_modules/inner" };
  const both = await build(join(root, "app"), "lambda", { extensions: [linked, inner] });
  expect(both.manifest.functions[0]?.extensions).toEqual(["a", "inner"]);
});
