/** The list of commands: each has code that loads, and a test that is found by the path of that code. */
import { existsSync, globSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { commands } from "../../framework/cli/commands.ts";
import { repository } from "../e2e/portico.ts";

test.each(commands)("$name loads", async ({ load }) => {
  expect(await load()).toBeTypeOf("function");
});

test("names and aliases are unique", () => {
  const names = commands.flatMap(({ name, alias }) => (alias === undefined ? [name] : [name, alias]));
  expect(new Set(names).size).toBe(names.length);
});

test("each command's file has a test file of its own", () => {
  const files = globSync("framework/cli/commands/*.ts", { cwd: repository }).map((file) => basename(file, ".ts"));
  const untested = files.filter((name) => !existsSync(join(repository, `test/cli/commands/${name}.test.ts`)));
  expect(untested).toEqual([]);
});
