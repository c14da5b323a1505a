/** Deployed code on disk: a zip in, `zips/SHA.zip` and an unpacked `code/SHA/` out, both named by their content. */
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { unreadable, zipEntries } from "./zip-entries.ts";

/** By CodeSha256: base64 of the SHA-256 of the zip's bytes. */
export interface CodeStore {
  /** Throws AwsError when the zip is none. */
  keep(zip: Uint8Array): { readonly codeSha256: string; readonly codeSize: number };
  /** Absolute path of the unpacked folder. */
  folder(codeSha256: string): string;
  zip(codeSha256: string): Uint8Array | undefined;
}

function hex(codeSha256: string): string {
  return Buffer.from(codeSha256, "base64").toString("hex");
}

/** Opens the store below `folder` and drops what no function in `used` (CodeSha256) needs, and what a kill left half written. */
export function openCodeStore(folder: string, used: ReadonlySet<string>): CodeStore {
  const zips = join(folder, "zips");
  const code = join(folder, "code");
  const wanted = new Set([...used].map(hex));
  for (const [place, suffix] of [
    [zips, ".zip"],
    [code, ""],
  ] as const) {
    mkdirSync(place, { recursive: true });
    for (const name of readdirSync(place)) {
      if (!wanted.has(suffix ? name.replace(suffix, "") : name)) rmSync(join(place, name), { recursive: true, force: true });
    }
  }
  const zipFile = (codeSha256: string): string => join(zips, `${hex(codeSha256)}.zip`);
  return {
    keep(zip) {
      const codeSha256 = createHash("sha256").update(zip).digest("base64");
      const target = join(code, hex(codeSha256));
      if (!existsSync(target)) unpack(zip, target);
      if (!existsSync(zipFile(codeSha256))) writeWhole(zipFile(codeSha256), zip);
      return { codeSha256, codeSize: zip.length };
    },
    folder: (codeSha256) => join(code, hex(codeSha256)),
    zip: (codeSha256) => (existsSync(zipFile(codeSha256)) ? readFileSync(zipFile(codeSha256)) : undefined),
  };
}

/** Files are read-only, as in /var/task; folders are not, so that `rm -rf .portico` works. */
function unpack(zip: Uint8Array, target: string): void {
  const entries = zipEntries(zip);
  const temporary = `${target}.${randomUUID()}.tmp`;
  try {
    for (const { path, bytes, executable } of entries) {
      const file = join(temporary, path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes, { mode: executable ? 0o555 : 0o444, flag: "wx" });
    }
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    // A file that is also a folder, or two names that this disk holds for one.
    if (/^(EEXIST|ENOTDIR|EISDIR)$/.test((error as NodeJS.ErrnoException).code ?? "")) throw unreadable();
    throw error;
  }
}

function writeWhole(file: string, bytes: Uint8Array): void {
  const temporary = `${file}.${randomUUID()}.tmp`;
  writeFileSync(temporary, bytes);
  renameSync(temporary, file);
}
