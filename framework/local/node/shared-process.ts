/** The process that functions share with the command line in the node emulation: what they print and throw astray out, as log lines of their own. */
import { AsyncLocalStorage } from "node:async_hooks";
import { Console } from "node:console";
import { Writable } from "node:stream";
import type { LogLine } from "../../model/invocation.ts";

interface Caller {
  readonly id: string;
  readonly onLog: (line: LogLine) => void;
}

/** Whose code runs, across awaits and timers. One for the process, as what is replaced below is. */
const callers = new AsyncLocalStorage<Caller>();

type Log = (stream: LogLine["stream"], text: string) => void;

/** Held open: `console`, the standard streams and `process.exit` are others meanwhile. */
export interface SharedProcess {
  /** Everything that happens in `work`, later too, is told as of this function. */
  run<T>(id: string, work: () => T): T;
  /** Puts everything back. */
  release(): void;
}

/**
 * A function's output would mix with ours (JSON lines, for one), its stray throws and its `process.exit` would end `portico dev`.
 * What nobody can be found for is told as of "node".
 */
export function shareProcess(onLog: Caller["onLog"]): SharedProcess {
  const log: Log = (stream, text) => {
    const caller = callers.getStore() ?? { id: "node", onLog };
    // Who prints the line must not be taken for the function.
    callers.exit(() => caller.onLog({ function: caller.id, stream, text: text.replace(/\n$/, "") }));
  };
  const undo = [replaceConsole(log), captureWrites("stdout", log), captureWrites("stderr", log), refuseExit(), logStrays(log)];
  return {
    run: (id, work) => callers.run({ id, onLog }, work),
    release: () => undo.toReversed().forEach((put) => put()),
  };
}

/** Whole messages, as one call prints them. */
function replaceConsole(log: Log): () => void {
  const before = globalThis.console;
  const into = (stream: LogLine["stream"]): Writable =>
    new Writable({
      decodeStrings: false,
      write: (chunk: string, _encoding, done) => {
        log(stream, chunk);
        done();
      },
    });
  globalThis.console = new Console({ stdout: into("stdout"), stderr: into("stderr") });
  return () => {
    globalThis.console = before;
  };
}

/** Only what a function writes; everybody else's goes its way. */
function captureWrites(name: LogLine["stream"], log: Log): () => void {
  const stream = process[name];
  const before = stream.write;
  const write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
    if (!callers.getStore()) return Reflect.apply(before, stream, [chunk, ...rest]) as boolean;
    log(name, Buffer.from(chunk as Uint8Array).toString());
    const done = rest.find((argument) => typeof argument === "function");
    if (done) process.nextTick(done);
    return true;
  };
  stream.write = write;
  return () => {
    stream.write = before;
  };
}

/** A function that ends the process ends its own call only; in production it would end the server. */
function refuseExit(): () => void {
  const { exit } = process;
  const refuse = (code?: number): never => {
    if (!callers.getStore()) return exit(code);
    throw new Error(`a function asked the process to exit (code ${code ?? 0}), which would end portico start`);
  };
  Object.assign(process, { exit: refuse });
  return () => void Object.assign(process, { exit });
}

/** Throws in timers and rejections that nobody awaits. */
function logStrays(log: Log): () => void {
  const onRejection = (error: unknown): void => log("stderr", `unhandled rejection: ${describe(error)}`);
  const onException = (error: unknown): void => log("stderr", `uncaught exception, which would end portico start: ${describe(error)}`);
  process.on("unhandledRejection", onRejection);
  process.on("uncaughtException", onException);
  return () => {
    process.off("unhandledRejection", onRejection);
    process.off("uncaughtException", onException);
  };
}

const describe = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error));
