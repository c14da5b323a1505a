/** Version numbers of stage local's secrets, which increase when a value changes and are stored without the values. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { withFileLock } from "../config/file-lock.ts";
import { UserError } from "../model/user-error.ts";

/** A secret's version and a MAC that shows whether its value changed. */
interface StoredVersion {
  readonly version: number;
  /** HMAC-SHA256 under the local cloud's key, in hex. */
  readonly mac: string;
}

/**
 * A release's keys, records and logs have these numbers and never a value or its hash. The HMACs that show a change
 * are in `secret-versions.json` in the local cloud's folder (0600), keyed with the cloud's key. Throws UserError
 * STATE_BROKEN.
 * @param writes false for a plan: gives the numbers of the next deploy and writes nothing
 */
export async function secretVersions(
  folder: string,
  key: string,
  secrets: Readonly<Record<string, string>>,
  writes = true,
): Promise<Readonly<Record<string, number>>> {
  const file = join(folder, "secret-versions.json");
  if (!writes) return toNumbers(nextVersions(await readVersions(file), key, secrets));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // The lock prevents that two deploys at once give one number to two values.
  return withFileLock(file, async () => {
    const stored = await readVersions(file);
    const current = nextVersions(stored, key, secrets);
    if (Object.entries(current).some(([name, { version }]) => stored[name]?.version !== version))
      await write(file, { ...stored, ...current });
    return toNumbers(current);
  });
}

type StoredVersions = Readonly<Record<string, StoredVersion>>;

function nextVersions(stored: StoredVersions, key: string, secrets: Readonly<Record<string, string>>): StoredVersions {
  const current = Object.entries(secrets).map(([name, value]): [string, StoredVersion] => {
    const mac = createHmac("sha256", key).update(`portico-secret\n${name}\n${value}`).digest();
    const before = stored[name];
    const isSame =
      before && before.mac.length === mac.length * 2 && timingSafeEqual(Buffer.from(before.mac, "hex"), mac);
    return [name, isSame ? before : { version: (before?.version ?? 0) + 1, mac: mac.toString("hex") }];
  });
  return Object.fromEntries(current);
}

const toNumbers = (versions: StoredVersions): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(versions).map(([name, { version }]) => [name, version]));

async function write(file: string, secrets: StoredVersions): Promise<void> {
  const draft = `${file}.${process.pid}-${randomBytes(6).toString("hex")}`;
  try {
    await writeFile(draft, `${JSON.stringify({ schemaVersion: 1, secrets }, null, 2)}\n`, { mode: 0o600 });
    await rename(draft, file);
  } finally {
    await rm(draft, { force: true });
  }
}

async function readVersions(file: string): Promise<StoredVersions> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
  const broken = (cause?: unknown): UserError =>
    new UserError(
      "STATE_BROKEN",
      "the file of secret versions is broken, or of a newer Portico",
      `Delete ${file}; the next deploy then uploads every function again.`,
      { at: { file }, cause },
    );
  let state: unknown;
  try {
    state = JSON.parse(text);
  } catch (cause) {
    throw broken(cause);
  }
  const { schemaVersion, secrets } = (state ?? {}) as { readonly schemaVersion?: unknown; readonly secrets?: unknown };
  if (schemaVersion !== 1 || typeof secrets !== "object" || secrets === null) throw broken();
  const isVersion = (value: unknown): boolean =>
    Number.isSafeInteger((value as StoredVersion | null)?.version) &&
    /^[0-9a-f]{64}$/.test(String((value as StoredVersion).mac));
  if (!Object.values(secrets).every(isVersion)) throw broken();
  return secrets as StoredVersions;
}
