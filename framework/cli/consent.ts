/** Asks before something that cannot be taken back: a question in, nothing out; a UserError where the answer is no or nobody can be asked. */
import { createInterface } from "node:readline/promises";
import { UserError } from "../model/user-error.ts";
import type { CommandInput } from "./command.ts";

const isTerminal = (): boolean => process.stdin.isTTY && process.stdout.isTTY;

/** `--yes` answers for the user. Throws UserError NOT_AGREED, or CONSENT_NEEDED where there is no terminal. */
export async function agree({ flags, reporter }: CommandInput, question: string): Promise<void> {
  if (flags["yes"] === true) return;
  requireTerminal(reporter.json, "--yes");
  const answer = await ask(`${question} [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new UserError("NOT_AGREED", "nothing was changed", "answer y, or give --yes");
}

/** For a protected stage: its name has to be typed; `--yes` is not enough, `--confirm NAME` is. */
export async function agreeByName({ flags, reporter }: CommandInput, name: string): Promise<void> {
  const typed = flags["confirm"];
  if (typed === name) return;
  if (typed !== undefined) throw notTheName(name);
  requireTerminal(reporter.json, `--confirm ${name}`);
  if ((await ask(`Type the stage's name to go on (${name}): `)).trim() !== name) throw notTheName(name);
}

function requireTerminal(json: boolean, flag: string): void {
  if (!json && isTerminal()) return;
  throw new UserError(
    "CONSENT_NEEDED",
    "this needs a yes, and there is no terminal to ask at",
    `look at what is printed above, then give ${flag}`,
  );
}

const notTheName = (name: string): UserError =>
  new UserError("NOT_AGREED", `that is not the name of the stage; nothing was changed`, `give --confirm ${name}`);

async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await terminal.question(question);
  } finally {
    terminal.close();
  }
}
