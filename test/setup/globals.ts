/** Fails a test file that leaves a global replaced: the files of project `shared` run in one process, in any order. */
import { afterAll } from "vitest";

const names = ["Request", "Response", "Headers", "fetch", "setTimeout", "Date", "console", "URL"] as const;

const read = (): Record<string, unknown> => ({
  ...Object.fromEntries(names.map((name) => [name, globalThis[name]])),
  "Response.json": Response.json,
  "Math.random": Math.random,
  "process.env": JSON.stringify(process.env),
  "process.cwd()": process.cwd(),
});

const before = read();

afterAll(() => {
  const after = read();
  const replaced = Object.keys(before).filter((name) => before[name] !== after[name]);
  if (replaced.length > 0)
    throw new Error(
      `${replaced.join(", ")}: a test that replaces a global puts it back, or its file has the tag isolated`,
    );
});
