/** The command line interface as a function: parses the arguments after `portico` and runs the command. */
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { type Command as Parser, CommanderError, Command as Commander, Option } from "commander";
import { ownVersion } from "../config/own-version.ts";
import { UserError } from "../model/user-error.ts";
import type { Command, CommandInput, Flag } from "./command.ts";
import { commands } from "./commands.ts";
import { bypassProxyLocally } from "./proxy.ts";
import { Reporter } from "./reporter.ts";
import { untilStopped } from "./stop-signals.ts";

/** Runs one command and gives its exit code: 0 done, 1 failed, 2 where a command says so. Never throws, never exits. */
export async function main(argv: readonly string[]): Promise<number> {
  bypassProxyLocally();
  const reporter = new Reporter({
    json: argv.includes("--json"),
    verbose: argv.includes("--verbose") || argv.includes("-v"),
  });
  let code = 0;
  try {
    const program = createProgram({ reporter, untilStopped }, relevantCommands(argv), (exit) => {
      code = exit;
    });
    await program.parseAsync(argv.length ? [...argv] : ["--help"], { from: "user" });
    return code;
  } catch (error) {
    // The exit code of a CommanderError comes from process.exitCode, which is 1 until a command is done.
    if (error instanceof CommanderError && (error.exitCode === 0 || error.code === "commander.help")) return 0;
    reporter.error(error instanceof CommanderError ? usageError(error, argv) : error);
    return 1;
  } finally {
    reporter.flush();
  }
}

function usageError(error: CommanderError, [first]: readonly string[]): UserError {
  const text = error.message.replace(/^error: /, "").replace(/\n?\(Did you mean .*\)$/s, "");
  const suggestion = /\(Did you mean (.*?)\?\)/.exec(error.message)?.[1];
  const [command] = namedBy(first);
  const help = command ? `Run portico ${command.name} --help` : "Run portico --help";
  const [, flag] = /unknown option '(--[\w-]+)(?:=.*)?'/.exec(text) ?? [];
  // What another command has is not misspelt.
  if (command && flag !== undefined && commands.some(({ flags }) => flags.some((one) => longName(one) === flag)))
    return new UserError("USAGE", `portico ${command.name} has no ${flag}`, help, { cause: error });
  const fix = suggestion ? `Did you mean ${suggestion}?` : help;
  return new UserError(error.code === "commander.unknownCommand" ? "UNKNOWN_COMMAND" : "USAGE", text, fix, {
    cause: error,
  });
}

const longName = ({ flags }: Flag): string | undefined => /--[\w-]+/.exec(flags)?.[0];

/**
 * The command that the first argument names, since describing all commands to the parser takes longer than parsing.
 * All commands otherwise, for help and for "did you mean".
 */
function relevantCommands([first]: readonly string[]): readonly Command[] {
  const matching = namedBy(first);
  return matching.length > 0 ? matching : commands;
}

const namedBy = (word: string | undefined): readonly Command[] =>
  commands.filter(({ name, alias }) => word === name || (alias !== undefined && word === alias));

/**
 * Functions, workerd and esbuild write temporary files, and would each fail with an error of their own. Throws
 * UserError NO_TMPDIR.
 */
function checkTemporaryFolder(): void {
  const folder = tmpdir();
  if (existsSync(folder)) return;
  const variable = ["TMPDIR", "TMP", "TEMP"].find((name) => process.env[name]);
  throw new UserError(
    "NO_TMPDIR",
    `there is no folder for temporary files: ${folder}${variable ? `, which ${variable} names` : ""}`,
    variable ? `Run mkdir -p ${folder}, or unset ${variable}` : `Run mkdir -p ${folder}`,
  );
}

type Services = Omit<CommandInput, "cwd" | "args" | "flags">;

function createProgram(services: Services, known: readonly Command[], done: (code: number) => void): Parser {
  const program = new Commander("portico")
    .description("Write Request → Response route files; run and release them as functions.")
    .version(ownVersion(), "-V, --version")
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: (text) => services.reporter.text(text) });
  for (const command of known) addCommand(program, command, services, done);
  return program;
}

function addCommand(program: Parser, command: Command, services: Services, done: (code: number) => void): void {
  const parser = program.command(command.name).summary(command.summary).description(command.summary);
  if (command.alias) parser.alias(command.alias);
  for (const { name, summary } of command.args) parser.argument(name, summary);
  for (const { flags, summary, repeats } of command.flags) {
    const option = new Option(flags, summary);
    parser.addOption(
      repeats ? option.argParser((value: string, before: readonly string[] = []) => [...before, value]) : option,
    );
  }
  parser
    .option("--cwd <dir>", "run as if started there")
    .option("--json", "print JSON lines for machines")
    .option("-v, --verbose", "print more details")
    .action(async () => {
      const flags = parser.opts<Record<string, string | boolean | readonly string[]>>();
      const cwd = resolve(typeof flags["cwd"] === "string" ? flags["cwd"] : ".");
      checkTemporaryFolder();
      const run = await command.load();
      done(await run({ ...services, cwd, args: parser.processedArgs as CommandInput["args"], flags }));
    });
}
