/** A Lambda function as it is uploaded: files in, its zip and what the manifest says of it out. */
import { createHash } from "node:crypto";
import type { BuiltFunction } from "../model/manifest.ts";
import { UserError } from "../model/user-error.ts";
import { type Content, zip } from "./zip.ts";

/** AWS Lambda quotas (docs.aws.amazon.com, "Lambda quotas"), bytes: a direct upload, and a package unzipped. */
export const lambdaLimits = { zip: 50 * 1024 ** 2, unzipped: 250 * 1024 ** 2 } as const;

/** Bytes of the static files' own zip: what is left of a zip is for those of earlier releases. */
export const assetsZipLimit = 45 * 1024 ** 2;

/** A function, and the files to write for it. */
export interface Packed {
  readonly fn: BuiltFunction;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * Throws UserError FUNCTION_TOO_LARGE.
 * @param files by their names in the zip; beside it only the module is written, to be read and run
 */
export async function pack(
  fn: Pick<BuiltFunction, "id" | "middlewareBytes" | "settings">,
  { main, zip: archiveName }: { readonly main: string; readonly zip: string },
  files: ReadonlyMap<string, Content>,
): Promise<Packed> {
  const hash = hashFiles(files);
  // What the function says when a deploy asks it (framework/runtime/lambda-handler.ts).
  const named = new Map(files).set("build", [Buffer.from(hash)]);
  checkSize(fn.id, "unzipped", sizeOf([...named.values()].flat()), lambdaLimits.unzipped);
  const archive = await zip(named);
  checkSize(fn.id, "zipped", archive.length, fn.id === "assets" ? assetsZipLimit : lambdaLimits.zip);
  const module = Buffer.concat(files.get("index.mjs") ?? []);
  return {
    fn: { ...fn, hash, bytes: module.length, main, zip: archiveName },
    files: new Map([
      [main, module],
      [archiveName, archive],
    ]),
  };
}

/** Over names and contents and not the zip, whose bytes another version of zlib may change. */
function hashFiles(files: ReadonlyMap<string, Content>): string {
  const hash = createHash("sha256");
  for (const [name, content] of files) {
    hash.update(`${name}\0${sizeOf(content)}\0`);
    for (const part of content) hash.update(part);
  }
  return hash.digest("hex");
}

const sizeOf = (content: Content): number => content.reduce((sum, { length }) => sum + length, 0);

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
