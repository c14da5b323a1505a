/** The watchdog: a small process that kills our child processes when this process ends, even by kill -9. */
import { spawn, type ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Held open as long as child processes may be started. */
export interface Watchdog {
  /** Adds a process that is not a child; children are added automatically. */
  add(pid: number): void;
  remove(pid: number): void;
  /** Kills the remaining processes; resolves when the watchdog itself has ended. */
  close(): Promise<void>;
}

const program = fileURLToPath(new URL("./watchdog-process.mjs", import.meta.url));

/**
 * Collects the lines of stdin, and runs the watchdog's program with them when the pipe closes before `bye`. A shell
 * starts in a twentieth of Node's time and needs a fortieth of its memory; dash and busybox have these builtins.
 */
const shellScript = `trap "" INT TERM HUP
while IFS= read -r line; do
  [ "$line" = bye ] && exit 0
  lines="$lines$line
"
done
printf %s "$lines" | "$0" "$1"`;

/** A shell is enough where /proc tells start times and no launcher is to be watched. */
const canUseShell = (): boolean => process.platform === "linux" && !process.channel && existsSync("/bin/sh");

/**
 * Starts the watchdog in a session of its own. It learns of every child process from now on, those of packages included
 * (esbuild's service, workerd), so it must be started before any of them.
 */
export function startWatchdog(): Watchdog {
  const dog = openAny();
  const pipe = dog.stdin!;
  // Without a reference the pipe does not keep this process alive; writing still works.
  (pipe as unknown as { unref(): void }).unref();
  // The watchdog may die before us; only the protection against kill -9 is lost then.
  pipe.on("error", () => {});
  const listed = new Set<number>();
  const send = (line: string): void => {
    if (pipe.writable) pipe.write(`${line}\n`);
  };
  const add = (pid: number): void => {
    listed.add(pid);
    send(`+${pid} ${startTime(pid)}`);
  };
  const remove = (pid: number): void => {
    listed.delete(pid);
    send(`-${pid}`);
  };
  const onChild = (message: unknown): void => {
    const { process: child } = message as { readonly process: ChildProcess };
    // Node publishes before it spawns (measured on 24.21); the pid is there once spawn() has returned.
    process.nextTick(() => {
      const { pid } = child;
      if (pid === undefined || child.exitCode !== null) return;
      add(pid);
      child.once("exit", () => isGroupAlive(pid) || remove(pid));
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
      if (listed.size === 0) send("bye");
      pipe.end();
      await exited;
    },
  };
}

/** Starts the program itself where the shell, which is only cheaper, fails to start (EISDIR was seen once). */
function openAny(): ChildProcess {
  if (canUseShell()) {
    try {
      return open("/bin/sh", ["-c", shellScript, process.execPath, program]);
    } catch {
      // The next line throws where no process can be started at all.
    }
  }
  return open(process.execPath, [program, ...launcher()]);
}

function open(command: string, args: readonly string[]): ChildProcess {
  // It outlives this process and needs none of its variables; Windows cannot start a process without SystemRoot.
  const { PATH = "", SystemRoot } = process.env;
  const env = { PATH, ...(SystemRoot && { SystemRoot }) };
  const dog = spawn(command, [...args], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env,
    windowsHide: true,
  });
  dog.unref();
  return dog;
}

/** The pids of this process and of bin.js, which started it on another Node; the channel shows that it did. */
const launcher = (): readonly string[] => (process.channel ? [String(process.pid), String(process.ppid)] : []);

/** The start time in the kernel's format, which tells a reused pid apart; empty without /proc or the process. */
function startTime(pid: number): string {
  try {
    // proc(5): the name in parentheses may hold any text, so fields are counted after it.
    return readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)!.split(" ")[19]!;
  } catch {
    return "";
  }
}

/** A group can outlive its leader. */
function isGroupAlive(pid: number): boolean {
  try {
    return process.platform !== "win32" && process.kill(-pid, 0);
  } catch {
    return false;
  }
}
