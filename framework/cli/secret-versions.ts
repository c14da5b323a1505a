/** Numbers for secrets on this machine: names and values in, for each a number that grows when its value changes out. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UserError } from "../model/user-error.ts";

/** What is remembered of a secret: enough to see that it changed. */
interface Known {
  readonly version: number;
  /** HMAC-SHA256 under the local cloud's key, in hex. */
  readonly mac: string;
}

/**
 * A release's keys, records and logs hold these numbers and never a value or its hash. The HMACs that tell a change stay in
 * `secret-versions.json` in the local cloud's folder (0600), under the key beside it. Throws UserError STATE_BROKEN.
 */
export async function secretVersions(
  folder: string,
  key: string,
  secrets: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, number>>> {
  const file = join(folder, "secret-versions.json");
  const known = await readKnown(file);
  const current = Object.entries(secrets).map(([name, value]): [string, Known] => {
    const mac = createHmac("sha256", key).update(`portico-secret\n${name}\n${value}`).digest();
    const before = known[name];
    const isSame = before && before.mac.length === mac.length * 2 && timingSafeEqual(Buffer.from(before.mac, "hex"), mac);
    return [name, isSame ? before : { version: (before?.version ?? 0) + 1, mac: mac.toString("hex") }];
  });
  if (current.some(([name, { version }]) => known[name]?.version !== version)) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const draft = `${file}.${process.pid}`;
    await writeFile(draft, `${JSON.stringify({ schemaVersion: 1, secrets: { ...known, ...Object.fromEntries(current) } }, null, 2)}\n`, {
      mode: 0o600,
    });
    await rename(draft, file);
  }
  return Object.fromEntries(current.map(([name, { version }]) => [name, version]));
}

async function readKnown(file: string): Promise<Readonly<Record<string, Known>>> {
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
      "the file of secret versions is not one that this Portico can read",
      "delete it; the next deploy uploads every function once more",
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
  const isKnown = (one: unknown): boolean =>
    Number.isSafeInteger((one as Known | null)?.version) && /^[0-9a-f]{64}$/.test(String((one as Known).mac));
  if (!Object.values(secrets).every(isKnown)) throw broken();
  return secrets as Readonly<Record<string, Known>>;
}
