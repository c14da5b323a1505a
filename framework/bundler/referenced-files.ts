/**
 * Files that code references by relative path, as in `new URL("./a.afm", import.meta.url)`: copied beside the bundle,
 * with the path rewritten. esbuild leaves such paths as they are, and they are wrong in a bundle.
 */
import { createHash } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { basename, dirname, extname, join, posix, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Metafile } from "esbuild";
import { commonJsDefines } from "./commonjs-variables.ts";
import { codeFrame } from "../model/code-frame.ts";
import type { Target } from "../model/target.ts";
import { UserError } from "../model/user-error.ts";
import { packageOf } from "./package-paths.ts";
import { stableName } from "./esbuild-options.ts";
import { shiftColumns } from "./source-map-columns.ts";

/** The folder of the copies, below the function's folder. */
export const referencedFilesFolder = "files";

/** A path in an output's code: its literal with quotes, and the folder that it is relative to. */
interface FileReference {
  /** In UTF-16 units. */
  readonly at: number;
  readonly literal: string;
  readonly from: "module" | "function";
  readonly isResolve?: true;
}

const text = `(?<literal>"[^"\\\\\\n]+"|'[^'\\\\\\n]+'|\`[^\`\\\\$\\n]+\`)`;
/** Each with a text that is quickly looked for, without which there is no match. */
const kinds: readonly (readonly [
  part: string,
  pattern: RegExp,
  reference: Pick<FileReference, "from" | "isResolve">,
])[] = [
  [
    "import.meta.url",
    new RegExp(`(?<before>\\bnew [\\w$]+\\()${text}(?=,\\s*import\\.meta\\.url\\))`, "g"),
    { from: "module" },
  ],
  [
    commonJsDefines.__dirname,
    new RegExp(`(?<before>\\b${commonJsDefines.__dirname}\\s*\\+\\s*)${text}`, "g"),
    { from: "function" },
  ],
  // `fileOf` checks in the source whether this is `require.resolve`.
  [
    ".resolve(",
    new RegExp(`(?<before>[\\w$]\\.resolve\\()(?=.\\.\\.?/)${text}(?=\\))`, "g"),
    { from: "function", isResolve: true },
  ],
];

/** @param present the kinds that the code may have */
function referencesIn(code: string, present: typeof kinds): readonly FileReference[] {
  const references = present.flatMap(([, pattern, kind]) =>
    [...code.matchAll(pattern)].map(({ index, groups: { before = "", literal = "" } = {} }) => ({
      at: index + before.length,
      literal,
      ...kind,
    })),
  );
  return references.toSorted((a, b) => b.at - a.at);
}

/** The outputs of one bundle. */
export interface BundleOutputs {
  /** Absolute path of the app. */
  readonly root: string;
  readonly target: Target;
  /**
   * Referenced files are added as inputs that the referencing modules import, since they determine the build too.
   */
  readonly metafile: Metafile;
  /** By path in the function's folder; maps lie beside their modules. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * References to missing files stay as they are, since code may handle their absence. Throws UserError FILE_ON_WORKERS.
 */
export function includeReferencedFiles(bundle: BundleOutputs): ReadonlyMap<string, Uint8Array> {
  const files = new Map(bundle.files);
  for (const [name, bytes] of bundle.files) {
    if (!/\.m?js$/.test(name)) continue;
    const utf8 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    // Most functions have none, and need not be decoded.
    const present = kinds.filter(([part]) => utf8.includes(part));
    if (present.length === 0) continue;
    const code = utf8.toString();
    const references = referencesIn(code, present);
    if (references.length > 0) rewriteModule(bundle, { name, code, references }, files);
  }
  return files;
}

interface Module {
  readonly name: string;
  readonly code: string;
  /** From last to first, so that a replacement does not move the ones that follow. */
  readonly references: readonly FileReference[];
}

function rewriteModule(
  bundle: BundleOutputs,
  { name, code, references }: Module,
  files: Map<string, Uint8Array>,
): void {
  let [changed, map] = [code, Buffer.from(files.get(`${name}.map`) ?? []).toString()];
  if (map === "") return;
  const keys = new Map(Object.keys(bundle.metafile.inputs).map((key) => [stableName(key), key]));
  const places = new SourceMap(JSON.parse(map) as SourceMapPayload);
  for (const reference of references) {
    const { at, literal, from } = reference;
    const before = code.slice(0, at).split("\n");
    const [line, column] = [before.length - 1, before.at(-1)?.length ?? 0];
    const entry = places.findEntry(line, column);
    const key = "originalSource" in entry ? keys.get(entry.originalSource ?? "") : undefined;
    const path = key === undefined ? undefined : fileOf(bundle, key, reference);
    if (key === undefined || path === undefined) continue;
    // A Worker's `require` has no `resolve`, and code that tests for it handles its absence.
    if (bundle.target === "workers" && reference.isResolve) continue;
    if (bundle.target === "workers") throw workersError(bundle.root, key, literal);
    const bytes = readFileSync(path);
    const copy = `${referencedFilesFolder}/${hashedName(path, bytes)}`;
    files.set(copy, bytes);
    addInput(bundle, key, path, bytes.length);
    const own = from === "module" ? posix.relative(posix.dirname(name), copy) : copy;
    const written = JSON.stringify(
      reference.from === "function" && !reference.isResolve ? `/${own}` : own.startsWith(".") ? own : `./${own}`,
    );
    changed = changed.slice(0, at) + written + changed.slice(at + literal.length);
    map = shiftColumns(map, { line, column }, written.length - literal.length);
  }
  files.set(name, Buffer.from(changed));
  files.set(`${name}.map`, Buffer.from(map));
}

/** The absolute path of a referenced file; undefined where there is none. */
function fileOf({ root }: BundleOutputs, key: string, { literal, from, isResolve }: FileReference): string | undefined {
  const specifier = literal.slice(1, -1);
  if (isResolve && !callsRequireResolve(join(root, key), specifier)) return undefined;
  const url = new URL(from === "function" && !isResolve ? `.${specifier}` : specifier, pathToFileURL(join(root, key)));
  if (url.protocol !== "file:" || /^(?:\/|[a-z]+:)/i.test(from === "module" ? specifier : "")) return undefined;
  const path = fileURLToPath(url);
  return statSync(path, { throwIfNoEntry: false })?.isFile() ? path : undefined;
}

/** False for another `resolve`, such as that of `path`. */
const callsRequireResolve = (file: string, specifier: string): boolean =>
  ['"', "'", "`"].some((quote) => readFileSync(file, "utf8").includes(`require.resolve(${quote}${specifier}${quote})`));

/** The file's name with a content hash, so that files of the same name do not collide. */
const hashedName = (path: string, bytes: Uint8Array): string =>
  `${basename(path, extname(path))}-${createHash("sha256").update(bytes).digest("hex").slice(0, 8)}${extname(path)}`;

function addInput({ root, metafile: { inputs } }: BundleOutputs, importer: string, path: string, bytes: number): void {
  const key = relative(root, path).replaceAll("\\", "/");
  inputs[key] ??= { bytes, imports: [] };
  const original = relative(dirname(join(root, importer)), path).replaceAll("\\", "/");
  const { imports } = inputs[importer]!;
  if (!imports.some((one) => one.path === key))
    imports.push({ path: key, kind: "url-token", original: original.startsWith(".") ? original : `./${original}` });
}

function workersError(root: string, key: string, literal: string): UserError {
  const source = readFileSync(join(root, key), "utf8");
  const offset = Math.max(0, source.indexOf(literal.slice(1, -1)) - 1);
  const subject = packageOf(key) ? `the package ${packageOf(key)}` : key;
  const fix =
    "Import the file: .txt, .sql and .html give text, .json a value, .wasm a module; " +
    "or serve it as a static file and fetch that.";
  return new UserError(
    "FILE_ON_WORKERS",
    `${subject} reads the file ${literal} at run time, and Workers have no file system`,
    fix,
    {
      at: { file: key, ...codeFrame(source, offset, literal.length) },
    },
  );
}
