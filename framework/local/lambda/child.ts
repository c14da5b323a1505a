/** One environment's process: what to run and its variables in; a process in a group of its own out, its lines, its end, its memory. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Duplex, Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** How to start it. */
export interface ChildOptions {
  readonly execPath: string;
  /** Node's arguments, the script among them. */
  readonly args: readonly string[];
  readonly directory: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly onLine: (stream: "stdout" | "stderr", text: string) => void;
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const windows = process.platform === "win32";
/** Milliseconds that pipes may stay open after the exit, held by a process that left the group. */
const drainMs = 500;

/** Only "\n" ends a line: Lambda's text format writes the line breaks inside an entry as "\r", which node:readline takes as an end, too. */
function readLines(stream: Readable, onLine: (text: string) => void, onBytes: (bytes: number) => void): void {
  let rest = "";
  const decoder = new StringDecoder("utf8");
  stream.on("data", (part: Buffer) => {
    onBytes(part.length);
    const lines = (rest + decoder.write(part)).split("\n");
    rest = lines.pop()!;
    for (const line of lines) onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
  });
  stream.on("end", () => {
    rest += decoder.end();
    if (rest !== "") onLine(rest);
  });
}

/** A process that can be frozen. A class, since it is held open. */
export class Child {
  /** What it writes to descriptor 3. */
  readonly reports: Readable;
  /** Its descriptor 4, both ways. */
  readonly events: Duplex;
  /** Resolves once it has exited and everything it wrote is read; its group is gone, too. */
  readonly exited: Promise<Exit>;
  readonly #process: ChildProcess;
  #printed = 0;
  #frozen = false;
  #gone = false;

  constructor(options: ChildOptions) {
    const child = spawn(options.execPath, [...options.args], {
      cwd: options.directory,
      env: { ...options.variables },
      detached: !windows,
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
      windowsHide: true,
    });
    this.#process = child;
    this.reports = child.stdio[3] as Readable;
    this.events = child.stdio[4] as Duplex;
    for (const stream of ["stdout", "stderr"] as const) {
      readLines(
        child[stream]!,
        (text) => options.onLine(stream, text),
        (bytes) => (this.#printed += bytes),
      );
    }
    const ended = Promise.withResolvers<Exit>();
    this.exited = ended.promise;
    child.on("exit", () => {
      this.#signal("SIGKILL");
      this.#gone = true;
      setTimeout(() => {
        for (const pipe of child.stdio) pipe?.destroy();
      }, drainMs).unref();
    });
    child.on("close", (code, signal) => ended.resolve({ code, signal }));
    // No such program, no such folder: it never ran.
    child.on("error", (error) => {
      options.onLine("stderr", String(error));
      if (child.pid === undefined) ended.resolve({ code: 127, signal: null });
    });
  }

  /** Bytes of its output that are read so far. */
  get printed(): number {
    return this.#printed;
  }

  /** Stops the whole group, as Lambda freezes an environment between events. Windows has no such signal. */
  freeze(): void {
    if (windows || this.#frozen) return;
    this.#frozen = true;
    this.#signal("SIGSTOP");
  }

  thaw(): void {
    if (!this.#frozen) return;
    this.#frozen = false;
    this.#signal("SIGCONT");
  }

  /** Kills the whole group, frozen or not. */
  async kill(): Promise<void> {
    this.#signal("SIGKILL");
    await this.exited;
  }

  /** Resident memory of its own (without mapped files), MB; undefined where /proc is missing. */
  memory(): number | undefined {
    try {
      const [, kilobytes] = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.#process.pid}/status`, "utf8")) ?? [];
      return kilobytes === undefined ? undefined : Number(kilobytes) / 1024;
    } catch {
      return undefined;
    }
  }

  #signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
    const { pid } = this.#process;
    if (pid === undefined || this.#gone) return;
    if (windows) {
      this.#process.kill(signal);
      return;
    }
    try {
      process.kill(-pid, signal);
    } catch (error) {
      // The group is gone already; macOS says EPERM while its leader is a zombie.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ESRCH" && code !== "EPERM") throw error;
    }
  }
}
