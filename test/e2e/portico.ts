/** Runs the real CLI as a process for tests, to its end or in the background, and finds its child processes. */
import { type ChildProcess, spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The repository. */
export const repository: string = join(import.meta.dirname, "../..");
const bin = join(repository, "framework/cli/bin.js");

/** The exit code and output of a finished command. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that still runs. */
export interface Running {
  readonly child: ChildProcess;
  /** All of stdout and stderr so far. */
  output(): string;
  /** Waits until the output matches; fails when the process ends or the bound is reached first. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

const open = new Set<Running>();

/**
 * Milliseconds that is waited at most: a guard against a hang, a little less than a test's own, so that what was waited
 * for is told.
 */
const hang = 280_000;

/** Ends what a failed test left running. */
export async function stopAll(): Promise<void> {
  await Promise.all([...open].map((running) => running.stop("SIGKILL")));
}

const environment = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };

/** Starts a command and goes on. */
export function start(
  args: readonly string[],
  cwd: string,
  // Another bin than the repository's; variables beside the tests' own.
  { program = bin, env = {} }: { readonly program?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Running {
  const child = spawn(process.execPath, [program, ...args], {
    cwd,
    env: { ...environment, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [output, closed] = ["", false];
  const ended = once(child, "close");
  // Looked at when something is printed, not now and then: who measures a start measures nothing of ours.
  const changes = new EventEmitter();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      changes.emit("change");
    });
  }
  child.once("close", () => {
    closed = true;
    changes.emit("change");
  });
  const running: Running = {
    child,
    output: () => output,
    async until(pattern) {
      const late = AbortSignal.timeout(hang);
      for (let found = pattern.exec(output); ; found = pattern.exec(output)) {
        if (found) return found;
        if (closed || late.aborted)
          throw new Error(`portico ${args.join(" ")} never printed ${pattern}, but:\n${output}`);
        await Promise.race([once(changes, "change"), once(late, "abort")]);
      }
    },
    async stop(signal = "SIGINT") {
      if (child.exitCode === null) child.kill(signal);
      await ended;
      return child.exitCode;
    },
  };
  open.add(running);
  void ended.then(() => open.delete(running));
  return running;
}

/** Runs a command to its end. */
export async function run(
  args: readonly string[],
  cwd: string,
  { stdin = "", env = {} }: { readonly stdin?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Finished> {
  const child = spawn(process.execPath, [bin, ...args], { cwd, env: { ...environment, ...env }, stdio: "pipe" });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(stdin);
  await once(child, "close");
  return { code: child.exitCode, stdout, stderr };
}

/** Every process below this one, from /proc (the tests run on Linux). */
export function descendants(pid: number): readonly number[] {
  const parents = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = readStat(Number(name));
    if (stat) parents.set(stat.parent, [...(parents.get(stat.parent) ?? []), Number(name)]);
  }
  const below = (of: number): number[] => (parents.get(of) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid);
}

function readStat(pid: number): { readonly parent: number; readonly state: string } | undefined {
  try {
    const [state = "", parent] = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    return { parent: Number(parent), state };
  } catch {
    return undefined; // It ended meanwhile.
  }
}

/** Waits until none of the processes runs; gives those that never end. */
export async function survivors(pids: readonly number[]): Promise<readonly number[]> {
  let left = pids;
  for (const end = performance.now() + hang; left.length > 0 && performance.now() < end;) {
    left = left.filter((pid) => !["Z", "X", undefined].includes(readStat(pid)?.state));
    if (left.length > 0) await new Promise((next) => setTimeout(next, 20));
  }
  return left;
}
