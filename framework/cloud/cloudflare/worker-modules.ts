/** Checks, stores and loads the modules of a Worker's version. */
import type { VersionModule } from "../../emulation/workers/miniflare-version.ts";
import { CloudflareError, invalid, unsupported } from "./cloudflare-error.ts";
import type { ContentStore } from "./content-store.ts";
import type { StoredModule } from "./records.ts";

/**
 * Bytes of all modules together, uncompressed (limits page, September 2026: 64 MiB); source maps do not count. Workerd
 * gives a loaded Worker no more either, and the startup check adds two small modules of its own.
 */
const maxSize = 64 * 1024 * 1024 - 4096;

/** The content types that the API documents; undefined is for parts that are not code. */
const types: Readonly<Record<string, VersionModule["type"] | undefined>> = {
  "application/javascript+module": "ESModule",
  "text/javascript+module": "ESModule",
  "application/javascript": "CommonJS",
  "text/javascript": "CommonJS",
  "application/wasm": "CompiledWasm",
  "text/plain": "Text",
  "application/octet-stream": "Data",
  "application/source-map": undefined,
};

/** A module as it was uploaded. */
export interface UploadedModule {
  readonly name: string;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** Throws CloudflareError unless the modules can be those of a Worker whose entry is `main`. */
export function checkModules(modules: readonly UploadedModule[], main: string): void {
  const names = new Set<string>();
  for (const { name, contentType } of modules) {
    if (contentType === "text/x-python" || contentType === "text/x-python-requirement")
      throw unsupported("Python Workers");
    if (!Object.hasOwn(types, contentType))
      throw invalid(`Module ${name} has the content type ${contentType || "(none)"}, which no module can have.`);
    if (names.has(name)) throw invalid(`The upload has two parts named ${name}.`);
    if (!isPlainName(name)) throw invalid(`${name} cannot be the name of a module.`);
    names.add(name);
  }
  const entry = modules.find(({ name }) => name === main);
  if (!entry) throw invalid(`No such module: "${main}", which main_module names, is not in the upload.`);
  if (types[entry.contentType] !== "ESModule")
    throw invalid("Version upload failed. The main module must be an ES module.", 10216);
  const size = modules.reduce(
    (sum, { contentType, bytes }) => sum + (contentType === "application/source-map" ? 0 : bytes.length),
    0,
  );
  if (size > maxSize)
    throw new CloudflareError(
      10027,
      413,
      `Your Worker has ${size} bytes, which exceeds the size limit of 64 MiB (here less 4 KB).`,
    );
}

function isPlainName(name: string): boolean {
  // oxlint-disable-next-line no-control-regex -- a NUL or control character in a module's name is an attack
  if (name.length > 500 || /[\\\u0000-\u001f]/.test(name)) return false;
  return name.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

export function storeModules(modules: readonly UploadedModule[], content: ContentStore): readonly StoredModule[] {
  return modules.map(({ name, contentType, bytes }) => ({
    name,
    contentType,
    sha256: content.put(bytes),
    size: bytes.length,
  }));
}

/** The modules that workerd runs: the entry first, no source maps. */
export function runnableModules(modules: readonly UploadedModule[], main: string): readonly VersionModule[] {
  const code = modules.flatMap(({ name, contentType, bytes }) => {
    const type = types[contentType];
    return type ? [{ type, name, contents: bytes }] : [];
  });
  return code.toSorted((left, right) => Number(right.name === main) - Number(left.name === main));
}

export function loadModules(modules: readonly StoredModule[], content: ContentStore): readonly UploadedModule[] {
  return modules.map(({ name, contentType, sha256 }) => ({ name, contentType, bytes: content.read(sha256) }));
}
