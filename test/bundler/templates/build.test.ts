/** Templates inside functions: what they carry and give on every target, mistakes with their place, and hot reload. */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { createDevBuilder, type DevBuilder } from "../../../framework/bundler/dev-builder.ts";
import { mapFailure } from "../../../framework/dev/source-frame.ts";
import type { App } from "../../../framework/model/app.ts";
import { targets, type Target } from "../../../framework/model/target.ts";
import { UserError } from "../../../framework/model/user-error.ts";
import { discoverRoutes } from "../../../framework/routes/route-discovery.ts";
import { answers, sameAnswer } from "../target-answers.ts";
import { build, makeApp, makeFolder, writeFiles } from "../test-app.ts";

const base = `<!doctype html><title>{% block title %}{% endblock %}</title>{% block body %}{% endblock %}`;
const home = `{% extends "base.jinja" %}
{% from "./parts/_card.jinja" import card %}
{% block title %}Hi {{ name }}{% endblock %}
{% block body %}{% for user in users %}{{ card(user.name) }}{% endfor %}{% include "foot.jinja" %}{% endblock %}
`;
const card = `{% macro card(name) %}<p>{{ name|upper }}</p>{% endmacro %}`;
const route = `import home from "./_views/home.jinja";
export const GET = () => home({ name: "<Ann>", users: [{ name: "b&c" }] }, { status: 200 });
`;
const files = {
  "functions/index.ts": route,
  "functions/plain.ts": `export const GET = () => new Response("plain");\n`,
  "functions/_views/home.jinja": home,
  "functions/_views/base.jinja": base,
  "functions/_views/foot.jinja": `<footer>{{ name }}</footer>`,
  "functions/_views/parts/_card.jinja": card,
  "functions/_views/unused.jinja": `never-in-a-bundle`,
};
const page = `<!doctype html><title>Hi &lt;Ann&gt;</title><p>B&amp;C</p><footer>&lt;Ann&gt;</footer>`;

async function start(root: string, target: Target = "node", changes: Partial<App> = {}): Promise<DevBuilder> {
  const builder = createDevBuilder({ app: makeApp(root, changes), target, out: join(root, ".portico/dev"), env: {} });
  onTestFinished(() => builder.close());
  builder.setRoutes(await discoverRoutes(root));
  return builder;
}

const failure = (work: Promise<unknown>): Promise<UserError> =>
  work.then(
    () => expect.fail("nothing was wrong"),
    (error: unknown) => error as UserError,
  );

describe("a template in a function", () => {
  it("gives the same page on every target, in production and in development", async () => {
    expect(await answers(makeFolder(files), "index", "/")).toEqual(sameAnswer(page));
  });

  it("carries its parents and parts, and nothing of those that it does not name", async () => {
    const { manifest, out } = await build(makeFolder(files), "lambda");
    const [code, plain] = ["index", "plain"].map((id) =>
      readFileSync(join(out, manifest.functions.find((fn) => fn.id === id)!.main), "utf8"),
    );
    expect(code!.includes("<footer>")).toBe(true);
    expect(code!.includes("never-in-a-bundle")).toBe(false);
    expect(/Bytes|cycler|\beval\b|new Function/.test(code!)).toBe(false);
    const without = await build(makeFolder({ "functions/plain.ts": files["functions/plain.ts"] }), "lambda");
    expect(readFileSync(join(without.out, without.manifest.functions[0]!.main), "utf8")).toBe(plain);
  });

  it.each(targets)("adds a runtime of at most 1.5 KB to a function on %s", async (target) => {
    // Of inheritance, includes, imports, macros, calls, loops with `loop`, conditions and concatenation.
    const names =
      "page, print, safe, concat, get, call, invoke, macro, missing, list, loops, truth, and, or, block, inherit, " +
      "include, importModule, derive";
    const size = async (text: string): Promise<number> => {
      const { manifest, out } = await build(makeFolder({ "functions/index.ts": text }), target);
      const modules = manifest.modules?.filter(({ type }) => type === "esm").map(({ name }) => name);
      const codes = (modules ?? [manifest.functions[0]!.main]).map((name) => readFileSync(join(out, name)));
      return gzipSync(Buffer.concat(codes), { level: 9 }).length;
    };
    const plain = `export const GET = () => new Response("hi");`;
    const all = `import { ${names} } from "portico/features/templates/runtime"; globalThis.kept = [${names}]; ${plain}`;
    expect((await size(all)) - (await size(plain))).toBeLessThanOrEqual(1536);
  });
});

describe("a mistake in a template", () => {
  it.each([
    ["{{ a }}\n\t{% fro x in y %}", "unexpected tag fro", 2, 5],
    ["é{{ é|nope }}", "the filter nope is not supported", 1, 7],
    ["{% include 'gone.jinja' %}", "there is no template gone.jinja", 1, 12],
    ["a\n{{ a\n<p>", "this {{ has no }}", 2, 1],
    ["a{% if x ", "this {% has no %}", 1, 2],
    ["{{ a }", "unexpected }, expected }}", 1, 6],
    ["{% include x %}", "the name of a template is not known to the build", 1, 12],
    ["a\r\n{% if x %}", "the template ends inside {% if %}", 2, 11],
    [`{{ ${"(".repeat(10_000)}1${")".repeat(10_000)} }}`, "this is nested more than 200 deep", 1, 104],
    [`${"{% if x %}".repeat(10_000)}`, "this is nested more than 200 deep", 1, 1997],
    [`{{ ${"a + ".repeat(20_000)}a }}`, "the template is nested too deeply", 1, 1],
  ])("%.30j has its place", async (source, message, line, column) => {
    const root = makeFolder({ ...files, "functions/_views/home.jinja": source });
    for (const target of ["lambda", "workers"] as const) {
      const error = await failure(build(root, target));
      expect(error).toBeInstanceOf(UserError);
      expect(error).toMatchObject({ code: "TEMPLATE", message });
      expect(error.at[0]).toMatchObject({ file: "functions/_views/home.jinja", line, column });
      expect(error.at[0]!.frame).toContain("^");
    }
  });

  it("names the folder of hosting.json", async () => {
    const root = makeFolder({
      "functions/index.ts": `import home from "./home.jinja"; export const GET = () => home();`,
      "functions/home.jinja": `{% extends "base.jinja" %}`,
      "views/base.jinja": "based",
    });
    expect(await answers(root, "index", "/", { templates: "views" })).toEqual(sameAnswer("based"));
    expect(await failure(build(root, "node"))).toMatchObject({
      message: "there is no template base.jinja",
      fix: expect.stringContaining("below functions/_views (which is not there), or begins with ./") as string,
    });
  });

  it.each([
    ["{% fro x in y %}", "Did you mean {% for %}?"],
    ["{% if x %}{% esle %}{% endif %}", "Did you mean {% else %}?"],
    ["{% for x in y %}{% enfdor %}", "Did you mean {% endfor %}?"],
    ["{% nonsense %}", "Correct the template at this place."],
  ])("of %s is told: %s", async (source, fix) => {
    const root = makeFolder({ ...files, "functions/_views/home.jinja": source });
    expect(await failure(build(root, "node"))).toMatchObject({ code: "TEMPLATE", fix });
  });
});

describe.each(targets)("in development on %s", (target) => {
  it("an edit of any template of a function builds it again, and a mistake is gone when it is corrected", async () => {
    const root = makeFolder(files);
    const builder = await start(root, target);
    const code = async (): Promise<string> => {
      const { directory, main } = await builder.load("index");
      return readFileSync(join(directory, main), "utf8");
    };
    expect((await code()).includes("<footer>")).toBe(true);
    const edit = (name: string, text: string): readonly string[] => {
      writeFiles(root, { [`functions/_views/${name}`]: text });
      return builder.changed([join(root, "functions/_views", name)]);
    };
    for (const [name, text, mark] of [
      ["home.jinja", home, "Hi "],
      ["base.jinja", base, "<title>"],
      ["foot.jinja", files["functions/_views/foot.jinja"], "<footer>"],
      ["parts/_card.jinja", card, "<p>"],
    ] as const) {
      expect(edit(name, text.replace(mark, `${mark}edited ${name}`)), name).toEqual(["index"]);
      expect((await code()).includes(`edited ${name}`), name).toBe(true);
    }
    expect(edit("unused.jinja", "x")).toEqual([]);
    edit("foot.jinja", "{% if %}");
    expect(await failure(code())).toMatchObject({ code: "TEMPLATE" });
    expect(edit("foot.jinja", "corrected")).toEqual(["index"]);
    expect((await code()).includes("corrected")).toBe(true);
  });

  it("a template that may be missing is seen when it appears", async () => {
    const root = makeFolder({ ...files, "functions/_views/foot.jinja": `{% include "late.jinja" ignore missing %}` });
    const builder = await start(root, target);
    await builder.load("index");
    writeFiles(root, { "functions/_views/late.jinja": "I came late" });
    expect(builder.changed([join(root, "functions/_views/late.jinja")])).toEqual(["index"]);
    const { directory, main } = await builder.load("index");
    expect(readFileSync(join(directory, main), "utf8").includes("I came late")).toBe(true);
    rmSync(join(root, "functions/_views/late.jinja"));
    expect(builder.changed([join(root, "functions/_views/late.jinja")])).toEqual(["index"]);
    await builder.load("index");
  });

  it("an error inside a macro has the template's own line", async () => {
    const root = makeFolder({
      ...files,
      "functions/_views/parts/_card.jinja": `{% macro card(name) %}\n\n <p>{{ nope.x }}</p>{% endmacro %}`,
    });
    const builder = await start(root, target);
    const fn = await builder.load("index");
    const code = readFileSync(join(fn.directory, fn.main), "utf8").split("\n");
    const line = code.findIndex((text) => text.includes(`"x", "nope"`)) + 1;
    const column = code[line - 1]!.search(/\w*get\w*\(\w+, "x", "nope"/) + 1;
    const stack = `TypeError: x\n    at card (${fn.main}:${line}:${column})`;
    const { frame } = await mapFailure({ name: "TypeError", message: "x", stack }, fn, { root, target });
    expect(frame).toMatchObject({ file: "functions/_views/parts/_card.jinja", line: 3 });
    expect(frame!.excerpt.find(({ failing }) => failing)?.text).toBe(" <p>{{ nope.x }}</p>{% endmacro %}");
  });
});

it("a printed name that is undefined warns once, with its line, in development alone", async () => {
  const root = makeFolder({ ...files, "functions/_views/foot.jinja": "\n{{ nmae }}{{ user.x if user }}" });
  const builder = await start(root, "node");
  const { directory, main } = await builder.load("index");
  expect(readFileSync(join(directory, main), "utf8").includes("functions/_views/foot.jinja:2:4")).toBe(true);
  const { out, manifest } = await build(root, "node");
  for (const fn of manifest.functions)
    expect(readFileSync(join(out, fn.main), "utf8").includes("undefined, and printed")).toBe(false);
});
