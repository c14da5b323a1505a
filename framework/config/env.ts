/** Values of an app's env and secrets on this machine, from hosting.json, .env files, process.env and .portico. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import type { App } from "../model/app.ts";
import { secretOwners, secretText } from "../model/extension.ts";
import { UserError } from "../model/user-error.ts";
import { generateSecrets, type GeneratedSecret, readSecrets } from "./generated-secrets.ts";

/** The sources that values may come from. */
export interface EnvOptions {
  /** Read `.env` and `.env.<stage>`: only for dev, start and stage local. */
  readonly files: boolean;
  /**
   * How to treat secrets without a value. "refuse" throws; "generate" takes them from .portico, which dev and stage
   * local share, and creates those that are missing there; "preview" reports what "generate" would create and writes
   * nothing.
   */
  readonly missing: "refuse" | "generate" | "preview";
  readonly processEnv: Readonly<Record<string, string | undefined>>;
  /** Gives the URL of a database whose secret has no value. @param name its key in "databases" */
  readonly localDatabase?: (name: string) => Promise<string>;
}

/** What functions get as context.env. */
export interface ResolvedEnv {
  readonly env: Readonly<Record<string, string>>;
  /**
   * Secrets that this call generated. For "preview": those that would be generated, with placeholders of the same
   * length as values.
   */
  readonly generated: readonly GeneratedSecret[];
  /** Names in .env files that hosting.json does not declare; callers warn about them. */
  readonly undeclared: readonly string[];
}

/**
 * Resolves declared names only. Precedence for env: `.env.<stage>`, `.env`, hosting.json; for secrets: process.env (as
 * with `node --env-file`), the files, .portico/secrets.json. An empty string counts as missing. Throws UserError
 * SECRET_MISSING with the names of all missing secrets, and SESSION_KEYS.
 */
export async function resolveEnv(app: App, options: EnvOptions): Promise<ResolvedEnv> {
  const files = options.files ? await readEnvFiles(app.root, [".env", `.env.${app.stage}`]) : new Map<string, string>();
  const env = Object.entries(app.env).map(([name, value]) => [name, files.get(name) ?? value] as const);
  const secretValues = new Map(
    app.secrets.map((name) => [name, ownText(options.processEnv, name) || files.get(name) || ""]),
  );
  for (const [name, { url }] of Object.entries(app.databases ?? {}))
    if (secretValues.get(url) === "" && options.localDatabase) secretValues.set(url, await options.localDatabase(name));
  const shortest = shortSessionKey("SESSION_KEYS", secretValues.get("SESSION_KEYS") ?? "");
  if (shortest !== undefined) throw sessionKeyTooShort(shortest, "Write SESSION_KEYS=KEY into .env, or leave it out");
  const generated = await fillSecrets(app, secretValues, options);
  const declared = new Set([...Object.keys(app.env), ...app.secrets]);
  const undeclared = [...files.keys()].filter((name) => !declared.has(name)).toSorted();
  return {
    env: Object.fromEntries([...env, ...secretValues]),
    generated: generated.map((secret) => withOwners(app, secret)),
    undeclared,
  };
}

/** Characters of a key of sessions (docs/sessions.md). */
const sessionKeyLength = 32;

/** The length of a key of sessions that is too short for one; undefined for other secrets, and where none is. */
export const shortSessionKey = (name: string, value: string): number | undefined =>
  name === "SESSION_KEYS"
    ? value
        .split(/\s+/)
        .map((key) => key.length)
        .find((length) => length > 0 && length < sessionKeyLength)
    : undefined;

/** UserError SESSION_KEYS. @param fix without a period */
export const sessionKeyTooShort = (length: number, fix: string): UserError =>
  new UserError(
    "SESSION_KEYS",
    `a key of the secret SESSION_KEYS has ${length} characters, and sessions need ${sessionKeyLength}`,
    `${fix}: openssl rand -hex 32 prints a key.`,
  );

function withOwners(app: App, secret: GeneratedSecret): GeneratedSecret {
  const extensions = secretOwners(app, secret.name);
  return extensions.length > 0 ? { ...secret, extensions } : secret;
}

/** Fills empty values from .portico, and returns the secrets that were generated for it. */
async function fillSecrets(
  app: App,
  values: Map<string, string>,
  options: EnvOptions,
): Promise<readonly GeneratedSecret[]> {
  const missing = (): readonly string[] => [...values].filter(([, value]) => value === "").map(([name]) => name);
  if (missing().length === 0) return [];
  // A random text is no URL.
  const urls = Object.values(app.databases ?? {}).map(({ url }) => url);
  if (options.missing === "refuse" || missing().some((name) => urls.includes(name)))
    throw secretMissing(app, missing(), options.files);
  const stored = await readSecrets(app.root);
  for (const name of missing()) values.set(name, stored?.get(name) ?? "");
  if (missing().length === 0) return [];
  const { secrets, generated } =
    options.missing === "generate" ? await generateSecrets(app.root, missing()) : placeholders(missing());
  for (const name of missing()) values.set(name, secrets.get(name) ?? "");
  return generated;
}

/** The result of `generateSecrets` for a preview. */
function placeholders(names: readonly string[]): Awaited<ReturnType<typeof generateSecrets>> {
  const generated = names.map((name) => ({ name, value: "-".repeat(43) }));
  return { generated, secrets: new Map(generated.map(({ name, value }) => [name, value])) };
}

/** Own properties only: a secret may be called `constructor`. */
const ownText = (values: Readonly<Record<string, string | undefined>>, name: string): string | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined;

/** Later files override earlier ones. A folder named `.env`, as Python's virtual environments have, is ignored. */
async function readEnvFiles(root: string, files: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const values = new Map<string, string>();
  for (const file of files) {
    try {
      for (const [name, value] of Object.entries(parseEnv(await readFile(join(root, file), "utf8"))))
        values.set(name, value ?? "");
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
  return new UserError(
    "SECRET_MISSING",
    `the ${one ? "secret" : "secrets"} ${names.map((name) => secretText(app, name)).join(", ")} ` +
      `${one ? "has" : "have"} no value`,
    fix,
  );
}
