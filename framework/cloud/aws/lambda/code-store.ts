/** Deployed code on disk: each zip as `zips/SHA.zip` and unpacked as `code/SHA/`, both named by the zip's hash. */
import { createHash, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { maxUnzipped, type ZipEntry, zipEntries, ZipError } from "../../../zip/reader.ts";
import { invalid } from "./errors.ts";

/** Code by its CodeSha256, which is the base64 SHA-256 of the zip. */
export interface CodeStore {
  /** Throws InvalidParameterValueException when the zip cannot be unpacked. */
  keep(zip: Uint8Array): { readonly codeSha256: string; readonly codeSize: number };
  /** Absolute path of the unpacked folder. */
  folder(codeSha256: string): string;
  zip(codeSha256: string): Uint8Array | undefined;
}

function hex(codeSha256: string): string {
  return Buffer.from(codeSha256, "base64").toString("hex");
}

/**
 * Opens the store below `folder`. Removes code that `used` (CodeSha256) does not name, and incomplete files that a kill
 * left behind.
 */
export function openCodeStore(folder: string, used: ReadonlySet<string>): CodeStore {
  const zips = join(folder, "zips");
  const code = join(folder, "code");
  const usedNames = new Set([...used].map(hex));
  for (const [directory, suffix] of [
    [zips, ".zip"],
    [code, ""],
  ] as const) {
    mkdirSync(directory, { recursive: true });
    for (const name of readdirSync(directory)) {
      if (!usedNames.has(suffix ? name.replace(suffix, "") : name))
        rmSync(join(directory, name), { recursive: true, force: true });
    }
  }
  const zipFile = (codeSha256: string): string => join(zips, `${hex(codeSha256)}.zip`);
  return {
    keep(zip) {
      const codeSha256 = createHash("sha256").update(zip).digest("base64");
      const target = join(code, hex(codeSha256));
      if (!existsSync(target)) unpack(zip, target);
      if (!existsSync(zipFile(codeSha256))) writeAtomically(zipFile(codeSha256), zip);
      return { codeSha256, codeSize: zip.length };
    },
    folder: (codeSha256) => join(code, hex(codeSha256)),
    zip: (codeSha256) => (existsSync(zipFile(codeSha256)) ? readFileSync(zipFile(codeSha256)) : undefined),
  };
}

const zipErrors: Readonly<Record<ZipError["code"], string>> = {
  ZIP_UNREADABLE: "Could not unzip uploaded file. Please check your file, then try to upload again.",
  ZIP_EMPTY: "Uploaded file must be a non-empty zip",
  ZIP_TOO_LARGE: `Unzipped size must be smaller than ${maxUnzipped} bytes`,
};

function unzip(zip: Uint8Array): readonly ZipEntry[] {
  try {
    return zipEntries(zip);
  } catch (error) {
    throw error instanceof ZipError ? invalid(zipErrors[error.code]) : error;
  }
}

/** Files are read-only, as in /var/task. Folders are not, so that `rm -rf .portico` works. */
function unpack(zip: Uint8Array, target: string): void {
  const entries = unzip(zip);
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
    // A file that is also a folder, or two names that this file system cannot tell apart.
    if (/^(EEXIST|ENOTDIR|EISDIR)$/.test((error as NodeJS.ErrnoException).code ?? ""))
      throw invalid(zipErrors.ZIP_UNREADABLE);
    throw error;
  }
}

function writeAtomically(file: string, bytes: Uint8Array): void {
  const temporary = `${file}.${randomUUID()}.tmp`;
  writeFileSync(temporary, bytes);
  renameSync(temporary, file);
}
