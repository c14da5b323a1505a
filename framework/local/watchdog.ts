/** Sees to it that nothing outlives this process, even by kill -9: pids in, and a small process that kills them when we are gone. */
import { spawn, type ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Held open for as long as children may be started. */
export interface Watchdog {
  /** Every child that this process starts is added on its own; this is for others. */
  add(pid: number): void;
  remove(pid: number): void;
  /** Kills what is still listed; resolves when the watchdog itself is gone. */
  close(): Promise<void>;
}

const program = fileURLToPath(new URL("./watchdog-process.mjs", import.meta.url));

/**
 * Keeps what it is told in a variable, and becomes the watchdog's program when the pipe closes with something left to kill. A shell starts
 * in a twentieth of the time that Node takes and needs a fortieth of its memory. Dash and busybox have all of it built in.
 */
const keeper = `trap "" INT TERM HUP
while IFS= read -r line; do
  [ "$line" = bye ] && exit 0
  lines="$lines$line
"
done
printf %s "$lines" | "$0" "$1"`;

/** Where processes can say themselves when they began, and nobody has to look at a launcher all the time, a shell is enough. */
const canKeep = (): boolean => process.platform === "linux" && !process.channel && existsSync("/bin/sh");

/**
 * Starts the watchdog in a session of its own and tells it of every child process from now on, those that packages start too
 * (esbuild's service, workerd). Start it before anything else starts a child.
 */
export function startWatchdog(): Watchdog {
  const dog = canKeep() ? open("/bin/sh", ["-c", keeper, process.execPath, program]) : open(process.execPath, [program, ...launcher()]);
  const pipe = dog.stdin!;
  // Without a handle of its own in the event loop, it does not keep us alive. Writing goes on working.
  (pipe as unknown as { unref(): void }).unref();
  // The watchdog died before us: nothing can be told it any more, and nothing depends on it but a kill -9.
  pipe.on("error", () => {});
  const listed = new Set<number>();
  const tell = (line: string): void => {
    if (pipe.writable) pipe.write(`${line}\n`);
  };
  const add = (pid: number): void => {
    listed.add(pid);
    tell(`+${pid} ${startOf(pid)}`);
  };
  const remove = (pid: number): void => {
    listed.delete(pid);
    tell(`-${pid}`);
  };
  const onChild = (message: unknown): void => {
    const { process: child } = message as { readonly process: ChildProcess };
    // Node publishes before it spawns (measured on 24.21); the pid is there once spawn() has returned.
    process.nextTick(() => {
      const { pid } = child;
      if (pid === undefined || child.exitCode !== null) return;
      add(pid);
      child.once("exit", () => groupLives(pid) || remove(pid));
    });
  };
  subscribe("child_process", onChild);
  const exited = new Promise<void>((done) => dog.once("exit", () => done()));
  return {
    add,
    remove,
    close: async () => {
      unsubscribe("child_process", onChild);
      dog.ref();
      if (listed.size === 0) tell("bye");
      pipe.end();
      await exited;
    },
  };
}

function open(command: string, words: readonly string[]): ChildProcess {
  // Without our environment: it lives longer than we do and needs nothing of it (Windows cannot start a process without SystemRoot).
  const { PATH = "", SystemRoot } = process.env;
  const env = { PATH, ...(SystemRoot && { SystemRoot }) };
  const dog = spawn(command, [...words], { detached: true, stdio: ["pipe", "ignore", "ignore"], env, windowsHide: true });
  dog.unref();
  return dog;
}

/** bin.js, which found this Node to run on, has a channel to us; its end is ours. */
const launcher = (): readonly string[] => (process.channel ? [String(process.pid), String(process.ppid)] : []);

/** In the kernel's own words, so that another process of the same number is never taken for it; empty where /proc is missing or it is gone. */
function startOf(pid: number): string {
  try {
    // proc(5): the name in parentheses may hold anything, so the fields are counted from the last one.
    return readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)!.split(" ")[19]!;
  } catch {
    return "";
  }
}

/** A leader may be gone while its group lives on. */
function groupLives(pid: number): boolean {
  try {
    return process.platform !== "win32" && process.kill(-pid, 0);
  } catch {
    return false;
  }
}
