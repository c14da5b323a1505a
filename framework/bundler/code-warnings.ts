/**
 * Build warnings about code that bundles without error but will not work: Node's names in a Worker, decorator metadata.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Metafile } from "esbuild";
import { codeFrame } from "../model/code-frame.ts";
import { packageOf } from "./package-paths.ts";
import { outputKey } from "./esbuild-options.ts";
import { tsconfigValue } from "./tsconfig.ts";

/** The text of esbuild's replacement for a `require` that it cannot bundle. */
const dynamicRequire = 'Dynamic require of "';

/**
 * Names that exist in Node and not in a Worker, with their patterns in a bundle and in a source file, and the effect.
 */
const nodeOnly: readonly (readonly [name: string, bundled: RegExp | undefined, source: RegExp, effect: string])[] = [
  ["import.meta.url", /\bimport\.meta\.url\b/, /\bimport\.meta\.url\b/, "is undefined in a Worker"],
  ...["__dirname", "__filename"].map((name) => {
    const free = new RegExp(`(?<![\\w$."'\`])${name}(?![\\w$"'\`:])`);
    return [name, free, free, "does not exist in a Worker"] as const;
  }),
  // A `require` that is not called cannot be recognised in a bundle, and its text may be in another module.
  ...["require.resolve", "require.main"].map((name) => {
    return [
      name,
      undefined,
      new RegExp(`(?<![\\w$.])${name.replace(".", "\\.")}\\b`),
      "does not exist in a Worker",
    ] as const;
  }),
];

/**
 * One warning for each name and package, or file of the app. Code that tests `typeof` the name first gets none.
 * @param outputs by name, as `readOutputs` returns them
 */
export function nodeOnlyNames(
  root: string,
  { outputs: described }: Pick<Metafile, "outputs">,
  outputs: ReadonlyMap<string, Uint8Array>,
): readonly string[] {
  const warnings = new Map<string, string>();
  const codes = [...outputs].flatMap(([name, bytes]) =>
    /\.m?js$/.test(name) ? [[name, Buffer.from(bytes).toString()] as const] : [],
  );
  const hasDynamicRequire = codes.some(([, code]) => code.includes(dynamicRequire));
  for (const [output, code] of codes) {
    const present = nodeOnly.filter(([, bundled]) => bundled?.test(code) ?? hasDynamicRequire);
    if (present.length === 0) continue;
    const inputs = Object.entries(described[outputKey(output)]?.inputs ?? {}).filter(
      ([, { bytesInOutput }]) => bytesInOutput > 0,
    );
    for (const [input] of inputs)
      for (const [key, text] of findNames(root, input, present)) if (!warnings.has(key)) warnings.set(key, text);
  }
  return [...warnings.values()];
}

function* findNames(
  root: string,
  input: string,
  names: typeof nodeOnly,
): Generator<readonly [key: string, text: string]> {
  const path = join(root, input);
  if (!/\.[cm]?[jt]sx?$/.test(input) || !existsSync(path)) return;
  const text = readFileSync(path, "utf8");
  for (const [name, , source, effect] of names) {
    const code = withoutComments(text);
    const found = source.exec(code);
    if (!found || new RegExp(`typeof ${name.replaceAll(".", "\\.")}\\b`).test(code)) continue;
    const { line, column } = codeFrame(text, found.index, name.length);
    const packageName = packageOf(input);
    yield [
      `${name} ${packageName ?? input}`,
      `${name} ${effect}${packageName ? `; the package ${packageName} uses it` : ""}, at ${input}:${line}:${column}`,
    ];
  }
}

/** Replaces comments with spaces, so that offsets stay the same. Comments inside strings are replaced too. */
const withoutComments = (text: string): string =>
  text.replace(/(?<![:"'`\\])\/\/[^\n]*|\/\*[^]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "));

/**
 * Warns where tsconfig.json sets emitDecoratorMetadata, which esbuild ignores because it compiles without types.
 * @param files of routes, relative to the root
 */
export function decoratorWarnings(root: string, files: readonly string[]): readonly string[] {
  const configs = new Set(files.flatMap((file) => nearestTsconfig(dirname(join(root, file))) ?? []));
  return [...configs].flatMap((config) => {
    const found = tsconfigValue(config, "emitDecoratorMetadata");
    if (found?.value !== true) return [];
    const place = found.file.startsWith(`${root}/`) ? found.file.slice(root.length + 1) : found.file;
    return [
      "emitDecoratorMetadata has no effect, since types are removed before code is bundled: " +
        `pass values to decorators, such as @Inject(Service) or @Column("text"), at ${place}:${found.line}`,
    ];
  });
}

function nearestTsconfig(folder: string): string | undefined {
  const file = join(folder, "tsconfig.json");
  if (existsSync(file)) return file;
  return folder === dirname(folder) ? undefined : nearestTsconfig(dirname(folder));
}
