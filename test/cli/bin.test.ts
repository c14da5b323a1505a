/** The launcher, run as a process beside a main of the test's own: versions, exit codes and signals. */
// @module-tag isolated
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";

const main = `
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  export async function main([command, value]) {
    const stopped = command === "listen" && new Promise((stop) => process.once("SIGINT", stop).once("SIGTERM", stop));
    console.log(command, process.pid, process.versions.node);
    if (command === "code") return Number(value);
    if (command === "lost") await new Promise(() => {});
    setInterval(() => {}, 60_000);
    await stopped;
    console.log("stopping");
    await wait(stopped ? 300 : 60_000);
    return 0;
  }`;

/** Makes the process that it is loaded into believe that it is an old Node; what that process starts is not changed. */
const oldNode = `data:text/javascript,${encodeURIComponent(
  `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } })`,
)}`;

let folder: string;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "portico-bin-"));
  await copyFile(new URL("../../framework/cli/bin.js", import.meta.url), join(folder, "bin.js"));
  await writeFile(join(folder, "main.js"), main);
  await writeFile(join(folder, "package.json"), `{"type":"module"}`);
});

afterAll(async () => {
  for (const child of running) child.kill("SIGKILL");
  await rm(folder, { recursive: true });
});

interface Launched {
  readonly child: ChildProcess;
  /** What main printed: its word, pid and Node version. */
  readonly first: Promise<string>;
  /** What it prints next. */
  next(): Promise<string>;
  readonly exit: Promise<readonly [code: number | null, signal: NodeJS.Signals | null]>;
  readonly errors: Promise<string>;
}

function launch(words: readonly string[], nodeFlags: readonly string[] = []): Launched {
  const child = spawn(process.execPath, [...nodeFlags, join(folder, "bin.js"), ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    cwd: folder,
  });
  running.add(child);
  const exit = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
  void exit.then(() => running.delete(child));
  const lines = createInterface(child.stdout);
  const next = async (): Promise<string> => ((await once(lines, "line")) as [string])[0];
  const first = next();
  const errors = (async () => {
    let text = "";
    for await (const chunk of child.stderr) text += String(chunk);
    return text;
  })();
  return { child, first, next, exit, errors };
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test("exits with the code that main returns", async () => {
  expect(await launch(["code", "0"]).exit).toEqual([0, null]);
  expect(await launch(["code", "2"]).exit).toEqual([2, null]);
  expect(await launch(["lost"]).exit, "a main that never finishes").toEqual([1, null]);
});

test("refuses a Node that is older than package.json's engines", async () => {
  const { engines } = JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")) as {
    engines: { node: string };
  };
  const { exit, errors } = launch(["code", "0"], ["--import", oldNode]);
  expect(await exit).toEqual([1, null]);
  const [, oldest] = /needs Node (\d+\.\d+) or newer; this is Node 20\.20\.2/.exec(await errors) ?? [];
  expect(engines.node).toBe(`>=${oldest}.0`);
  expect(await errors).toContain("\nfix: ");
});

// What an impatient terminal does: Ctrl-C reaches the process from the terminal and again from npm.
test.each(["SIGINT", "SIGTERM"] as const)(
  "a second %s during the stop of a listening command changes nothing: exit code 0",
  async (signal) => {
    const { child, first, next, exit } = launch(["listen"]);
    await first;
    const stopping = next();
    child.kill(signal);
    await stopping;
    child.kill(signal);
    expect(await exit).toEqual([0, null]);
  },
);

test("a signal ends a command that has no handler for signals", async () => {
  const { child, first, exit } = launch(["busy"]);
  await first;
  child.kill("SIGINT");
  expect(await exit).toEqual([null, "SIGINT"]);
});

test.runIf(process.platform === "linux")(
  "an old Node runs the command on a newer local Node, and passes on signals and the exit code",
  async () => {
    const local = join(folder, "node_modules", `node-linux-${process.arch}`, "bin");
    await mkdir(local, { recursive: true });
    await symlink(process.execPath, join(local, "node"));
    try {
      const flags = ["--import", oldNode];
      const coded = launch(["code", "3"], flags);
      expect(await coded.first).toMatch(new RegExp(`^code \\d+ ${process.versions.node}$`));
      expect(await coded.exit).toEqual([3, null]);

      const stopped = launch(["listen"], flags);
      await stopped.first;
      stopped.child.kill("SIGINT");
      expect(await stopped.exit).toEqual([0, null]);

      const killed = launch(["busy"], flags);
      const pid = Number((await killed.first).split(" ")[1]);
      expect(pid).not.toBe(killed.child.pid);
      expect(isAlive(pid)).toBe(true);
      killed.child.kill("SIGKILL");
      expect(await killed.exit).toEqual([null, "SIGKILL"]);
      await expect.poll(() => isAlive(pid)).toBe(false);
    } finally {
      await rm(join(folder, "node_modules"), { recursive: true });
    }
  },
);
