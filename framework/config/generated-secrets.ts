/** Secrets that Portico generates for this machine and stores in .portico/secrets.json. */
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../model/user-error.ts";
import { withFileLock } from "./file-lock.ts";

/** A secret and its new value. */
export interface GeneratedSecret {
  readonly name: string;
  readonly value: string;
  /** Extensions that it is for, which seldom work with a random value; absent without any. */
  readonly extensions?: readonly string[];
}

type Secrets = ReadonlyMap<string, string>;

const file = ".portico/secrets.json";
const fix = `Delete ${file}; the next start generates new secrets, which end sessions signed with the old ones.`;

/** All secrets of the file; undefined without the file. Throws UserError STATE_BROKEN or STATE_NEWER. */
export async function readSecrets(root: string): Promise<Secrets | undefined> {
  let state: unknown;
  try {
    state = JSON.parse(await readFile(join(root, file), "utf8"));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new UserError("STATE_BROKEN", "the file of generated secrets is not valid JSON", fix, {
      at: { file },
      cause,
    });
  }
  const { schemaVersion, secrets } = (state ?? {}) as { readonly schemaVersion?: unknown; readonly secrets?: unknown };
  if (typeof schemaVersion === "number" && schemaVersion > 1) {
    throw new UserError(
      "STATE_NEWER",
      `the file of generated secrets has version ${schemaVersion}, and this Portico reads version 1`,
      "Use the newer Portico that wrote it.",
      { at: { file } },
    );
  }
  if (schemaVersion === 1 && isTexts(secrets)) return new Map(Object.entries(secrets));
  throw new UserError("STATE_BROKEN", "the file of generated secrets has an unexpected shape", fix, { at: { file } });
}

const isTexts = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === "object" && value !== null && Object.values(value).every((one) => typeof one === "string");

/**
 * Generates a value for each name that has none (256 random bits as 43 URL-safe characters) and stores it, readable by
 * this user only. When two processes run this at the same time, the second one reads the values of the first.
 */
export async function generateSecrets(
  root: string,
  names: readonly string[],
): Promise<{ readonly secrets: Secrets; readonly generated: readonly GeneratedSecret[] }> {
  const folder = join(root, ".portico");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  await writeGitignore(folder);
  return withFileLock(join(root, file), async () => {
    const stored = await readSecrets(root);
    const generated = names
      .filter((one) => !stored?.get(one))
      .map((one) => ({ name: one, value: randomBytes(32).toString("base64url") }));
    const secrets = new Map([...(stored ?? []), ...generated.map((one) => [one.name, one.value] as const)]);
    if (generated.length > 0) await writeSecrets(root, secrets);
    return { secrets, generated };
  });
}

/** Keeps the folder out of git, whatever the app's own .gitignore says. */
async function writeGitignore(folder: string): Promise<void> {
  try {
    await writeFile(join(folder, ".gitignore"), "*\n", { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** Replaces the file atomically, since readers take no lock. */
async function writeSecrets(root: string, secrets: Secrets): Promise<void> {
  const path = join(root, file);
  const draft = `${path}.${process.pid}-${randomBytes(6).toString("hex")}`;
  try {
    await writeFile(draft, `${JSON.stringify({ schemaVersion: 1, secrets: Object.fromEntries(secrets) }, null, 2)}\n`, {
      mode: 0o600,
    });
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}
