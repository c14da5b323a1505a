/** The file extensions that an import may resolve to, and esbuild's loaders for those that Portico adds. */
import { posix } from "node:path";

/** Loaders beside esbuild's defaults. On Workers, .wasm files are copied instead. */
export const loaders = { ".txt": "text", ".sql": "text", ".html": "text", ".wasm": "binary" } as const;

/** Extensions that esbuild has loaders for by default and that contain code, and templates, which are compiled. */
const code = [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json", ".css", ".jinja"];

/** True for files that are bundled as they are, whose content cannot make a build fail or succeed. */
export const isData = (name: string): boolean => !code.includes(posix.extname(name));

/** Every extension that an import may have. */
export const importableExtensions: readonly string[] = [...code, ...Object.keys(loaders)];

/**
 * True when an import of a value may resolve to a file of this name, which declarations do not have. Names without an
 * extension may be folders.
 */
export const isImportable = (name: string): boolean =>
  !posix.extname(name) || (importableExtensions.includes(posix.extname(name)) && !/\.d\.[cm]?ts$/.test(name));
