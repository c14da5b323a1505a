/** What the package.json files above a module say of it to esbuild: whether it has side effects, and its format. */
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** What is said of a module. */
export interface PackageAnnotations {
  /** Whether a package.json has `sideEffects` other than true, so that esbuild may leave the module out. */
  readonly omittable: boolean;
  /** The nearest `type`. */
  readonly type: unknown;
}

/** Reads each package.json once. @param root absolute path that keys of the metafile are relative to */
export function packageAnnotations(root: string): (key: string) => PackageAnnotations {
  const known = new Map<string, PackageAnnotations>();
  const find = (folder: string): PackageAnnotations => {
    const isOutermost = basename(folder) === "node_modules" || folder === dirname(folder);
    const above = isOutermost
      ? { omittable: false, type: undefined }
      : (known.get(dirname(folder)) ?? find(dirname(folder)));
    const own = isOutermost ? undefined : readPackage(folder);
    const annotations = own
      ? { omittable: above.omittable || (own.sideEffects ?? true) !== true, type: own.type }
      : above;
    known.set(folder, annotations);
    return annotations;
  };
  return (key) => {
    const folder = dirname(join(root, key));
    return known.get(folder) ?? find(folder);
  };
}

/** Undefined where there is none, or one that is no JSON. */
function readPackage(folder: string): { readonly sideEffects?: unknown; readonly type?: unknown } | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as object;
  } catch {
    return undefined;
  }
}
