/** `__dirname`, `__filename` and `require` for CommonJS code in bundles, which are ES modules and lack them. */
import type { OutputFile, PluginBuild } from "esbuild";
import type { Target } from "../model/target.ts";

/** esbuild `define`s that rename free variables, so that they cannot collide with the app's own declarations. */
export const commonJsDefines = { __dirname: "portico_dirname", __filename: "portico_filename" } as const;

/** An expression for the function's folder, in a module `depth` folders below it. */
const folderOf = (depth: number): string =>
  `${'process.getBuiltinModule("path").dirname('.repeat(depth)}import.meta.dirname${")".repeat(depth)}`;

/**
 * The text by which code that uses a variable is recognised, and the line that declares the variable. The third text is
 * that of esbuild's replacement for a `require` that it could not bundle.
 */
const declarations: readonly (readonly [text: string, line: (depth: number) => string])[] = [
  [commonJsDefines.__dirname, (depth) => `const ${commonJsDefines.__dirname}=${folderOf(depth)};`],
  [commonJsDefines.__filename, () => `const ${commonJsDefines.__filename}=import.meta.filename;`],
  [
    'Dynamic require of "',
    (depth) => `const require=process.getBuiltinModule("module").createRequire(${folderOf(depth)}+"/index.js");`,
  ],
];

/** Declares the variables in outputs that use them; other outputs stay as they are. */
export function declareCommonJsVariables(build: PluginBuild, target: Target): void {
  const folder = `${build.initialOptions.outdir ?? ""}/`;
  const lineFor = ({ path, contents }: OutputFile): string => {
    const code = bytesOf(contents);
    // A module for Lambda becomes index.mjs in the function's folder, whatever its path here.
    const depth = target === "lambda" ? 0 : path.slice(folder.length).split(/[\\/]/).length - 1;
    return declarations
      .filter(([text]) => code.includes(text))
      .map(([, line]) => line(depth))
      .join("");
  };
  build.onEnd(({ outputFiles }) => {
    if (!outputFiles) return;
    const lines = new Map(
      outputFiles.filter(({ path }) => /\.m?js$/.test(path)).map((file) => [file.path, lineFor(file)]),
    );
    for (const [index, file] of outputFiles.entries()) {
      const line = lines.get(file.path);
      if (line) outputFiles[index] = withInserted(file, 0, `${line}\n`);
      // A semicolon moves the map's lines down by one.
      else if (lines.get(file.path.replace(/\.map$/, "")))
        outputFiles[index] = withInserted(file, bytesOf(file.contents).indexOf(mappings) + mappings.length, ";");
    }
  });
}

const mappings = '\n  "mappings": "';

/** A view, without a copy. */
const bytesOf = ({ buffer, byteOffset, length }: Uint8Array): Buffer => Buffer.from(buffer, byteOffset, length);

/** Inserts into the bytes, since reading megabytes of modules and maps as text takes longer than linking some. */
function withInserted({ path, hash, contents: before }: OutputFile, at: number, inserted: string): OutputFile {
  const contents = Buffer.concat([before.subarray(0, at), Buffer.from(inserted), before.subarray(at)]);
  return {
    path,
    hash,
    contents,
    get text() {
      return contents.toString();
    },
  };
}
