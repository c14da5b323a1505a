/** The type of a command: its name, arguments and flags as data, and the function that loads its code. */
import type { Reporter } from "./reporter.ts";

/** A flag, in the form that help prints: `-p, --port <number>`. */
export interface Flag {
  readonly flags: string;
  readonly summary: string;
  /** Collects repeats into an array. */
  readonly repeats?: boolean;
}

/** The parsed command line and the services of every command. */
export interface CommandInput {
  readonly reporter: Reporter;
  /** Absolute path of the folder that the command runs in (`--cwd`). */
  readonly cwd: string;
  /** Positional arguments in order; a variadic one is an array. */
  readonly args: readonly (string | readonly string[] | undefined)[];
  /** Flags by long name in camel case, without those not given. */
  readonly flags: Readonly<Record<string, string | boolean | readonly string[]>>;
  /**
   * Resolves when the user or the system asks to stop (SIGINT, SIGTERM, SIGHUP); only long-running commands call it.
   */
  untilStopped(): Promise<void>;
}

/** One command of the CLI. */
export interface Command {
  readonly name: string;
  readonly alias?: string;
  readonly summary: string;
  /** With names as `[dir]`, `<path>`, `[words...]`. */
  readonly args: readonly { readonly name: string; readonly summary: string }[];
  readonly flags: readonly Flag[];
  /** Loads the command's function, which gives the exit code. Lazy, so that `--version` and typos are answered fast. */
  readonly load: () => Promise<(input: CommandInput) => Promise<number>>;
}
