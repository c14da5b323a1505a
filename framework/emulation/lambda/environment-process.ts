/** The process of one execution environment, in a process group of its own, which can be frozen and killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** How to start it. */
export interface ProcessOptions {
  readonly execPath: string;
  /** Node's arguments, including the script. */
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
/** Milliseconds that a process outside of the group may keep the pipes open after the exit. */
const drainMs = 500;

/**
 * Only "\n" ends a line: Lambda's text format writes line breaks inside an entry as "\r", which node:readline would
 * take as an end too.
 */
function readLines(stream: Readable, onLine: (text: string) => void): void {
  let rest = "";
  const decoder = new StringDecoder("utf8");
  stream.on("data", (part: Buffer) => {
    const lines = (rest + decoder.write(part)).split("\n");
    rest = lines.pop()!;
    for (const line of lines) onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
  });
  stream.on("end", () => {
    rest += decoder.end();
    if (rest !== "") onLine(rest);
  });
}

/** A class, since it is held open. */
export class EnvironmentProcess {
  /** Its descriptor 3, the failure reports. */
  readonly reports: Readable;
  /** Its descriptor 4, from which a spare process reads its variables and folder. */
  readonly task: Writable;
  /** Resolves once it has exited with its group and all its output is read. */
  readonly exited: Promise<Exit>;
  readonly #process: ChildProcess;
  #frozen = false;
  #gone = false;

  constructor(options: ProcessOptions) {
    const child = spawn(options.execPath, [...options.args], {
      cwd: options.directory,
      env: { ...options.variables },
      detached: !windows,
      stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"],
      windowsHide: true,
    });
    this.#process = child;
    this.reports = child.stdio[3] as Readable;
    this.task = child.stdio[4] as Writable;
    // It may exit before it reads.
    this.task.on("error", () => {});
    for (const stream of ["stdout", "stderr"] as const)
      readLines(child[stream]!, (text) => options.onLine(stream, text));
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
    // The program or the folder does not exist.
    child.on("error", (error) => {
      options.onLine("stderr", String(error));
      if (child.pid === undefined) ended.resolve({ code: 127, signal: null });
    });
  }

  /** Stops the process group, as Lambda freezes an environment between events. Windows has no such signal. */
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

  /** Kills the process group, frozen or not. */
  async kill(): Promise<void> {
    this.#signal("SIGKILL");
    await this.exited;
  }

  /** Anonymous resident memory in MB; undefined without /proc. */
  memory(): number | undefined {
    try {
      const [, kilobytes] =
        /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${this.#process.pid}/status`, "utf8")) ?? [];
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
      // The group has ended already; macOS reports EPERM while its leader is a zombie.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ESRCH" && code !== "EPERM") throw error;
    }
  }
}
