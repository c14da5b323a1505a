/** The places of stacks in lines of Lambda's log, by a source map. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { readMaps } from "../../deploy/lambda/source-maps.ts";
import { codeFolder, openLocalPlaces, withSourcePlaces } from "../../framework/cli/stack-places.ts";

/** Column 0 of line 1 is functions/a "b".ts:1:1, and column 10 is node_modules/pkg/index.js:1:1. */
const map = new SourceMap({
  file: "index.mjs",
  version: 3,
  sources: ['functions/a "b".ts', "node_modules/pkg/index.js"],
  sourcesContent: [],
  names: [],
  mappings: "AAAA,UCAA",
  sourceRoot: "",
});
const maps = new Map([["index.mjs", map]]);
const hash = "ab".repeat(32);

it.each([
  ["at f (file:///var/task/index.mjs:1:3)", 'at f (functions/a \\"b\\".ts:1:1)'],
  ["at file:///var/task/index.mjs:1:11", "at node_modules/pkg/index.js:1:1"],
  [`at f (file:///home/me/app/.portico/cloud/code/${hash}/index.mjs:1:11)`, "at f (node_modules/pkg/index.js:1:1)"],
  [`at f (file:///C:/app%20(1)/.portico/cloud/code/${hash}/index.mjs:1:11)`, "at f (node_modules/pkg/index.js:1:1)"],
  [
    `{"stack":"E\\n    at f (file:///var/task/index.mjs:1:11)\\n"}`,
    `{"stack":"E\\n    at f (node_modules/pkg/index.js:1:1)\\n"}`,
  ],
  ["E\r    at file:///var/task/index.mjs:1:11\r    at g", "E\r    at node_modules/pkg/index.js:1:1\r    at g"],
])("%s is %s", (text, named) => {
  expect(codeFolder(text)).toMatch(/^file:\/\/\/.*(?:task|abab)$/);
  expect(withSourcePlaces(text, maps)).toBe(named);
});

it.each([
  // Modules of the runtime, of a package that is installed beside the bundle, and of another module of the function.
  "at f (file:///var/runtime/index.mjs:1:3)",
  "at f (file:///var/task/node_modules/pkg/index.mjs:1:3)",
  "at f (file:///var/task/chunk-A.mjs:1:3)",
  "at f (/home/me/index.mjs:1:3)",
  "GET /index.mjs:1:3",
])("%s stays", (text) => expect(withSourcePlaces(text, maps)).toBe(text));

it.each(["file://", "file:///var/task/", "/var/task/", "a"])("a line of a million times %s takes no hours", (part) => {
  const line = `file://${part.repeat(1_000_000)}`;
  expect(codeFolder(line)).toBeUndefined();
  expect(withSourcePlaces(line, maps)).toBe(line);
});

it("reads the maps of modules, and no file of the app that has a name like one", () => {
  const bytes = (text: string): Uint8Array => Buffer.from(text);
  const file = bytes(JSON.stringify(map.payload));
  const read = readMaps([
    ["index.mjs", bytes("code")],
    ["index.mjs.map", file],
    ["world.map", bytes("of a game")],
    ["node_modules/pkg/index.mjs.map", file],
    ["gone.mjs.map", bytes("of nothing")],
  ]);
  expect([...read.keys()]).toEqual(["index.mjs"]);
});

it("names places by the maps beside the code on this machine, and leaves them where a map is broken or gone", () => {
  const root = mkdtempSync(join(tmpdir(), "portico-places-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const folder = (letters: string, text?: string): string => {
    const path = join(root, letters.repeat(32));
    if (text === undefined) return `at f (${pathToFileURL(path).href}/index.mjs:1:11)`;
    mkdirSync(path);
    writeFileSync(join(path, "index.mjs"), "code");
    writeFileSync(join(path, "index.mjs.map"), text);
    return `at f (${pathToFileURL(path).href}/index.mjs:1:11)`;
  };
  const withPlaces = openLocalPlaces();
  expect(withPlaces(folder("aa", JSON.stringify(map.payload)))).toBe("at f (node_modules/pkg/index.js:1:1)");
  for (const line of [folder("bb", "no JSON"), folder("cc")]) expect(withPlaces(line)).toBe(line);
});
