/** Secrets as a person gives them: words `NAME=VALUE`, a .env file and standard input in; checked values by name out, none of them printed. */
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { parseEnv } from "node:util";
import { lambdaVariables } from "../model/lambda-variables.ts";
import type { Target } from "../model/target.ts";
import { UserError } from "../model/user-error.ts";
import type { CommandInput } from "./command.ts";
import { textFlag } from "./flags.ts";

/** Bytes of one value: of a standard parameter of SSM, of a variable on Workers (facts/cloudflare.md section 1). */
const limits = { lambda: 4096, workers: 5120 } as const;

/** Throws UserError USAGE, SECRET_NAME, SECRET_EMPTY, SECRET_SIZE, SECRET_FILE: nothing is set then. @param targets where they are to go */
export async function readSecrets(
  words: readonly string[],
  input: CommandInput,
  targets: readonly Exclude<Target, "node">[],
): Promise<ReadonlyMap<string, string>> {
  const from = textFlag(input, "from");
  const values = new Map(from === undefined ? [] : await readEnvFile(from));
  const named = new Set<string>();
  for (const word of words) {
    const at = word.indexOf("=");
    const name = at < 0 ? word : word.slice(0, at);
    if (named.has(name)) throw new UserError("USAGE", `${name} is given twice`, "give each secret once");
    named.add(name);
    values.set(name, at < 0 ? await readStandardInput(name) : word.slice(at + 1));
  }
  if (!values.size) throw new UserError("USAGE", "no secret is named", "portico secret set NAME=VALUE, or --from .env.prod");
  for (const [name, value] of values) check(name, value, targets);
  return values;
}

function check(name: string, value: string, targets: readonly Exclude<Target, "node">[]): void {
  const refuse = (why: string, fix: string): never => {
    throw new UserError("SECRET_NAME", `"${name}" cannot be a secret's name${why}`, fix);
  };
  if (!/^[A-Za-z][A-Za-z0-9_]+$/.test(name)) refuse("", "two or more letters, digits and _, beginning with a letter");
  if (targets.includes("lambda") && lambdaVariables.has(name)) refuse(": Lambda sets it itself", "take another name");
  if (value === "") throw new UserError("SECRET_EMPTY", `${name} would be empty`, "give it a value, or remove it");
  const limit = Math.min(...targets.map((target) => limits[target]));
  const bytes = Buffer.byteLength(value);
  if (bytes <= limit) return;
  throw new UserError("SECRET_SIZE", `${name} has ${bytes} bytes, and a secret has ${limit} at most`, "shorten it, or split it into two");
}

async function readEnvFile(file: string): Promise<readonly (readonly [string, string])[]> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new UserError("SECRET_FILE", "the file of secrets cannot be read", "give --from a .env file", { at: { file }, cause });
  }
  refuseOddLine(text, file);
  return Object.entries(parseEnv(text)).map(([name, value = ""]) => [name, value]);
}

/** parseEnv passes over what it does not understand, and a secret would be missing without a word. */
function refuseOddLine(text: string, file: string): void {
  // A quoted value may have several lines; the number of lines stays.
  const bare = text.replace(/=[ \t]*(["'`])[^]*?\1/g, (quoted) => `=${quoted.replace(/[^\n]/g, "")}`);
  for (const [at, line] of bare.split("\n").entries()) {
    if (/^\s*(?:#.*|(?:export\s+)?[^\s=#]+\s*=.*)?\s*$/.test(line)) continue;
    throw new UserError("SECRET_FILE", "this line is no NAME=VALUE", "write NAME=VALUE, or # before a comment", {
      at: { file, line: at + 1 },
    });
  }
}

async function readStandardInput(name: string): Promise<string> {
  if (process.stdin.isTTY) throw new UserError("SECRET_EMPTY", `${name} has no value`, `printf %s VALUE | portico secret set ${name} …`);
  return (await buffer(process.stdin)).toString("utf8").replace(/\r?\n$/, "");
}
