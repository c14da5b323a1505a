/** The access key of the local cloud: a random key pair in its folder, readable by the owner alone. */
import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../model/user-error.ts";

/** Credentials with which clients sign their requests. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The key in `folder`, or undefined when there is none yet. Throws UserError CLOUD_KEY when it is not valid. */
export function readAccessKey(folder: string): AccessKey | undefined {
  const file = join(folder, "key");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
  const key = parseKey(text);
  if (key) return key;
  throw new UserError(
    "CLOUD_KEY",
    "the local cloud's key file is not one that this version of Portico can read",
    "Delete the file, and stop any local cloud that still runs.",
    {
      at: { file },
    },
  );
}

function parseKey(text: string): AccessKey | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { schemaVersion, accessKeyId, secretAccessKey } = (value ?? {}) as Record<string, unknown>;
  if (schemaVersion !== 1 || typeof accessKeyId !== "string" || typeof secretAccessKey !== "string") return undefined;
  return /^[A-Z2-7]{20}$/.test(accessKeyId) && secretAccessKey.length >= 40
    ? { accessKeyId, secretAccessKey }
    : undefined;
}

/**
 * The key in `folder`, created (mode 0600) when there is none. When two processes create one at the same time, both get
 * the first one. Throws UserError OUTPUT.
 */
export function readOrCreateAccessKey(folder: string): AccessKey {
  const existing = readAccessKey(folder);
  if (existing) return existing;
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const accessKeyId = `AKIA${Array.from(randomBytes(16), (byte) => letters[byte % 32]).join("")}`;
  const key = { accessKeyId, secretAccessKey: randomBytes(30).toString("base64") };
  createFolder(folder);
  // The key must not be committed, whatever the app's own .gitignore contains.
  writeFileSync(join(folder, ".gitignore"), "*\n");
  // Written to a temporary file first, so that no other process reads an incomplete key.
  const temporary = join(folder, `key.${process.pid}-${randomBytes(6).toString("hex")}`);
  try {
    writeFileSync(temporary, `${JSON.stringify({ schemaVersion: 1, ...key })}\n`, { mode: 0o600 });
    linkSync(temporary, join(folder, "key"));
    return key;
  } catch (error) {
    const other = (error as NodeJS.ErrnoException).code === "EEXIST" ? readAccessKey(folder) : undefined;
    if (other) return other;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

function createFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new UserError(
      "OUTPUT",
      `${folder} cannot be created (${code})`,
      "Check the folder's permissions and free space.",
      { cause },
    );
  }
}
