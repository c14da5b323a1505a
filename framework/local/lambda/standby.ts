/** A process that is started ahead of the environment that will need it: what functions will be like in, the process for one of them out. */
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { LoadedFunction, LogLine } from "../../model/invocation.ts";
import { Child } from "./child.ts";
import { nodeArguments } from "./node-arguments.ts";
import { makeTemporaryFolder } from "./temporary-folder.ts";
import { inheritedVariables } from "./variables.ts";

/** Our own runtime client. */
export const bootstrap: string = fileURLToPath(new URL("./bootstrap.mjs", import.meta.url));

/** What decides how Node is started. */
export type Likeness = Pick<LoadedFunction, "memory" | "directory">;

/** A process that waits to be told which function it is for. */
export interface Prepared {
  readonly child: Child;
  readonly temporary: string;
  /** Begins it as this function's environment; its lines go to `onLine` from now on. */
  begin(fn: LoadedFunction, variables: Readonly<Record<string, string>>, onLine: (stream: LogLine["stream"], text: string) => void): void;
}

/** Node or what it links reads these when it starts. */
const isReadAtStart = (name: string): boolean => /^(?:NODE_|UV_|LD_|DYLD_|MALLOC_|OPENSSL_|SSL_|ICU_|TZ$|LANG$|LC_)/.test(name);

/** One process at most. A class, since it is held open. */
export class Standby {
  readonly #execPath: string;
  #ready: (Prepared & { readonly words: string }) | undefined;
  readonly #ending = new Set<Promise<void>>();
  #closed = false;

  constructor(execPath: string) {
    this.#execPath = execPath;
  }

  /** Starts one for functions like this, unless one waits. */
  prepare(like: Likeness): void {
    if (this.#closed || this.#ready?.words === this.#words(like, this.#ready?.temporary ?? "")) return;
    this.#discard();
    const temporary = makeTemporaryFolder();
    let tell: (stream: LogLine["stream"], text: string) => void = () => {};
    const child = new Child({
      execPath: this.#execPath,
      args: [...nodeArguments(like, temporary, this.#execPath), bootstrap],
      directory: temporary,
      variables: { ...inheritedVariables(temporary), PORTICO_STANDBY: "1" },
      onLine: (stream, text) => tell(stream, text),
    });
    const ready = {
      ...{ child, temporary, words: this.#words(like, temporary) },
      begin: (fn: LoadedFunction, variables: Readonly<Record<string, string>>, onLine: typeof tell): void => {
        tell = onLine;
        const text = JSON.stringify({ variables, directory: fn.directory });
        const frame = Buffer.alloc(8 + Buffer.byteLength(text));
        frame.writeUInt32LE(frame.length - 8, 0);
        frame.write(text, 8);
        child.events.write(frame);
      },
    };
    this.#ready = ready;
    // One that ended by itself is of no use.
    void child.exited.then(() => this.#ready === ready && this.#discard());
  }

  /** The one that waits, if it is what this function needs. */
  take(fn: LoadedFunction): Prepared | undefined {
    const ready = this.#ready;
    if (!ready || ready.words !== this.#words(fn, ready.temporary) || Object.keys(fn.env).some(isReadAtStart)) return undefined;
    this.#ready = undefined;
    return ready;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#discard();
    await Promise.all(this.#ending);
  }

  #words(like: Likeness, temporary: string): string {
    return nodeArguments(like, temporary, this.#execPath).join(" ");
  }

  #discard(): void {
    const ready = this.#ready;
    if (!ready) return;
    this.#ready = undefined;
    const end = ready.child
      .kill()
      .then(() => rm(ready.temporary, { recursive: true, force: true }))
      .finally(() => this.#ending.delete(end));
    this.#ending.add(end);
  }
}
