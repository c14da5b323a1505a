/** The lock file names every package that an optional dependency may ask for: npm ci refuses a lock file with holes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./sources.ts";

interface Locked {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** `a needs b` for every optional dependency that the lock file lacks. */
const holes = (packages: Readonly<Record<string, Locked>>): string[] => {
  const locked = new Set(
    Object.keys(packages).map((path) => path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length)),
  );
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !locked.has(name))
      .map((name) => `${path || "the root"} needs ${name}`),
  );
};

test("the lock file has no holes", () => {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, Locked>;
  };
  expect(holes(packages)).toEqual([]);

  expect(
    holes({
      "node_modules/a": { optionalDependencies: { "@a/linux": "1", "@a/mac": "1" } },
      "node_modules/@a/linux": {},
    }),
  ).toEqual(["node_modules/a needs @a/mac"]);
});

test("versions are exact", () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8"),
  ) as Record<string, Record<string, string>>;
  const ranges = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }).filter(
    ([, version]) => !/^(?:\d+\.\d+\.\d+(?:-beta\.\d+)?|file:.*)$/.test(version),
  );
  expect(ranges).toEqual([]);
});
