/** Secrets that were made for this machine: an app's folder and names in, values kept in .portico/secrets.json out. */
import { randomBytes } from "node:crypto";
import { chmod, link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../model/user-error.ts";

/** A secret and its new value. */
export interface MadeSecret {
  readonly name: string;
  readonly value: string;
}

type Secrets = ReadonlyMap<string, string>;

const name = ".portico/secrets.json";
const fix = `Delete ${name}; new secrets are made at the next start, and cookies that the old ones signed end.`;

/** All that were ever made; undefined without the file. Throws UserError STATE_BROKEN or STATE_NEWER. */
export async function readSecrets(root: string): Promise<Secrets | undefined> {
  let state: unknown;
  try {
    state = JSON.parse(await readFile(join(root, name), "utf8"));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new UserError("STATE_BROKEN", "the file of made secrets is no JSON", fix, { at: { file: name }, cause });
  }
  const { schemaVersion, secrets } = (state ?? {}) as { readonly schemaVersion?: unknown; readonly secrets?: unknown };
  if (typeof schemaVersion === "number" && schemaVersion > 1) {
    throw new UserError(
      "STATE_NEWER",
      `the file of made secrets has version ${schemaVersion}, and this Portico knows 1`,
      "Use the newer Portico that wrote it.",
      { at: { file: name } },
    );
  }
  if (schemaVersion === 1 && isTexts(secrets)) return new Map(Object.entries(secrets));
  throw new UserError("STATE_BROKEN", "the file of made secrets holds something else", fix, { at: { file: name } });
}

const isTexts = (value: unknown): value is Readonly<Record<string, string>> =>
  typeof value === "object" && value !== null && Object.values(value).every((one) => typeof one === "string");

/**
 * Makes a value for each name that has none, 256 random bits in 43 URL-safe characters, and keeps it, readable for this user only.
 * Another process that makes them for the first time at the same moment wins or loses as a whole.
 */
export async function makeSecrets(
  root: string,
  names: readonly string[],
): Promise<{ readonly secrets: Secrets; readonly made: readonly MadeSecret[] }> {
  const folder = join(root, ".portico");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  await ignore(folder);
  for (;;) {
    const kept = await readSecrets(root);
    const made = names.filter((one) => !kept?.get(one)).map((one) => ({ name: one, value: randomBytes(32).toString("base64url") }));
    const secrets = new Map([...(kept ?? []), ...made.map((one) => [one.name, one.value] as const)]);
    if (made.length === 0 || (await write(root, secrets, kept === undefined))) return { secrets, made };
  }
}

/** Whatever the app's own .gitignore says: what is in this folder is this machine's. */
async function ignore(folder: string): Promise<void> {
  try {
    await writeFile(join(folder, ".gitignore"), "*\n", { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** Whole or not at all. False when it should be new and is there by now. */
async function write(root: string, secrets: Secrets, isNew: boolean): Promise<boolean> {
  const file = join(root, name);
  const draft = `${file}.${process.pid}.${randomBytes(6).toString("hex")}`;
  await writeFile(draft, `${JSON.stringify({ schemaVersion: 1, secrets: Object.fromEntries(secrets) }, null, 2)}\n`, {
    mode: 0o600,
    flag: "wx",
  });
  try {
    if (isNew) await link(draft, file);
    else await rename(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}
