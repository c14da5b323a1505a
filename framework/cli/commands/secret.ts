/** `portico secret set|list|remove`: names and values in, a stage's secrets in its own cloud out; a value is never printed. */
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import { parseEnv } from "node:util";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { agree } from "../consent.ts";
import { textFlag } from "../flags.ts";
import { secretStore } from "../secret-store.ts";
import { explaining, headingOf, openStageCloud, type StageCloud } from "../stage-cloud.ts";

/** The command. A running release keeps the values that it was made with: what is set here comes with the next deploy. */
export async function secret(input: CommandInput): Promise<number> {
  const actions = { set, list, remove };
  const [word, names = []] = input.args as readonly [string, (readonly string[])?];
  const action = Object.hasOwn(actions, word) ? actions[word as keyof typeof actions] : undefined;
  if (!action) throw new UserError("USAGE", `"${word}" is nothing that can be done with secrets`, "portico secret set, list or remove");
  const cloud = await openStageCloud(input);
  try {
    await explaining(cloud.clouds, () => action(cloud, names, input));
    return 0;
  } finally {
    await cloud.close();
  }
}

async function set(cloud: StageCloud, names: readonly string[], input: CommandInput): Promise<void> {
  if (cloud.isLocal)
    throw new UserError(
      "SECRET_LOCAL",
      "the stage local takes its secrets from .env files",
      "write them into .env or .env.local; or name another stage",
    );
  const { app, clouds } = cloud;
  const { reporter } = input;
  const given = await readValues(names, input);
  for (const name of given.keys())
    if (!app.secrets.includes(name)) reporter.warn(`${name} is not declared: add it to "secrets" in hosting.json`);
  for (const one of clouds) {
    const numbers = await secretStore(one, cloud).set(given);
    const where = clouds.length > 1 ? ` on ${one.target}` : "";
    for (const [name, version] of numbers)
      reporter.result(`set ${name} at ${app.stage}${where}, version ${version}; the next deploy takes it`, {
        ...{ type: "secret", target: one.target, name, version },
      });
  }
}

/** Throws UserError SECRET_NAME, SECRET_EMPTY. */
async function readValues(words: readonly string[], input: CommandInput): Promise<ReadonlyMap<string, string>> {
  const from = textFlag(input, "from");
  const values = new Map(from === undefined ? [] : Object.entries(await readEnvFile(from)).map(([name, value]) => [name, value ?? ""]));
  for (const word of words) {
    const at = word.indexOf("=");
    const name = at < 0 ? word : word.slice(0, at);
    values.set(name, at < 0 ? await readStandardInput(name) : word.slice(at + 1));
  }
  if (!values.size) throw new UserError("USAGE", "no secret is named", "portico secret set NAME=VALUE, or --from .env.prod");
  for (const [name, value] of values) {
    if (!/^[A-Za-z][A-Za-z0-9_]+$/.test(name))
      throw new UserError(
        "SECRET_NAME",
        `"${name}" cannot be a secret's name`,
        "two or more letters, digits and _, beginning with a letter",
      );
    if (value === "") throw new UserError("SECRET_EMPTY", `${name} would be empty`, "give it a value, or remove it");
  }
  return values;
}

async function readEnvFile(file: string): Promise<NodeJS.Dict<string>> {
  try {
    return parseEnv(await readFile(file, "utf8"));
  } catch (cause) {
    throw new UserError("SECRET_FILE", "the file of secrets cannot be read", "give --from a .env file", { at: { file }, cause });
  }
}

async function readStandardInput(name: string): Promise<string> {
  if (process.stdin.isTTY) throw new UserError("SECRET_EMPTY", `${name} has no value`, `printf %s VALUE | portico secret set ${name} …`);
  return (await buffer(process.stdin)).toString("utf8").replace(/\r?\n$/, "");
}

async function list(cloud: StageCloud, _names: readonly string[], { reporter }: CommandInput): Promise<void> {
  for (const one of cloud.clouds) {
    const stored = await secretStore(one, cloud).list();
    const missing = cloud.isLocal ? [] : cloud.app.secrets.filter((name) => !stored.some((secret) => secret.name === name));
    const rows = stored.map(({ name, version, changed }) => {
      const undeclared = cloud.app.secrets.includes(name) ? "" : "  not declared in hosting.json";
      return `${name.padEnd(24)}  version ${version}  ${changed?.toISOString() ?? ""}${undeclared}`.trimEnd();
    });
    const lines = [...rows, ...missing.map((name) => `${name.padEnd(24)}  missing`)];
    const heading = cloud.clouds.length > 1 ? `${reporter.paint("bold", headingOf(one))}\n` : "";
    const text = lines.join("\n") || `the stage ${cloud.app.stage} has no secrets`;
    reporter.result(heading + text, { type: "secrets", target: one.target, secrets: stored, missing });
  }
}

async function remove(cloud: StageCloud, names: readonly string[], input: CommandInput): Promise<void> {
  if (!names.length) throw new UserError("USAGE", "no secret is named", "portico secret remove NAME");
  if (!cloud.isLocal) await agree(input, `Remove ${names.join(", ")} from the stage ${cloud.app.stage}?`);
  for (const one of cloud.clouds) {
    const removed = await secretStore(one, cloud).remove(names);
    const text = removed.length ? `removed ${removed.join(", ")}` : `none of ${names.join(", ")} was there`;
    input.reporter.result(text, { type: "secrets-removed", target: one.target, removed });
  }
}
