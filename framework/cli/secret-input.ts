/** Reads the secrets that the user sets, from NAME=VALUE arguments, a .env file or standard input, and checks them. */
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { parseEnv } from "node:util";
import { sessionKeyTooShort, shortSessionKey } from "../config/env.ts";
import { lambdaVariables } from "../model/reserved-variables.ts";
import { processVariables } from "../model/reserved-variables.ts";
import type { Target } from "../model/target.ts";
import { UserError } from "../model/user-error.ts";
import type { CommandInput } from "./command.ts";
import { textFlag } from "./flags.ts";

/**
 * Bytes of one value: of a standard parameter of SSM, of a variable of a Worker.
 * https://docs.aws.amazon.com/general/latest/gr/ssm.html
 * https://developers.cloudflare.com/workers/platform/limits/
 */
const limits = { lambda: 4096, workers: 5120 } as const;

/**
 * Values by name. Throws UserError USAGE, SECRET_NAME, SECRET_EMPTY, SECRET_SIZE, SECRET_FILE.
 * @param args NAME, whose value comes from standard input, or NAME=VALUE @param targets that store the secrets
 */
export async function readSecrets(
  args: readonly string[],
  input: Pick<CommandInput, "flags">,
  targets: readonly Exclude<Target, "node">[],
): Promise<ReadonlyMap<string, string>> {
  const from = textFlag(input, "from");
  const values = new Map(from === undefined ? [] : await readEnvFile(from));
  const stage = textFlag(input, "stage") ?? "NAME";
  const names = new Set<string>();
  for (const arg of args) {
    const equals = arg.indexOf("=");
    const name = equals < 0 ? arg : arg.slice(0, equals);
    if (names.has(name)) throw new UserError("USAGE", `${name} is given twice`, "Give each secret once.");
    names.add(name);
    values.set(name, equals < 0 ? await readStandardInput(name, stage) : arg.slice(equals + 1));
  }
  if (!values.size)
    throw new UserError(
      "USAGE",
      "no secret is named",
      `Run portico secret set KEY=VALUE --stage ${stage}, or give --from .env.prod in place of KEY=VALUE.`,
    );
  for (const [name, value] of values) {
    check(name, value, targets);
    const shortest = shortSessionKey(name, value);
    const fix = `Run portico secret set SESSION_KEYS="$(openssl rand -hex 32)" --stage ${stage}`;
    if (shortest !== undefined) throw sessionKeyTooShort(shortest, fix);
  }
  return values;
}

function check(name: string, value: string, targets: readonly Exclude<Target, "node">[]): void {
  const refuse = (reason: string, fix: string): never => {
    throw new UserError("SECRET_NAME", `"${name}" cannot be a secret's name${reason}`, fix);
  };
  if (!/^[A-Za-z][A-Za-z0-9_]+$/.test(name))
    refuse("", "Use two or more letters, digits and _, beginning with a letter.");
  if (targets.includes("lambda") && lambdaVariables.has(name)) refuse(": Lambda sets it itself", "Use another name.");
  if (new RegExp(processVariables).test(name)) refuse(": it controls the process itself", "Use another name.");
  if (value === "") throw new UserError("SECRET_EMPTY", `${name} would be empty`, `Give a value: ${name}=VALUE`);
  const limit = Math.min(...targets.map((target) => limits[target]));
  const bytes = Buffer.byteLength(value);
  if (bytes <= limit) return;
  throw new UserError(
    "SECRET_SIZE",
    `${name} has ${bytes} bytes, and a secret has ${limit} at most`,
    "Shorten it, or split it into two.",
  );
}

async function readEnvFile(file: string): Promise<readonly (readonly [string, string])[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new UserError("SECRET_FILE", "the file of secrets cannot be read", "Give --from the path of a .env file.", {
      at: { file },
      cause,
    });
  }
  checkLines(text, file);
  return Object.entries(parseEnv(text)).map(([name, value = ""]) => [name, value]);
}

/** parseEnv ignores invalid lines, so that a secret would be missing without an error. */
function checkLines(text: string, file: string): void {
  // Quoted values are emptied, since they may have several lines. The number of lines stays.
  const bare = text.replace(/=[ \t]*(["'`])[^]*?\1/g, (quoted) => `=${quoted.replace(/[^\n]/g, "")}`);
  for (const [index, line] of bare.split("\n").entries()) {
    if (/^\s*(?:#.*|(?:export\s+)?[^\s=#]+\s*=.*)?\s*$/.test(line)) continue;
    throw new UserError("SECRET_FILE", "this line is no NAME=VALUE", "Write NAME=VALUE, or # before a comment.", {
      at: { file, line: index + 1 },
    });
  }
}

async function readStandardInput(name: string, stage: string): Promise<string> {
  if (process.stdin.isTTY)
    throw new UserError(
      "SECRET_EMPTY",
      `${name} has no value`,
      `Run printf %s VALUE | portico secret set ${name} --stage ${stage}`,
    );
  return (await buffer(process.stdin)).toString("utf8").replace(/\r?\n$/, "");
}
