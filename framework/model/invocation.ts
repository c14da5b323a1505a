/** One invocation of a function by an emulation: its response, and the failure that clients must not see. */
import type { Need } from "./need.ts";
import type { HttpResponse } from "./http-message.ts";

/** An error as the function saw it; stack lines point into the bundle until they are mapped. */
export interface Failure {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** The response of a function and its failure. */
export interface Invocation {
  readonly response: HttpResponse;
  /** True when an environment was started for it. */
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

/** The functions that an emulation can run; a function is built when it is first loaded. */
export interface FunctionSource {
  /**
   * The function's current build, the same promise until its sources change. Rejects with UserError on build errors.
   */
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
  /** What it needs of the cloud, where a build says so; absent without any. */
  readonly needs?: readonly Need[];
  /** MB and seconds. */
  readonly memory: number;
  readonly timeout: number;
  /** Development only: what each of the app's own files imports as it loads, by paths relative to the app's root. */
  readonly imports?: ReadonlyMap<string, readonly string[]>;
  /** The declared env and secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Variables that the cloud itself sets: the credentials of its role, the addresses of local services. */
  readonly cloudEnv?: Readonly<Record<string, string>>;
  /** As Lambda names it, module and export: `index.handler`. Default the export `handler` of `main`. */
  readonly handler?: string;
  /** Lambda's log format for console; without it lines stay as printed. A level is possible only with JSON. */
  readonly logFormat?: "Text" | "JSON";
  readonly logLevel?: string;
  /** The cloud's log: the group that the function sees, and a writer for every line, Lambda's own included. */
  readonly log?: { readonly group: string; write(stream: string, text: string): void };
}
