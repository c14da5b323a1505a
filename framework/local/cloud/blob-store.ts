/** Bytes of stored objects on disk: bytes in, the name of a file below `objects/` out; each is written once and never changed. */
import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** By name. */
export interface BlobStore {
  keep(bytes: Uint8Array): string;
  read(name: string): Uint8Array;
  drop(name: string): void;
}

/** Opens the store below `folder` and drops what no record in `used` names, and what a kill left half written. */
export function openBlobStore(folder: string, used: ReadonlySet<string>): BlobStore {
  const place = join(folder, "objects");
  mkdirSync(place, { recursive: true });
  for (const name of readdirSync(place)) if (!used.has(name)) rmSync(join(place, name), { force: true });
  return {
    keep(bytes) {
      const name = randomUUID();
      // What a client stores is its own business: releases hold settings.
      writeFileSync(join(place, `${name}.tmp`), bytes, { mode: 0o600 });
      renameSync(join(place, `${name}.tmp`), join(place, name));
      return name;
    },
    read: (name) => readFileSync(join(place, name)),
    drop: (name) => rmSync(join(place, name), { force: true }),
  };
}
