/** The flags that several commands share, read from the command line and checked. */
import { type Target, targets } from "../model/target.ts";
import { UserError } from "../model/user-error.ts";
import type { CommandInput } from "./command.ts";

type Flags = Pick<CommandInput, "flags">;

/** A flag's text, or undefined when it was not given. */
export function textFlag({ flags }: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === "string" ? value : undefined;
}

/** A TCP port, 0-65535; 0 takes a free one. Throws UserError BAD_PORT. */
export function portFlag(input: Flags, fallback: number): number {
  const text = textFlag(input, "port");
  if (text === undefined) return fallback;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65535) return port;
  throw new UserError("BAD_PORT", `"${text}" is no port`, "Give a number from 0 (any free port) to 65535.");
}

/** A count from 1 to 999. Throws UserError with this code. */
export function countFlag(input: Flags, name: string, code: string): number | undefined {
  const text = textFlag(input, name);
  if (text === undefined) return undefined;
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw new UserError(code, `--${name} "${text}" is no count`, "Give a number from 1 to 999.");
}

/** A target's name. Throws UserError BAD_TARGET. */
export function targetFlag(input: Flags): Target | undefined {
  const text = textFlag(input, "target");
  if (text === undefined) return undefined;
  const target = targets.find((name) => name === text);
  if (target) return target;
  throw new UserError("BAD_TARGET", `"${text}" is no target`, `Give one of ${targets.join(", ")}.`);
}

/** The options of loadApp for the app in the working folder. */
export function appFlags(
  input: Pick<CommandInput, "cwd" | "flags">,
  stage: string,
): { root: string; stage: string; config?: string; target?: Target } {
  const config = textFlag(input, "config");
  const target = targetFlag(input);
  return {
    root: input.cwd,
    stage: textFlag(input, "stage") ?? stage,
    ...(config && { config }),
    ...(target && { target }),
  };
}
