/** A Lambda function's deployment package: its zip, its size limits and its entry in the manifest. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import type { BuiltFunction } from "../../model/manifest.ts";
import { UserError } from "../../model/user-error.ts";
import { zip } from "../../zip/writer.ts";
import { referencedFilesFolder } from "../referenced-files.ts";

/** Bytes of a directly uploaded zip and of an unzipped package (Lambda developer guide, "Lambda quotas"). */
export const lambdaLimits = { zip: 50 * 1024 ** 2, unzipped: 250 * 1024 ** 2 } as const;

/** Bytes of the static files' zip; the rest of Lambda's limit is for static files of earlier releases. */
export const assetsZipLimit = 45 * 1024 ** 2;

/** A function's manifest entry, and the files to write for it. */
export interface Packed {
  readonly fn: BuiltFunction;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** The part of a function's manifest entry that its package does not determine. */
export type Description = Pick<BuiltFunction, "id" | "middlewareBytes" | "needs" | "extensions" | "settings">;

/** Options of `packFunction`. */
export interface PackOptions {
  /** Whether all files are written beside the zip, and not the modules alone. */
  readonly writesAll?: boolean;
  /** Names of files that the function may execute. */
  readonly executables?: ReadonlySet<string>;
}

/**
 * Throws UserError FUNCTION_TOO_LARGE.
 * @param path of the zip without its extension. The modules are written beside it too: one as `<path>.mjs`, several in
 * the folder `<path>`.
 * @param files by their names in the zip
 */
export async function packFunction(
  fn: Description,
  path: string,
  files: ReadonlyMap<string, Uint8Array>,
  { writesAll = false, executables = new Set() }: PackOptions = {},
): Promise<Packed> {
  const hash = hashFiles(files, executables);
  // The function answers a deploy's version check with this hash (framework/runtime/lambda-handler.ts).
  const contents = new Map(files).set("build", Buffer.from(hash));
  checkSize(fn.id, "unzipped", sum([...contents.values()]), lambdaLimits.unzipped);
  const archive = await zip(contents, executables);
  checkSize(fn.id, "zipped", archive.length, fn.id === "assets" ? assetsZipLimit : lambdaLimits.zip);
  // Modules in folders are the app's `files` or a package's.
  const modules = [...files].filter(([name]) => /^[^/]+\.mjs$/.test(name));
  const codeFiles = [...modules, ...[...files].filter(([name]) => name.startsWith(`${referencedFilesFolder}/`))];
  const lazy = codeFiles.map(([name]) => name).filter((name) => name !== "index.mjs");
  const written = writesAll ? [...files] : codeFiles;
  const isFolder = writesAll || lazy.length > 0;
  const pathOf = (name: string): string => (isFolder ? `${path}/${name}` : `${path}.mjs`);
  return {
    fn: {
      ...fn,
      hash,
      bytes: sum(modules.map(([, bytes]) => bytes)),
      main: pathOf("index.mjs"),
      zip: `${path}.zip`,
      ...(lazy.length > 0 && { files: lazy }),
    },
    files: new Map([...written.map(([name, bytes]) => [pathOf(name), bytes] as const), [`${path}.zip`, archive]]),
  };
}

/** Names of the files in a folder that their owner may execute. */
export const executablesIn = (folder: string, names: Iterable<string>): readonly string[] =>
  [...names].filter((name) => (statSync(join(folder, name)).mode & 0o100) !== 0);

/** A hash of names, contents and executable bits; the zip's bytes would depend on the version of zlib. */
function hashFiles(files: ReadonlyMap<string, Uint8Array>, executables: ReadonlySet<string>): string {
  const hash = createHash("sha256");
  for (const name of [...executables].toSorted()) hash.update(`${name}\0executable\0`);
  for (const [name, bytes] of files) hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  return hash.digest("hex");
}

const sum = (contents: readonly Uint8Array[]): number => contents.reduce((total, { length }) => total + length, 0);

const largeFiles = "Serve large files from elsewhere, such as a bucket.";

/** `4.4 MB`. */
export const inMB = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MB`;

function checkSize(id: string, state: string, bytes: number, limit: number): void {
  if (bytes <= limit) return;
  const less = "Import less: portico routes shows what each route weighs.";
  const fix = { assets: largeFiles, app: `${largeFiles} ${less}` }[id] ?? less;
  const message =
    limit === assetsZipLimit
      ? `the static files are ${inMB(bytes)} ${state}; a release takes ${inMB(limit)} beside those of earlier ones`
      : `the function ${id} is ${inMB(bytes)} ${state}; Lambda takes ${inMB(limit)}`;
  throw new UserError("FUNCTION_TOO_LARGE", message, fix);
}
