/** The isolation of an environment: its read-only task root, its temporary folder, and its child processes. */
// @module-tag isolated
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { nodeArguments } from "../../../framework/emulation/lambda/node-arguments.ts";
import { until } from "../../until.ts";
import { functionOf, start } from "./harness.ts";

describe("the task root", () => {
  it("can be read, but not written by any function of fs, even as root", async () => {
    const { call } = start();
    const fn = functionOf(`import * as fs from "node:fs"; import { fileURLToPath } from "node:url";
const beside = fileURLToPath(new URL("./data.txt", import.meta.url));
const root = process.env.LAMBDA_TASK_ROOT;
const ways = {
  write: () => fs.writeFileSync(beside, "2"), append: () => fs.appendFileSync(beside, "2"),
  open: () => fs.openSync(beside, "r+"), create: () => fs.writeFileSync(root + "/new", ""),
  relative: () => fs.writeFileSync("new", ""), truncate: () => fs.truncateSync(beside),
  unlink: () => fs.unlinkSync(beside), rename: () => fs.renameSync(beside, process.env.TMPDIR + "/x"),
  mkdir: () => fs.mkdirSync(root + "/dir"),
  chmod: () => fs.chmodSync(beside, 0o777), utimes: () => fs.utimesSync(beside, 1, 1),
  futimes: () => fs.futimesSync(fs.openSync(beside), 1, 1), copy: () => fs.copyFileSync(beside, root + "/copy"),
  rm: () => fs.rmSync(root, { recursive: true }),
  up: () => fs.writeFileSync(process.env.TMPDIR + "/../escaped", ""),
};
export const handler = async () => {
  const codes = {};
  for (const [way, run] of Object.entries(ways)) { try { run(); codes[way] = "done";
  } catch ({ code }) { codes[way] = code; } }
  codes.promise = await fs.promises.writeFile(beside, "2").then(() => "done", ({ code }) => code);
  return { codes, text: fs.readFileSync(beside, "utf8"), names: fs.readdirSync(root) };
};`);
    writeFileSync(join(fn.directory, "data.txt"), "1");
    const { codes, text, names } = (await call(fn)).value as {
      codes: Record<string, string>;
      text: string;
      names: string[];
    };
    expect(Object.keys(codes)).toHaveLength(16);
    expect(Object.entries(codes).filter(([, code]) => code !== "ERR_ACCESS_DENIED")).toEqual([]);
    expect([text, names]).toEqual(["1", ["data.txt", "index.mjs"]]);
    expect(readdirSync(fn.directory)).toEqual(["data.txt", "index.mjs"]);
  });

  it.skipIf(process.platform === "win32")(
    "of a function outside /tmp allows writes to the host's /tmp by its absolute path",
    () => {
      // This checkout itself may lie in /tmp.
      const elsewhere = "/usr";
      const inside = nodeArguments(functionOf(""), "/t", process.execPath);
      const outside = nodeArguments({ ...functionOf(""), directory: elsewhere }, "/t", process.execPath);
      expect(outside).toContain("--allow-fs-write=/t/");
      expect(outside).toContain("--allow-fs-write=/tmp/");
      expect(
        outside
          .filter((argument) => argument.startsWith("--allow-fs-write"))
          .some((argument) => elsewhere.startsWith(argument.split("=")[1]!)),
      ).toBe(false);
      if (dirname(functionOf("").directory) === "/tmp") expect(inside).not.toContain("--allow-fs-write=/tmp/");
    },
  );
});

describe("the temporary folder", () => {
  const code = `import { tmpdir } from "node:os";
    import { appendFileSync, readFileSync, openSync, writeSync, fsyncSync, fchmodSync, futimesSync, fstatSync,
    mkdtempSync, renameSync, rmSync } from "node:fs"; import { join } from "node:path";
let count = 0;
export const handler = async () => {
  const file = join(tmpdir(), "kept.txt");
  appendFileSync(file, String(++count));
  const open = openSync(file, "r+");
  fsyncSync(open); fchmodSync(open, 0o600); futimesSync(open, 1, 1);
  const made = mkdtempSync(join(tmpdir(), "a-")); renameSync(made, made + "b"); rmSync(made + "b", { recursive: true });
  return { folder: tmpdir(), text: readFileSync(file, "utf8"), mode: fstatSync(open).mode & 0o777,
  time: fstatSync(open).mtimeMs };
};`;

  it("keeps its files between calls, belongs to one environment, and is removed with it", async () => {
    const { call, runtime } = start();
    const fn = functionOf(code);
    const first = (await call(fn)).value as { folder: string; text: string };
    const second = (await call(fn)).value as typeof first;
    const other = (await call({ ...fn, hash: "2" })).value as typeof first;
    expect(second).toEqual({ folder: first.folder, text: "12", mode: 0o600, time: 1000 });
    expect([first.text, other.text]).toEqual(["1", "1"]);
    expect(other.folder).not.toBe(first.folder);
    expect(existsSync(first.folder)).toBe(true);
    runtime.retire("hello", "2");
    await until(() => !existsSync(first.folder));
    expect(existsSync(other.folder)).toBe(true);
    await runtime.close();
    expect(existsSync(other.folder)).toBe(false);
  });

  it("of a killed process is removed by the next runtime; those of living processes stay", async () => {
    const gone = spawnSync(process.execPath, ["-e", ""]).pid;
    const left = join(tmpdir(), `portico-environment-${gone}-abcdef`);
    const mine = join(tmpdir(), `portico-environment-${process.pid}-abcdef`);
    for (const folder of [left, mine]) mkdirSync(join(folder, "in it"), { recursive: true });
    await start().call(functionOf(`export const handler = async () => 1;`));
    const found = [existsSync(left), existsSync(mine)];
    rmSync(mine, { recursive: true });
    expect(found).toEqual([false, true]);
  });

  it("is removed with an environment that a call ended", async () => {
    const { call } = start();
    const fn = functionOf(
      `import { tmpdir } from "node:os"; export const handler = async ({ end }) => end ? process.exit(1) : tmpdir();`,
    );
    const folder = (await call(fn)).value as string;
    await call(fn, { end: true });
    await until(() => !existsSync(folder));
  });
});

describe("a process that a function starts", () => {
  it.skipIf(process.platform !== "linux")("does not inherit the pipe to which its environment reports", async () => {
    const { call } = start();
    const fn = functionOf(
      `import { execFileSync } from "node:child_process";
        export const handler = async () => execFileSync("ls", ["-l", "/proc/self/fd"], { stdio: ["ignore", "pipe",
        "ignore"] }).toString();`,
    );
    const listed = [...((await call(fn)).value as string).matchAll(/ (\d+) -> (\S+)/g)];
    // ls itself has the folder open.
    expect(listed.find(([, at]) => at === "3")?.[2]).toMatch(/^\/proc\//);
  });
});

it("functions and their child processes do not see the permission model's flags", async () => {
  const { call } = start();
  const fn = functionOf(
    `import { execFileSync, fork } from "node:child_process";
      export const handler = async () => [process.execArgv.join(" "), execFileSync(process.execPath, ["-p",
      "String(process.env.NODE_OPTIONS)"]).toString().trim()];`,
  );
  expect((await call(fn)).value).toEqual(["--max-old-space-size=256", "undefined"]);
  expect(readFileSync(join(fn.directory, "index.mjs"), "utf8")).toContain("execFileSync");
});
