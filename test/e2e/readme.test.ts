/** README.md held to reality: the commands of its `sh` blocks, in order, in a copy of the checkout. */
// @module-tag check
import { execFileSync, spawn } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { descendants, repository, survivors } from "./portico.ts";

/** A started command, its output so far and its end. */
interface Started {
  readonly output: () => string;
  readonly pid: number;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  /** To the whole group, as a terminal does it; nothing when it is over. */
  kill(signal: NodeJS.Signals): void;
}

/**
 * Commands that serve until Ctrl-C, and the words that give them free ports: 3000 and 4000 may be in use where this
 * runs.
 */
const serving: Readonly<Record<string, string>> = {
  "npm start": "npm start -- --port 0",
  "npx portico dev": "npx portico dev --port 0",
  "npm run deploy": "npm run deploy -- --port 0",
};

/** Installing and testing is what whoever runs this does. */
const isLeftOut = (command: string): boolean => /^npm (?:ci|install|test|run (?:check|bench|build))\b/.test(command);

const readme = await readFile(join(repository, "README.md"), "utf8");
const blocks = [...readme.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, text = ""]) =>
  text
    .split(/\n|&&/)
    .map((line) => line.trim())
    .filter((line) => line && !isLeftOut(line)),
);

let copy: string;
beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), "portico-readme-"));
  const files = execFileSync("git", ["ls-files", "-z"], { cwd: repository, encoding: "utf8" })
    .split("\0")
    .filter(Boolean);
  for (const folder of new Set(files.map(dirname))) await mkdir(join(copy, folder), { recursive: true });
  for (const file of files) await cp(join(repository, file), join(copy, file));
  await symlink(join(repository, "node_modules"), join(copy, "node_modules"));
});
afterAll(() => rm(copy, { recursive: true }));

/** As a shell runs it that gives way to it, in a process group of its own that Ctrl-C reaches whole. */
function start(command: string): Started {
  const { npm_config_local_prefix: _, ...env } = process.env;
  const child = spawn("sh", ["-c", `exec ${command}`], {
    cwd: copy,
    detached: true,
    env: { ...env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  return {
    output: () => output,
    pid: child.pid!,
    ended: new Promise((done) => child.on("close", (code, signal) => done(code ?? signal))),
    kill: (signal) => {
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, signal);
    },
  };
}

/** Waits until the command says where it serves; gives the port. */
async function port(started: Started): Promise<string> {
  let isOver = false;
  void started.ended.then(() => (isOver = true));
  while (!isOver) {
    const found =
      /http:\/\/127\.0\.0\.1:(\d+)\S* {2}Ctrl-C ends it|the local cloud runs at http:\/\/127\.0\.0\.1:(\d+)/.exec(
        started.output(),
      );
    if (found) return (found[1] ?? found[2])!;
    await new Promise((next) => setTimeout(next, 20));
  }
  throw new Error(`it never served:\n${started.output()}`);
}

describe("README.md", () => {
  it("contains only commands that this test can run", () => {
    const all = blocks.flat();
    expect(all).toEqual(expect.arrayContaining(Object.keys(serving)));
    expect(all.filter((command) => !(command in serving) && !command.startsWith("npx portico "))).toEqual([]);
  });

  it.each(blocks.filter((block) => block.length > 0).map((block) => ({ block, first: block[0] })))(
    "runs: $first …",
    async ({ block }) => {
      let server: { readonly command: string; readonly started: Started; readonly port: string } | undefined;
      try {
        for (const command of block) {
          const open = serving[command];
          if (open) {
            const started = start(open);
            server = { command, started, port: await port(started) };
            continue;
          }
          const portFlag = server && command.includes("portico invoke") ? ` --port ${server.port}` : "";
          const started = start(command + portFlag);
          expect(await started.ended, `${command}\n${started.output()}`).toBe(0);
          expect(started.output(), command).not.toMatch(/^(?:error|warning|fix|bug)\b|npm error/m);
          if (portFlag) expect(started.output(), command).toMatch(/^2\d\d /m);
        }
        if (!server) return;
        const pids = descendants(server.started.pid);
        server.started.kill("SIGINT");
        // npm ends itself by the signal that its script was sent.
        expect([0, "SIGINT"]).toContain(await server.started.ended);
        expect(await survivors(pids)).toEqual([]);
        expect(server.started.output()).not.toMatch(/^(?:error|bug)\b|npm error/m);
      } finally {
        server?.started.kill("SIGKILL");
      }
    },
  );
});
