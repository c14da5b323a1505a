/** What a command is: its words and flags as data, and a lazily loaded `run`; main joins them to the argument parser. */
import type { Ahead } from "./ahead.ts";
import type { Reporter } from "./reporter.ts";

/** A flag, in the form that help prints: `-p, --port <number>`. */
export interface Flag {
  readonly flags: string;
  readonly summary: string;
  /** Collects repeats into an array. */
  readonly repeats?: boolean;
}

/** What every command gets. */
export interface CommandInput {
  readonly reporter: Reporter;
  /** Absolute: where the command runs (`--cwd`). */
  readonly cwd: string;
  /** Positional arguments in order; a variadic one is an array. */
  readonly args: readonly (string | readonly string[] | undefined)[];
  /** Flags by long name in camel case, without those not given. */
  readonly flags: Readonly<Record<string, string | boolean | readonly string[]>>;
  /** What bin.js began before it loaded the command; of `dev` alone. */
  readonly ahead?: Ahead;
  /** Resolves when the user or the system asks to stop (SIGINT, SIGTERM, SIGHUP); only long-running commands call it. */
  untilStopped(): Promise<void>;
}

/** One command of the CLI. */
export interface Command {
  readonly name: string;
  readonly alias?: string;
  readonly summary: string;
  /** `[dir]`, `<path>`, `[words...]`. */
  readonly args: readonly { readonly name: string; readonly summary: string }[];
  readonly flags: readonly Flag[];
  /** Loads the code on use, so that `--version` and a typo stay quick. Gives the exit code. */
  readonly load: () => Promise<(input: CommandInput) => Promise<number>>;
}
