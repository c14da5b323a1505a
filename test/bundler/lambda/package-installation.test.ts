/**
 * Lambda's `packages`: their closure in a lockfile, and the installed files in a zip. native-packages.test.ts runs npm.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { closureOf } from "../../../framework/bundler/lambda/package-lock.ts";
import { packagesText } from "../../../framework/bundler/lambda/package-installation.ts";
import { zipEntries } from "../../../framework/zip/reader.ts";
import type { App } from "../../../framework/model/app.ts";
import { build, type Files, makeApp, makeFolder, writeFiles } from "../test-app.ts";
import { answers, sameAnswer } from "../target-answers.ts";

const lockOf = (packages: object): Files => ({
  "package-lock.json": JSON.stringify({ name: "app", lockfileVersion: 3, packages }),
});

const sharpLike = {
  "": { dependencies: { picture: "^1.0.0", other: "1" }, devDependencies: { peer: "1" } },
  "node_modules/picture": {
    version: "1.2.3",
    integrity: "sha512-a",
    dependencies: { plus: "^2" },
    optionalDependencies: { "@p/linux-arm64": "1", "@p/linux-x64": "1" },
    peerDependencies: { peer: "1", loose: "1" },
    peerDependenciesMeta: { loose: { optional: true } },
  },
  "node_modules/picture/node_modules/plus": { version: "2.0.0", integrity: "sha512-b" },
  "node_modules/plus": { version: "1.0.0", integrity: "sha512-c" },
  "node_modules/@p/linux-arm64": { version: "1.0.0", optional: true, os: ["linux"], cpu: ["arm64"] },
  "node_modules/@p/linux-x64": { version: "1.0.0", optional: true, os: ["linux"], cpu: ["x64"] },
  "node_modules/peer": { version: "1.0.0", dev: true },
  "node_modules/loose": { version: "1.0.0" },
  "node_modules/other": { version: "1.0.0" },
};

const locked = (root: string, names: readonly string[]): readonly string[] =>
  Object.keys(closureOf(root, names).lock.packages);

describe("closureOf()", () => {
  it("contains a package's dependencies in their locked versions, for all platforms", () => {
    const { lock, dependencies, folders } = closureOf(makeFolder(lockOf(sharpLike)), ["picture"]);
    expect(dependencies).toEqual({ picture: "1.2.3" });
    expect(Object.keys(lock.packages)).toEqual([
      "",
      "node_modules/@p/linux-arm64",
      "node_modules/@p/linux-x64",
      "node_modules/peer",
      "node_modules/picture",
      "node_modules/picture/node_modules/plus",
    ]);
    expect(lock.packages["node_modules/picture/node_modules/plus"]).toEqual({
      version: "2.0.0",
      integrity: "sha512-b",
    });
    expect(lock.packages["node_modules/peer"]).toEqual({ version: "1.0.0" });
    expect(lock.packages["node_modules/@p/linux-x64"]).toMatchObject({ optional: true, cpu: ["x64"] });
    expect(folders.get("picture")).toHaveLength(5);
  });

  it("resolves from a workspace's own folder first", () => {
    const root = makeFolder({
      ...lockOf({
        "packages/app": {},
        "packages/app/node_modules/a": { version: "2.0.0" },
        "node_modules/a": { version: "1.0.0" },
        "node_modules/b": { version: "1.0.0" },
        "node_modules/own": { link: true },
      }),
      "packages/app/package.json": "{}",
    });
    const { lock } = closureOf(join(root, "packages/app"), ["a", "b"]);
    expect(lock.packages["node_modules/a"]).toEqual({ version: "2.0.0" });
    expect(locked(join(root, "packages/app"), ["b"])).toEqual(["", "node_modules/b"]);
    expect(() => closureOf(join(root, "packages/app"), ["own"])).toThrow("a folder of this repository");
  });

  it.each<[Files, string]>([
    [{}, "Run npm install."],
    [{ "pnpm-lock.yaml": "" }, "Run npm install --package-lock-only, and keep package-lock.json beside the other."],
    [{ "yarn.lock": "" }, "Run npm install --package-lock-only, and keep package-lock.json beside the other."],
    [lockOf({}), "Run npm install picture."],
    [{ "package-lock.json": `{"lockfileVersion":1}` }, "Run npm install with a newer npm, which rewrites it."],
  ])("reports the fix for a missing or unsuitable lockfile: %j", (files, fix) => {
    expect(() => closureOf(makeFolder(files), ["picture"])).toThrow(
      expect.objectContaining({ code: "PACKAGES_LOCK", fix }) as Error,
    );
  });
});

/** A package that looks for a file of its own and for another package by names that no bundler sees. */
const whole: Files = {
  "node_modules/whole/package.json": JSON.stringify({
    name: "whole",
    version: "1.0.0",
    main: "index.js",
    dependencies: { part: "1.0.0" },
  }),
  "node_modules/whole/index.js":
    `const { join } = require("path"); exports.all = () => ` +
    `require("fs").readFileSync(join(__dirname, ...["data", "x.txt"]), "utf8") + require(["pa", "rt"].join(""));`,
  "node_modules/whole/data/x.txt": "data ",
  "node_modules/part/package.json": `{"name":"part","version":"1.0.0","main":"index.js"}`,
  "node_modules/part/index.js": `module.exports = "part";`,
};
const files: Files = {
  ...whole,
  ...lockOf({
    "": {},
    "node_modules/whole": { version: "1.0.0", dependencies: { part: "1.0.0" } },
    "node_modules/part": { version: "1.0.0" },
  }),
  "functions/a.ts": `import { all } from "whole"; export const GET = () => new Response(all());`,
  "functions/b.ts": `import old from "old"; export const GET = () => new Response(old.get());`,
  "functions/plain.ts": `export const GET = () => new Response("plain");`,
  "node_modules/old/package.json": `{"name":"old","main":"index.js"}`,
  "node_modules/old/index.js": `exports.get = () => require("whole").all();`,
};
const changes: Partial<App> = {
  lambda: { architecture: "arm64", logRetention: 30, policies: [], packages: ["whole"] },
};

/** As an earlier build of npm's left it. */
function installed(own: Files = files): string {
  const root = makeFolder(own);
  const key = createHash("sha256")
    .update(packagesText(makeApp(root, changes)))
    .digest("hex")
    .slice(0, 16);
  writeFiles(join(root, ".portico/packages", key), whole);
  return root;
}

describe("an installed package", () => {
  it.each(["a", "b"])("has its own files and dependencies, imported or required (%s)", async (id) => {
    expect(await answers(installed(), id, `/${id}`, changes)).toEqual(sameAnswer("data part"));
  });

  it("is in the zips of the functions that import it, and in their hashes", async () => {
    const root = installed();
    const { out, manifest } = await build(root, "lambda", changes);
    const namesIn = (id: string) =>
      zipEntries(readFileSync(join(out, manifest.functions.find((fn) => fn.id === id)?.zip ?? ""))).map(
        ({ path }) => path,
      );
    expect(namesIn("a").filter((path) => path.startsWith("node_modules/"))).toEqual([
      "node_modules/part/index.js",
      "node_modules/part/package.json",
      "node_modules/whole/data/x.txt",
      "node_modules/whole/index.js",
      "node_modules/whole/package.json",
    ]);
    expect(namesIn("plain").filter((path) => path.startsWith("node_modules/"))).toEqual([]);
    const other = installed({
      ...files,
      ...lockOf({ "": {}, "node_modules/whole": { version: "1.0.0", integrity: "sha512-x" } }),
    });
    const hashes = (built: typeof manifest) => built.functions.map(({ id, hash }) => [id, hash]);
    const changed = hashes((await build(other, "lambda", changes)).manifest);
    expect(changed.map(([id, hash], at) => [id, hash === hashes(manifest)[at]?.[1]])).toEqual([
      ["a", false],
      ["b", false],
      ["plain", true],
    ]);
  });

  it("that no registry gives and no cache has is told with the fix", async () => {
    const root = makeFolder({
      ...files,
      ...lockOf({
        "": {},
        "node_modules/whole": { version: "1.0.0", resolved: "https://registry.npmjs.org/whole/-/whole-1.0.0.tgz" },
      }),
    });
    // Nothing listens at port 1, and the cache is empty.
    const npmrc = ["registry=http://127.0.0.1:1/", `cache=${join(root, "npm")}`, "fetch-retries=0"];
    writeFiles(root, { ".npmrc": npmrc.join("\n") });
    await expect(build(root, "lambda", changes)).rejects.toMatchObject({
      code: "PACKAGES_INSTALL",
      message: "npm could not install whole: no registry answers (ECONNREFUSED)",
      fix: "Build once with network access; the packages are then cached in .portico/packages.",
    });
  });

  it("that is missing is reported by name in development", async () => {
    const none = Object.fromEntries(Object.entries(files).filter(([name]) => !name.startsWith("node_modules/whole")));
    await expect(answers(installed(none), "a", "/a", changes)).rejects.toMatchObject({
      code: "BUILD_FAILED",
      fix: "Run npm install whole.",
    });
  });
});
