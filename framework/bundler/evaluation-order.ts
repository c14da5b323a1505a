/**
 * Corrections of the order in which a bundle evaluates its modules, found in a first bundle's metafile and applied in a
 * second one.
 *
 * esbuild initialises a module lazily if it is imported in one place and required or import()ed in another. It drops
 * the initialising call where the import goes through a package without side effects ("export * from"), so such modules
 * are marked as having side effects. A marked module loses what its package.json and tsconfig.json say of its format
 * and syntax, so only those are marked that esbuild might leave out. With code splitting, a module that is both
 * imported and import()ed would run before all others; a `require` in the entry makes esbuild initialise it in order.
 */
import { join, relative } from "node:path";
import type { Message, Metafile, Plugin, PluginBuild } from "esbuild";
import { isBuildFailure } from "./build-errors.ts";
import { packageAnnotations } from "./package-annotations.ts";

/** Modules are given by their keys in the metafile. */
export interface EvaluationOrder {
  /** Whether some modules are imported dynamically and become files of their own. */
  readonly splits: boolean;
  /** By entry: modules that it imports both statically and dynamically. */
  readonly deferred: ReadonlyMap<string, readonly string[]>;
  /**
   * Lazily initialised modules and those that import them, of packages without side effects, and the specifiers of
   * their imports.
   */
  readonly sideEffects: ReadonlySet<string>;
  readonly specifiers: readonly string[];
  /** The resolved files of these imports between package files, by `importKey`, so that they are not resolved again. */
  readonly packageImports: ReadonlyMap<string, string>;
}

/** The order of a bundle that needs no corrections. */
export const defaultOrder: EvaluationOrder = {
  splits: false,
  deferred: new Map(),
  sideEffects: new Set(),
  specifiers: [],
  packageImports: new Map(),
};

/** Whether a module is required or import()ed. Where none is, no bundle needs corrections. */
export const hasLateImports = ({ inputs }: Metafile): boolean =>
  Object.values(inputs).some(({ imports }) =>
    imports.some(({ kind, external }) => !external && kind !== "import-statement"),
  );

type Kind = Metafile["inputs"][string]["imports"][number]["kind"];

/**
 * The corrections that a bundle needs.
 * @param root absolute path that keys are relative to
 * @param entries keys of generated entries, each of which is run separately
 */
export function evaluationOrder(root: string, { inputs }: Metafile, entries: readonly string[]): EvaluationOrder {
  const importsOf = (key: string, ...kinds: readonly Kind[]): readonly string[] =>
    (inputs[key]?.imports ?? []).flatMap(({ path, kind, external }) => (!external && kinds.includes(kind) ? path : []));
  const follow = (from: readonly string[], ...kinds: readonly Kind[]): ReadonlySet<string> => {
    const found = new Set(from);
    for (const key of found) for (const path of importsOf(key, ...kinds)) found.add(path);
    return found;
  };
  // Portico's modules may run at any time, and entries require only deferred modules.
  const isModule = (key: string): boolean => inputs[key]?.format === "esm" && !key.startsWith("portico:");
  const dynamicImportsOf = (keys: Iterable<string>): string[] =>
    [...keys].flatMap((key) => importsOf(key, "dynamic-import"));
  const all = follow(entries, "import-statement", "require-call", "dynamic-import");
  const required = [...all].flatMap((key) =>
    entries.includes(key) ? [] : importsOf(key, "require-call").filter(isModule),
  );
  const splits = dynamicImportsOf(all).length > 0;
  if (!splits && required.length === 0) return defaultOrder;
  const deferred = new Map(
    entries.map((entry) => {
      const eager = follow([entry], "import-statement", "require-call");
      const lazy = follow(
        dynamicImportsOf(follow([entry], "import-statement", "require-call", "dynamic-import")),
        "import-statement",
        "require-call",
      );
      return [entry, [...lazy].filter((key) => eager.has(key) && isModule(key))] as const;
    }),
  );
  const lazilyInitialised = follow([...required, ...[...deferred.values()].flat()], "import-statement");
  const importers = Map.groupBy(
    [...all].flatMap((by) => importsOf(by, "import-statement").map((path) => ({ path, by }))),
    ({ path }) => path,
  );
  const concerned = new Set([...lazilyInitialised].filter(isModule));
  for (const key of concerned) for (const { by } of importers.get(key) ?? []) concerned.add(by);
  const annotationsOf = packageAnnotations(root);
  /** The default import of a CommonJS module is another one in a `.js` file of a package with `"type": "module"`. */
  const needsItsType = (key: string): boolean =>
    /\.[jt]sx?$/.test(key) &&
    annotationsOf(key).type === "module" &&
    importsOf(key, "import-statement").some((path) => inputs[path]?.format === "cjs");
  const sideEffects = new Set([...concerned].filter((key) => annotationsOf(key).omittable && !needsItsType(key)));
  const sideEffectImports = [...all].flatMap((by) =>
    (inputs[by]?.imports ?? []).flatMap(({ path, kind, original }) =>
      original !== undefined && sideEffects.has(path) ? { by, path, kind, original } : [],
    ),
  );
  if (!splits && sideEffectImports.length === 0) return defaultOrder;
  const packageImports = sideEffectImports.filter(({ by, path }) => isPackageFile(by) && isPackageFile(path));
  return {
    splits,
    deferred,
    sideEffects,
    specifiers: [...new Set(sideEffectImports.map(({ original }) => original))],
    packageImports: new Map(
      packageImports.map(({ by, kind, original, path }) => [importKey(by, kind, original), path]),
    ),
  };
}

/** A file of a package, without a query. */
const isPackageFile = (key: string): boolean => /^[^:?#]*\bnode_modules\/[^:?#]*$/.test(key);

/** The identity of an import: its kind, the importing file's key, and its specifier. */
const importKey = (by: string, kind: string, original: string): string => `${kind} ${by} ${original}`;

/** A call of esbuild with an evaluation order; it rejects with esbuild's error. */
type Bundle<Result> = (order: EvaluationOrder) => Promise<Result>;

/**
 * Bundles in the right order: once for most functions, twice for those that need corrections.
 * @param root as in `evaluationOrder`
 * @param entries as in `evaluationOrder`
 * @param first the order to try first
 */
export async function bundleInOrder<Result extends { readonly metafile: Metafile }>(
  root: string,
  entries: readonly string[],
  bundle: Bundle<Result>,
  first: EvaluationOrder = defaultOrder,
): Promise<Result> {
  const result = await bundleWithOrder(first, bundle);
  const order = evaluationOrder(root, result.metafile, entries);
  return isSameOrder(order, first) ? result : bundleWithOrder(order, bundle);
}

/** Bundles with an order, without deferring modules that have top-level await, which esbuild rejects in a `require`. */
export async function bundleWithOrder<Result>(order: EvaluationOrder, bundle: Bundle<Result>): Promise<Result> {
  try {
    return await bundle(order);
  } catch (error) {
    const rejected = new Set(
      isBuildFailure(error) ? error.errors.flatMap((message) => deferredModuleAt(order, message) ?? []) : [],
    );
    if (rejected.size === 0) throw error;
    const deferred = [...order.deferred].map(
      ([entry, keys]) => [entry, keys.filter((key) => !rejected.has(key))] as const,
    );
    return bundleWithOrder({ ...order, deferred: new Map(deferred) }, bundle);
  }
}

/** The deferred module whose `require` in an entry's `deferringLine` caused an error. */
function deferredModuleAt({ deferred }: EvaluationOrder, { location }: Message): string | undefined {
  if (!location) return undefined;
  const { file, column, lineText } = location;
  return deferred.get(file)?.find((key) =>
    Buffer.from(lineText)
      .subarray(column)
      .toString()
      .startsWith(JSON.stringify(toSpecifier(key))),
  );
}

/** Whether bundles with the two orders would be equal. */
const isSameOrder = (a: EvaluationOrder, b: EvaluationOrder): boolean => textOf(a) === textOf(b);

const textOf = ({ splits, deferred, sideEffects, specifiers }: EvaluationOrder): string =>
  JSON.stringify([
    splits,
    [...deferred].map(([entry, keys]) => [entry, keys.toSorted()]),
    [...sideEffects].toSorted(),
    specifiers.toSorted(),
  ]);

/**
 * A line for an entry that requires its deferred modules in a function that is never called. esbuild removes the line,
 * but initialises the modules in order.
 */
export function deferringLine({ deferred }: EvaluationOrder, entry: string): string {
  const keys = deferred.get(entry) ?? [];
  return keys.length === 0
    ? ""
    : `(() => [${keys.map((key) => `require(${JSON.stringify(toSpecifier(key))})`).join(", ")}]);\n`;
}

/** A specifier relative to the app's root, where generated entries are. */
const toSpecifier = (key: string): string => (/^\.\.?\//.test(key) ? key : `./${key}`);

/** Marks resolutions that the plugin itself requests. */
const isNested = Symbol("nested");

/** Marks modules of an order as having side effects. @param root absolute path that keys are relative to */
export const sideEffectsPlugin = (
  root: string,
  { sideEffects, specifiers, deferred, packageImports }: EvaluationOrder,
): Plugin => ({
  name: "portico-side-effects",
  setup(build: PluginBuild) {
    const toKey = (file: string): string => relative(root, file).replaceAll("\\", "/");
    // The requires of an entry's `deferringLine`: a key without a query or attributes is its file's path.
    const files = [...deferred.values()].flat().filter((key) => !/[?#]| with \{/.test(key));
    const required = new Map(files.map((key) => [toSpecifier(key), key]));
    if (required.size > 0)
      build.onResolve({ filter: /^\.\.?\//, namespace: "portico" }, ({ path, kind }) => {
        const key = kind === "require-call" ? required.get(path) : undefined;
        return key !== undefined && sideEffects.has(key) ? { path: join(root, key), sideEffects: true } : undefined;
      });
    if (specifiers.length === 0) return;
    const texts = specifiers.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const filter = new RegExp(`^(?:${texts.join("|")})$`);
    build.onResolve({ filter }, async ({ path, pluginData, ...from }) => {
      if (pluginData === isNested || from.kind === "entry-point") return undefined;
      const { importer, namespace, resolveDir, kind } = from;
      // Resolving again would take three times as long, and packages have thousands of imports.
      const known = namespace === "file" && packageImports.get(importKey(toKey(importer), kind, path));
      if (known) return { path: join(root, known), sideEffects: true };
      const found = await build.resolve(path, {
        importer,
        namespace,
        resolveDir,
        kind,
        with: from.with,
        pluginData: isNested,
      });
      if (found.errors.length > 0) return undefined;
      const key = found.namespace === "file" ? toKey(found.path) : `${found.namespace}:${found.path}`;
      return sideEffects.has(key) ? { ...found, sideEffects: true } : undefined;
    });
  },
});
