/** Stores the bytes of modules and assets on disk in files that are named by their SHA-256 and never change. */
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** By SHA-256 in hex. */
export interface ContentStore {
  /** Returns the SHA-256. */
  put(bytes: Uint8Array): string;
  read(sha256: string): Uint8Array;
  /** Absolute path of the file. */
  file(sha256: string): string;
}

export function sha256Of(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Opens the store in `folder` and removes files that `used` does not name, those of an interrupted write included. */
export function openContentStore(folder: string, used: ReadonlySet<string>): ContentStore {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (!used.has(name)) rmSync(join(folder, name), { force: true });
  const file = (sha256: string): string => join(folder, sha256);
  return {
    put(bytes) {
      const sha256 = sha256Of(bytes);
      if (existsSync(file(sha256))) return sha256;
      const temporary = `${file(sha256)}.${randomUUID()}.tmp`;
      // Code may hold private data of the app.
      writeFileSync(temporary, bytes, { mode: 0o600 });
      renameSync(temporary, file(sha256));
      return sha256;
    },
    read: (sha256) => readFileSync(file(sha256)),
    file,
  };
}
