/** One call of one function by an emulation: what came back, and what the client must not see. */
import type { WireResponse } from "./wire.ts";

/** An error as the function saw it; stack lines point into the bundle until they are mapped. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** What a call of a function gave. */
export interface Invocation {
  readonly response: WireResponse;
  /** True when an environment had to be started for it. */
  readonly cold: boolean;
  /** Set when the function threw, at init or in a handler; the development gateway shows it, nothing else does. */
  readonly failure?: Failure;
}

/** A line that a function printed. */
export interface LogLine {
  readonly function: string;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
  /** True for what the cloud's platform writes, such as Lambda's REPORT, not the function. */
  readonly platform?: boolean;
}

/** The functions that an emulation can run; the build stands behind it. Reading is lazy: nothing is built until it is called. */
export interface FunctionSource {
  /** The function's current build. Rejects with UserError when it does not build; the same promise until its sources change. */
  load(id: string): Promise<LoadedFunction>;
}

/** A function that is ready to run. */
export interface LoadedFunction {
  readonly id: string;
  /** Changes whenever the code or its env does; an environment of another hash is retired. */
  readonly hash: string;
  /** Absolute path of its folder and, in it, its module: `index.mjs`, its map beside it. */
  readonly directory: string;
  readonly main: string;
  /** MB and seconds. */
  readonly memory: number;
  readonly timeout: number;
  /** The declared env and secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** As Lambda names it, module and export: `index.handler`. Default the export `handler` of `main`. */
  readonly handler?: string;
  /** How Lambda writes what console prints; without it lines are as the function printed them. A level only goes with JSON. */
  readonly logFormat?: "Text" | "JSON";
  readonly logLevel?: string;
  /** The cloud's own log: the group's name for the function to see, and a taker of every line, Lambda's own too, by stream. */
  readonly log?: { readonly group: string; write(stream: string, text: string): void };
}
