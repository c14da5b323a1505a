/** The CLI as a function: the words after `portico` in, an exit code out. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Command as Parser, CommanderError, Command as Commander, Option } from "commander";
import { UserError } from "../model/user-error.ts";
import type { Ahead } from "./ahead.ts";
import type { Command, CommandInput } from "./command.ts";
import { commands } from "./commands.ts";
import { Reporter } from "./reporter.ts";

/** The version in the package.json nearest above this file. */
export function packageVersion(): string {
  const read = (up: string): string => readFileSync(new URL(`${up}package.json`, import.meta.url), "utf8");
  return (JSON.parse(read("../../")) as { version: string }).version;
}

function untilStopped(): Promise<void> {
  return new Promise((stop) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => stop());
  });
}

/**
 * Runs one command and gives its exit code: 0 done, 1 failed, 2 where a command says so. Never throws, never exits.
 * @param ahead what `dev` will need and has begun
 */
export async function main(argv: readonly string[], ahead?: Ahead): Promise<number> {
  const reporter = new Reporter({ json: argv.includes("--json"), verbose: argv.includes("--verbose") || argv.includes("-v") });
  let code = 0;
  try {
    const given = { reporter, untilStopped, ...(ahead && { ahead }) };
    const program = createProgram(given, asked(argv), (exit) => {
      code = exit;
    });
    await program.parseAsync(argv.length ? [...argv] : ["--help"], { from: "user" });
    return code;
  } catch (error) {
    // Its exit code is process.exitCode, which is 1 until a command is done.
    if (error instanceof CommanderError && (error.exitCode === 0 || error.code === "commander.help")) return 0;
    reporter.error(error instanceof CommanderError ? usageError(error) : error);
    return 1;
  } finally {
    await ahead?.standby?.close();
    reporter.flush();
  }
}

function usageError(error: CommanderError): UserError {
  const text = error.message.replace(/^error: /, "").replace(/\n?\(Did you mean .*\)$/s, "");
  const meant = /\(Did you mean (.*?)\?\)/.exec(error.message)?.[1];
  const fix = meant ? `did you mean ${meant}?` : "see portico --help";
  return new UserError(error.code === "commander.unknownCommand" ? "UNKNOWN_COMMAND" : "USAGE", text, fix, { cause: error });
}

/** The one command that the first word names: to describe all to the parser takes longer than to parse. Else all, for help and for "did you mean". */
function asked([word]: readonly string[]): readonly Command[] {
  const named = commands.filter(({ name, alias }) => word === name || (alias !== undefined && word === alias));
  return named.length > 0 ? named : commands;
}

type Given = Omit<CommandInput, "cwd" | "args" | "flags">;

function createProgram(given: Given, known: readonly Command[], done: (code: number) => void): Parser {
  const program = new Commander("portico")
    .description("Write Request → Response route files; run and release them as functions.")
    .version(packageVersion(), "-V, --version")
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: (text) => given.reporter.text(text) });
  for (const command of known) addCommand(program, command, given, done);
  return program;
}

function addCommand(program: Parser, command: Command, given: Given, done: (code: number) => void): void {
  const parser = program.command(command.name).summary(command.summary).description(command.summary);
  if (command.alias) parser.alias(command.alias);
  for (const { name, summary } of command.args) parser.argument(name, summary);
  for (const { flags, summary, repeats } of command.flags) {
    const option = new Option(flags, summary);
    parser.addOption(repeats ? option.argParser((value: string, before: readonly string[] = []) => [...before, value]) : option);
  }
  parser
    .option("--cwd <dir>", "run as if started there")
    .option("--json", "print JSON lines for machines")
    .option("-v, --verbose", "say more")
    .action(async () => {
      const flags = parser.opts<Record<string, string | boolean | readonly string[]>>();
      const cwd = resolve(typeof flags["cwd"] === "string" ? flags["cwd"] : ".");
      const run = await command.load();
      done(await run({ ...given, cwd, args: parser.processedArgs as CommandInput["args"], flags }));
    });
}
