/** The node emulation: runs all functions of an app in one thread. */
import type { LoadedFunction, LogLine } from "../../model/invocation.ts";
import type { Emulator } from "../emulator.ts";
import { AppThread } from "./app-thread.ts";

/** The settings of the emulation. */
export interface NodeEmulatorOptions {
  /** Gets the output of functions, and their uncaught exceptions and unhandled rejections. */
  readonly onLog: (line: LogLine) => void;
  /** The packages of hosting.json that functions may import from node_modules. Default none. */
  readonly packages?: readonly string[];
  /** Absolute path of the folder of the app's data; without it functions have no store. */
  readonly data?: string;
  /** True starts a thread before the first request. */
  readonly startsEarly?: boolean;
}

/** Milliseconds from a response to the start of the spare thread, so that the start delays no request. */
const spareDelayMs = 20;

/** A class, since it holds the current thread, a spare one, and draining ones. */
class ThreadEmulator implements Emulator {
  readonly #onLog: NodeEmulatorOptions["onLog"];
  readonly #packages: readonly string[];
  readonly #data: string | undefined;
  readonly #all = new Set<AppThread>();
  #current: AppThread | undefined;
  #spare: AppThread | undefined;
  #closed = false;

  constructor({ onLog, packages = [], data, startsEarly = false }: NodeEmulatorOptions) {
    this.#onLog = onLog;
    this.#packages = packages;
    this.#data = data;
    if (startsEarly) this.#spare = this.#start();
  }

  async invoke(...[fn, request, to]: Parameters<Emulator["invoke"]>): ReturnType<Emulator["invoke"]> {
    for (;;) {
      const thread = this.#threadFor(fn);
      const cold = thread.hashOf(fn.id) === undefined;
      // oxlint-disable-next-line no-await-in-loop
      const result = await thread.invoke(fn, request, to);
      if (!result) continue;
      this.#startSpare();
      return { ...result, cold };
    }
  }

  retire(id: string): void {
    if (this.#current?.hashOf(id) !== undefined) this.#drain();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#all].map((thread) => thread.end()));
  }

  /** A thread without another build of the function. */
  #threadFor(fn: LoadedFunction): AppThread {
    const known = this.#current?.hashOf(fn.id);
    if (known !== undefined && known !== fn.hash) this.#drain();
    if (this.#current?.dead === false) return this.#current;
    const [spare] = [this.#spare];
    this.#spare = undefined;
    return (this.#current = spare?.dead === false ? spare : this.#start());
  }

  #drain(): void {
    if (this.#current?.dead === false) this.#current.drain();
    this.#current = undefined;
  }

  #start(): AppThread {
    const thread: AppThread = new AppThread({
      onLog: this.#onLog,
      packages: this.#packages,
      data: this.#data,
      onFault: () => {
        if (!thread.dead) thread.drain();
      },
    });
    this.#all.add(thread);
    void thread.gone.then(() => this.#all.delete(thread));
    return thread;
  }

  /** Starts the thread for the time after the next edit, since a thread starts more slowly than a function builds. */
  #startSpare(): void {
    if (this.#spare) return;
    const timer = setTimeout(() => {
      if (!this.#closed) this.#spare ??= this.#start();
    }, spareDelayMs);
    timer.unref();
  }
}

/**
 * A thread loads a function's module once; an edit of a loaded function replaces the thread, which ends after its
 * pending requests. An exit, an uncaught exception or an endless loop of a function ends only its thread.
 */
export const createNodeEmulator = (options: NodeEmulatorOptions): Emulator => new ThreadEmulator(options);
