/** The local cloud's credentials: its folder in, a random key pair out, made once and readable by its owner alone. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../model/user-error.ts";

/** What a client signs with. */
export interface CloudKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The key in `folder`, or undefined when there is none yet. Rejects with UserError CLOUD_KEY when it cannot be used. */
export function readKey(folder: string): CloudKey | undefined {
  const file = join(folder, "key");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
  const key = parse(text);
  if (key) return key;
  throw new UserError(
    "CLOUD_KEY",
    "the local cloud's key file is not one that this version of Portico can read",
    "delete the file, and stop any local cloud that still runs",
    {
      at: { file },
    },
  );
}

function parse(text: string): CloudKey | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { schemaVersion, accessKeyId, secretAccessKey } = (value ?? {}) as Record<string, unknown>;
  if (schemaVersion !== 1 || typeof accessKeyId !== "string" || typeof secretAccessKey !== "string") return undefined;
  return /^[A-Z2-7]{20}$/.test(accessKeyId) && secretAccessKey.length >= 40 ? { accessKeyId, secretAccessKey } : undefined;
}

/** The key in `folder`, made (0600) when there is none. When two processes make one at once, both get the first one's. Throws UserError OUTPUT. */
export function readOrMakeKey(folder: string): CloudKey {
  const found = readKey(folder);
  if (found) return found;
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const accessKeyId = `AKIA${Array.from(randomBytes(16), (byte) => letters[byte % 32]).join("")}`;
  const key = { accessKeyId, secretAccessKey: randomBytes(30).toString("base64") };
  makeFolder(folder);
  // Whatever the app's own .gitignore says: the key is this machine's.
  writeFileSync(join(folder, ".gitignore"), "*\n");
  try {
    writeFileSync(join(folder, "key"), `${JSON.stringify({ schemaVersion: 1, ...key })}\n`, { mode: 0o600, flag: "wx" });
    return key;
  } catch (error) {
    const theirs = (error as NodeJS.ErrnoException).code === "EEXIST" ? readKey(folder) : undefined;
    if (theirs) return theirs;
    throw error;
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new UserError("OUTPUT", `${folder} cannot be made (${code})`, "check the folder's permissions and free space", { cause });
  }
}
