/** Questions to the user at the terminal: confirmations before changes that cannot be undone, and choices. */
import { createInterface } from "node:readline/promises";
import { UserError } from "../model/user-error.ts";
import type { CommandInput } from "./command.ts";

const isTerminal = (): boolean => process.stdin.isTTY && process.stdout.isTTY;

type Asker = Pick<CommandInput, "flags" | "reporter">;

/** Asks for a yes, which `--yes` gives. Throws UserError NOT_AGREED, or CONSENT_NEEDED without a terminal. */
export async function confirm({ flags, reporter }: Asker, question: string): Promise<void> {
  if (flags["yes"] === true) return;
  requireTerminal(reporter.json, question, "--yes");
  const answer = await ask(`${question} [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new UserError("NOT_AGREED", "nothing was changed", "Run the command again and answer y, or add --yes");
}

/** Asks for the name of a protected stage, which `--confirm NAME` gives and `--yes` does not. */
export async function confirmByName({ flags, reporter }: Asker, name: string): Promise<void> {
  const typed = flags["confirm"];
  if (typed === name) return;
  if (typed !== undefined) throw wrongName(name);
  const question = `Type the stage's name to go on (${name}):`;
  requireTerminal(reporter.json, question, `--confirm ${name}`);
  if ((await ask(`${question} `)).trim() !== name) throw wrongName(name);
}

/** Asks for one of several names; undefined for any other answer, and without a terminal. */
export async function choose<T extends string>(
  question: string,
  names: readonly T[],
  { json }: { readonly json: boolean },
): Promise<T | undefined> {
  if (json || !isTerminal()) return undefined;
  const answer = (await ask(`${question} `)).trim();
  return names.find((name) => name === answer);
}

function requireTerminal(json: boolean, question: string, flag: string): void {
  if (!json && isTerminal()) return;
  throw new UserError(
    "CONSENT_NEEDED",
    `there is no terminal to ask at: "${question}"`,
    `Run the command again with ${flag} to agree`,
  );
}

const wrongName = (name: string): UserError =>
  new UserError("NOT_AGREED", "that is not the stage's name; nothing was changed", `Add --confirm ${name}`);

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}
