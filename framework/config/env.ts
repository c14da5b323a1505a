/** The env of an app on this machine: what hosting.json declares, .env files, the process and made secrets in, values out. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import type { App } from "../model/app.ts";
import { UserError } from "../model/user-error.ts";
import { makeSecrets, type MadeSecret, readSecrets } from "./secrets.ts";

/** Where values may come from. */
export interface EnvOptions {
  /** Read `.env` and `.env.<stage>`: only for dev, start and stage local. */
  readonly files: boolean;
  /** Use the secrets in .portico and make missing ones: only for dev and stage local, which share them. */
  readonly makeSecrets: boolean;
  readonly processEnv: Readonly<Record<string, string | undefined>>;
}

/** What functions get as context.env. */
export interface ResolvedEnv {
  readonly env: Readonly<Record<string, string>>;
  /** Secrets that this very call made. */
  readonly made: readonly MadeSecret[];
  /** Names that the .env files hold and hosting.json does not declare: worth a warning. */
  readonly undeclared: readonly string[];
}

/**
 * Only declared names are taken. Env: `.env.<stage>` beats `.env` beats hosting.json. Secrets: the process (as for `node --env-file`),
 * then the files, then .portico/secrets.json; an empty text is no secret. Throws UserError SECRET_MISSING, which names all of them.
 */
export async function resolveEnv(app: App, options: EnvOptions): Promise<ResolvedEnv> {
  const files = options.files ? await readEnvFiles(app.root, [".env", `.env.${app.stage}`]) : new Map<string, string>();
  const env = Object.entries(app.env).map(([name, value]) => [name, files.get(name) ?? value] as const);
  const given = new Map(app.secrets.map((name) => [name, ownText(options.processEnv, name) || files.get(name) || ""]));
  const made = await fillSecrets(app, given, options);
  const declared = new Set([...Object.keys(app.env), ...app.secrets]);
  const undeclared = [...files.keys()].filter((name) => !declared.has(name)).toSorted();
  return { env: Object.fromEntries([...env, ...given]), made, undeclared };
}

/** Gives each empty secret its value from .portico; returns those that were made for it. */
async function fillSecrets(app: App, given: Map<string, string>, options: EnvOptions): Promise<readonly MadeSecret[]> {
  const missing = (): readonly string[] => [...given].filter(([, value]) => value === "").map(([name]) => name);
  if (missing().length === 0) return [];
  if (!options.makeSecrets) throw secretMissing(app, missing(), options.files);
  const kept = await readSecrets(app.root);
  for (const name of missing()) given.set(name, kept?.get(name) ?? "");
  if (missing().length === 0) return [];
  const { secrets, made } = await makeSecrets(app.root, missing());
  for (const name of missing()) given.set(name, secrets.get(name) ?? "");
  return made;
}

/** A name such as `constructor` must not find what every object has. */
const ownText = (values: Readonly<Record<string, string | undefined>>, name: string): string | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined;

/** Later files beat earlier ones. A folder of such a name (Python's environments) is no env file. */
async function readEnvFiles(root: string, files: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  for (const file of files) {
    try {
      for (const [name, value] of Object.entries(parseEnv(await readFile(join(root, file), "utf8")))) values.set(name, value ?? "");
    } catch (error) {
      if (!["ENOENT", "EISDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
  return values;
}

function secretMissing(app: App, names: readonly string[], files: boolean): UserError {
  const one = names.length === 1;
  const lines = names.map((name) => `${name}=…`).join(" ");
  const fix = files
    ? `Write ${lines} into .env or .env.${app.stage}, or set ${one ? "it" : "them"} in the environment.`
    : `Set ${lines} in the environment.`;
  return new UserError("SECRET_MISSING", `the ${one ? "secret" : "secrets"} ${names.join(", ")} ${one ? "has" : "have"} no value`, fix);
}
