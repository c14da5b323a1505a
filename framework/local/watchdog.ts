/** Sees to it that nothing outlives this process, even by kill -9: pids in, and a small process that kills them when we are gone. */
import { spawn, type ChildProcess } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { fileURLToPath } from "node:url";

/** Held open for as long as children may be started. */
export interface Watchdog {
  /** Every child that this process starts is added on its own; this is for others. */
  add(pid: number): void;
  remove(pid: number): void;
  /** Kills what is still listed; resolves when the watchdog itself is gone. */
  close(): Promise<void>;
}

/**
 * Starts the watchdog in a session of its own and tells it of every child process from now on, those that packages start too
 * (esbuild's service, workerd). Start it before anything else starts a child.
 */
export function startWatchdog(): Watchdog {
  const path = fileURLToPath(new URL("./watchdog-process.mjs", import.meta.url));
  // Without our environment: it lives longer than we do and needs nothing of it (Windows cannot start a process without SystemRoot).
  const { PATH = "", SystemRoot } = process.env;
  // bin.js, which found this Node to run on, has a channel to us; its end is ours.
  const launcher = process.channel ? [String(process.pid), String(process.ppid)] : [];
  const dog = spawn(process.execPath, [path, ...launcher], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: { PATH, ...(SystemRoot && { SystemRoot }) },
    windowsHide: true,
  });
  dog.unref();
  const pipe = dog.stdin;
  // Without a handle of its own in the event loop, it does not keep us alive. Writing goes on working.
  (pipe as unknown as { unref(): void }).unref();
  // The watchdog died before us: nothing can be told it any more, and nothing depends on it but a kill -9.
  pipe.on("error", () => {});
  const tell = (line: string): void => {
    if (pipe.writable) pipe.write(`${line}\n`);
  };
  const onChild = (message: unknown): void => {
    const { process: child } = message as { readonly process: ChildProcess };
    // Node publishes before it spawns (measured on 24.21); the pid is there once spawn() has returned.
    process.nextTick(() => {
      const { pid } = child;
      if (pid === undefined || child.exitCode !== null) return;
      tell(`+${pid}`);
      child.once("exit", () => tell(`x${pid}`));
    });
  };
  subscribe("child_process", onChild);
  const exited = new Promise<void>((done) => dog.once("exit", () => done()));
  return {
    add: (pid) => tell(`+${pid}`),
    remove: (pid) => tell(`-${pid}`),
    close: async () => {
      unsubscribe("child_process", onChild);
      dog.ref();
      pipe.end();
      await exited;
    },
  };
}
