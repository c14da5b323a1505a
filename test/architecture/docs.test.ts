/** Documents that point into the tree: their links lead somewhere, and what they count is true. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const pages = [
  "README.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).flatMap((name) =>
    name.endsWith(".md") ? [join("docs", name)] : [],
  ),
];
const read = (file: string): string => readFileSync(join(root, file), "utf8");

describe.each(pages)("%s", (page) => {
  it("links only to what is there", () => {
    const links = [...read(page).matchAll(/\]\(([^)#\s]+)\)/g)].map(([, link = ""]) => link).filter((link) => !/^[a-z]+:/.test(link));
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });
});

it("docs/architecture.md names six files to read first, of at most 600 lines in all", () => {
  const files = [...read("docs/architecture.md").matchAll(/^\d\. \[(.*?)\]\(\.\.\/.*?\): /gm)].map(([, file = ""]) => file);
  expect(files).toHaveLength(6);
  expect(files.reduce((sum, file) => sum + read(file).split("\n").length - 1, 0)).toBeLessThanOrEqual(600);
});

it("decisions are numbered once each and have at most 40 lines", () => {
  const names = readdirSync(join(root, "docs/decisions"));
  expect(new Set(names.map((name) => name.slice(0, 3))).size).toBe(names.length);
  for (const name of names) expect(read(join("docs/decisions", name)).trimEnd().split("\n").length, name).toBeLessThanOrEqual(40);
});
