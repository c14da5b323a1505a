/** The contents of S3 objects on disk: one file below `objects/` for each, written once and never changed. */
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Contents by the names that `keep` gives them. */
export interface BlobStore {
  keep(bytes: Uint8Array): string;
  read(name: string): Uint8Array;
  drop(name: string): void;
}

/** Opens the store below `folder` and removes files that `used` does not name: a kill can leave such files behind. */
export function openBlobStore(folder: string, used: ReadonlySet<string>): BlobStore {
  const directory = join(folder, "objects");
  mkdirSync(directory, { recursive: true });
  for (const name of readdirSync(directory)) if (!used.has(name)) rmSync(join(directory, name), { force: true });
  return {
    keep(bytes) {
      const name = randomUUID();
      // Readable by the owner alone: releases hold an app's settings.
      writeFileSync(join(directory, `${name}.tmp`), bytes, { mode: 0o600 });
      renameSync(join(directory, `${name}.tmp`), join(directory, name));
      return name;
    },
    read: (name) => readFileSync(join(directory, name)),
    drop: (name) => rmSync(join(directory, name), { force: true }),
  };
}
