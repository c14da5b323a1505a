/** The repository's source files and who imports what: folders in, an import graph out. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

/** One import as a file writes it. */
export interface Import {
  /** Relative to the graph's root for files of it, else as written: `hono`, `node:fs`. */
  readonly to: string;
  /** Gone after compilation: `import type`, `typeof import("…")`. */
  readonly typeOnly: boolean;
  /** `import("…")`: loaded when it is reached, so it makes no cycle. */
  readonly dynamic: boolean;
}

/** A source file; its path is relative to the root, with "/". */
export interface Source {
  readonly file: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

/** The checkout. */
export const root: string = fileURLToPath(new URL("../..", import.meta.url));

/** Generated, or a project of its own. */
const exclude = ["**/node_modules/**", "**/.portico/**", "framework/cli/template/**", "test/apps/*/routes.d.ts"];

/** Reads every file below `folders` of `directory`; fixtures and templates are not ours to judge. */
export async function readSources(directory: string, folders: readonly string[]): Promise<Source[]> {
  const patterns = folders.map((folder) => `${folder}/**/*.{ts,tsx,js,mjs,cjs}`);
  const files = globSync(patterns, { cwd: directory, exclude })
    .map((file) => file.replaceAll("\\", "/"))
    .toSorted();
  const values = await valueImports(directory, files);
  return files.map((file) => {
    const text = readFileSync(join(directory, file), "utf8");
    return { file, text, imports: [...(values.get(file) ?? []), ...typeImports(file, text)] };
  });
}

/**
 * What is left to import at run time, as esbuild parses it (tsconfig's verbatimModuleSyntax keeps every import that is
 * no type).
 */
async function valueImports(directory: string, files: readonly string[]): Promise<Map<string, Import[]>> {
  const { metafile } = await build({
    absWorkingDir: directory,
    entryPoints: files.map((file) => `./${file}`),
    bundle: true,
    packages: "external",
    plugins: [keepImports(directory)],
    platform: "node",
    format: "esm",
    jsx: "automatic",
    jsxImportSource: "hono/jsx",
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    outdir: "out",
    write: false,
    metafile: true,
    logLevel: "silent",
  });
  const found = Object.entries(metafile.inputs).map(([file, { imports }]) => {
    const inner = imports.map(({ path, kind }): Import => ({
      to: path,
      typeOnly: false,
      dynamic: kind === "dynamic-import",
    }));
    return [file, inner] as const;
  });
  return new Map(found);
}

/** Leaves each file by itself, with its relative imports as paths from the root. */
function keepImports(directory: string): Plugin {
  return {
    name: "keep-imports",
    setup({ onResolve }) {
      onResolve({ filter: /^\./ }, ({ kind, importer, path }) =>
        kind === "entry-point" ? undefined : { path: resolve(relative(directory, importer), path), external: true },
      );
    },
  };
}

/** Statements begin a line, since oxfmt lays them out; `import("…")` inside a type may stand anywhere. */
function typeImports(file: string, text: string): Import[] {
  const statements = text.matchAll(/^(?:import|export) type\b[^;]*?\bfrom "([^"]+)"/gm);
  const expressions = text.matchAll(/\btypeof import\("([^"]+)"\)/g);
  return [...statements, ...expressions].map(([, specifier = ""]) => ({
    to: resolve(file, specifier),
    typeOnly: true,
    dynamic: false,
  }));
}

const resolve = (file: string, specifier: string): string =>
  specifier.startsWith(".") ? normalize(join(dirname(file), specifier)).replaceAll("\\", "/") : specifier;
