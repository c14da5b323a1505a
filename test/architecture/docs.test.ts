/** Holds the documents to the repository: links and paths exist, lines are short, and numbers are true. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { commands } from "../../framework/cli/commands.ts";
import { root } from "./sources.ts";

const pages = [
  "README.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).flatMap((name) =>
    name.endsWith(".md") ? [join("docs", name)] : [],
  ),
];
const decisions = readdirSync(join(root, "docs/decisions")).filter((name) => name !== "README.md");
const read = (file: string): string => readFileSync(join(root, file), "utf8");

/** Links of a page, but for addresses and places within the page. */
const links = (text: string): string[] =>
  [...text.matchAll(/\]\(([^)#\s]+)/g)].map(([, link = ""]) => link).filter((link) => !/^[a-z]+:/.test(link));

/** Files that a page names by their path from the root; those in functions/ are examples. */
const paths = (text: string): string[] =>
  [...text.matchAll(/(?<![\w./-])(?:framework|deploy|test|docs|\.ci)\/[\w./-]+\.(?:[cm]?[jt]sx?|md|json)\b/g)].map(
    ([path]) => path,
  );

/** Lines of more than 120 characters; rows of tables and lines that an address makes long are excepted. */
const longLines = (text: string): string[] =>
  text.split("\n").filter((line) => line.length > 120 && !line.startsWith("|") && !/https?:\/\/\S{60}/.test(line));

describe.each(pages)("%s", (page) => {
  it("links only to files that exist", () => {
    expect(links(read(page)).filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });

  it("names only files that exist", () => {
    expect(paths(read(page)).filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it("has lines of at most 120 characters", () => {
    expect(longLines(read(page))).toEqual([]);
  });
});

it("finds a link, a path and a line that break a rule", () => {
  expect(links("[a](b.md#c) [d](https://e.example/f.md) [g](#h)")).toEqual(["b.md"]);
  expect(paths("`test/a.ts`, `functions/b.ts`, ./node_modules/p/framework/c.json, `framework/d/e.mjs`.")).toEqual([
    "test/a.ts",
    "framework/d/e.mjs",
  ]);
  const [long, address] = ["x".repeat(121), `https://example.com/${"x".repeat(120)}`];
  expect(longLines([long, address, `| ${long} |`, "short"].join("\n"))).toEqual([long]);
});

it("README's table has every command", () => {
  const rows = read("README.md").match(/^\| `npx portico .*?\|/gm) ?? [];
  const words = rows.flatMap((row) => row.match(/[a-z]+/g) ?? []);
  expect(commands.map(({ name }) => name).filter((name) => !words.includes(name))).toEqual([]);
});

it("docs/architecture.md names six files to read first, of at most 600 lines in all", () => {
  const files = [...read("docs/architecture.md").matchAll(/^\d\. \[(.*?)\]\(\.\.\/.*?\): /gm)].map(
    ([, file = ""]) => file,
  );
  expect(files).toHaveLength(6);
  expect(files.reduce((sum, file) => sum + read(file).split("\n").length - 1, 0)).toBeLessThanOrEqual(600);
});

it("docs/architecture.md has a glossary of at most 20 lines", () => {
  const [, glossary = ""] = /^## Glossary\n+((?:\|.*\n)+)/m.exec(read("docs/architecture.md")) ?? [];
  expect(glossary.split("\n").length - 1).toBeGreaterThan(10);
  expect(glossary.split("\n").length - 1).toBeLessThanOrEqual(20);
});

it("decisions are numbered once each, have at most 40 lines, and are in the index", () => {
  expect(new Set(decisions.map((name) => name.slice(0, 3))).size).toBe(decisions.length);
  for (const name of decisions)
    expect(read(join("docs/decisions", name)).trimEnd().split("\n").length, name).toBeLessThanOrEqual(40);
  expect(links(read("docs/decisions/README.md")).toSorted()).toEqual(decisions.toSorted());
});
