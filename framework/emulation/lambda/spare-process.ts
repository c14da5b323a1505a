/**
 * A spare Node process, started before the environment that will need it, so that a new build starts without waiting.
 */
import { rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { LoadedFunction, LogLine } from "../../model/invocation.ts";
import { EnvironmentProcess } from "./environment-process.ts";
import { nodeArguments } from "./node-arguments.ts";
import { RuntimeApi } from "./runtime-api.ts";
import { makeTemporaryFolder } from "./temporary-folder.ts";
import { inheritedVariables } from "./environment-variables.ts";

/** The path of our own runtime client. */
export const bootstrap: string = fileURLToPath(new URL("./bootstrap.mjs", import.meta.url));

/** The settings of a function that decide Node's arguments. */
export type ProcessSettings = Pick<LoadedFunction, "memory" | "directory">;

/** A started process that waits for its function. */
export interface StartedProcess {
  readonly process: EnvironmentProcess;
  readonly temporary: string;
  /** It is connected to this already. */
  readonly api: Promise<RuntimeApi>;
  /** Makes it the environment of this function; its lines go to `onLine` from now on. */
  assign(
    fn: LoadedFunction,
    variables: Readonly<Record<string, string>>,
    onLine: (stream: LogLine["stream"], text: string) => void,
  ): void;
}

/** Variables that Node or its libraries read at the start. */
const isReadAtStart = (name: string): boolean =>
  /^(?:NODE_|UV_|LD_|DYLD_|MALLOC_|OPENSSL_|SSL_|ICU_|TZ$|LANG$|LC_)/.test(name);

/** Holds at most one process. A class, since it is held open. */
export class SpareProcess {
  readonly #execPath: string;
  #ready: (StartedProcess & { readonly arguments: string }) | undefined;
  readonly #ending = new Set<Promise<void>>();
  #closed = false;

  constructor(execPath: string) {
    this.#execPath = execPath;
  }

  /** Starts a process for functions with these settings, unless one waits. */
  start(settings: ProcessSettings): void {
    if (this.#closed || this.#ready?.arguments === this.#argumentsFor(settings, this.#ready?.temporary ?? "")) return;
    this.#discard();
    const temporary = makeTemporaryFolder();
    let print: (stream: LogLine["stream"], text: string) => void = () => {};
    const child = new EnvironmentProcess({
      execPath: this.#execPath,
      args: [...nodeArguments(settings, temporary, this.#execPath), bootstrap],
      directory: temporary,
      variables: { ...inheritedVariables(temporary), PORTICO_SPARE: "1" },
      onLine: (stream, text) => print(stream, text),
    });
    const api = RuntimeApi.open();
    // Once its address is written, bootstrap.mjs connects; the function follows in `assign`.
    api.then(
      ({ address }) => child.task.write(`${address}\n`),
      () => this.#ready === ready && this.#discard(),
    );
    const ready = {
      process: child,
      temporary,
      api,
      arguments: this.#argumentsFor(settings, temporary),
      assign: (fn: LoadedFunction, variables: Readonly<Record<string, string>>, onLine: typeof print): void => {
        print = onLine;
        child.task.end(JSON.stringify({ variables, directory: fn.directory }));
      },
    };
    this.#ready = ready;
    // One that ended by itself is discarded.
    void child.exited.then(() => this.#ready === ready && this.#discard());
  }

  /** The waiting process, if its arguments are this function's. */
  take(fn: LoadedFunction): StartedProcess | undefined {
    const ready = this.#ready;
    if (
      !ready ||
      ready.arguments !== this.#argumentsFor(fn, ready.temporary) ||
      Object.keys(fn.env).some(isReadAtStart)
    )
      return undefined;
    this.#ready = undefined;
    return ready;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#discard();
    await Promise.all(this.#ending);
  }

  #argumentsFor(settings: ProcessSettings, temporary: string): string {
    return nodeArguments(settings, temporary, this.#execPath).join(" ");
  }

  #discard(): void {
    const ready = this.#ready;
    if (!ready) return;
    this.#ready = undefined;
    const end = ready.process
      .kill()
      .then(async () => (await ready.api).close())
      .catch(() => undefined)
      .then(() => rm(ready.temporary, { recursive: true, force: true }))
      .finally(() => this.#ending.delete(end));
    this.#ending.add(end);
  }
}
