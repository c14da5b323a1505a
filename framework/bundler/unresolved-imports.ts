/** The fix for imports that esbuild could not resolve: packages to install, paths to correct, code to generate. */
import { existsSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname, extname, join } from "node:path";
import type { Message } from "esbuild";
import { importableExtensions } from "./loaders.ts";
import { packageOf } from "./package-paths.ts";

/** The import at the place of an error. */
interface Import {
  readonly specifier: string;
  /** Relative to the root. */
  readonly file: string;
  /** The package that the file is in. */
  readonly inside: string | undefined;
}

/** Undefined where the first error is not at an import. @param root absolute path that files are relative to */
export function unresolvedFix(root: string, errors: readonly Message[]): string | undefined {
  const imports = errors.flatMap((error) => importAt(error) ?? []);
  const [first] = imports;
  if (!first || importAt(errors[0]) === undefined) return undefined;
  const missing = imports.flatMap((failed) => {
    const name = missingPackage(root, failed);
    return name === undefined ? [] : [{ name, inside: failed.inside }];
  });
  if (missingPackage(root, first) !== undefined) return installFix(missing);
  return generatedFix(first) ?? pathFix(root, first);
}

function importAt(error: Message | undefined): Import | undefined {
  const { location } = error ?? {};
  if (!location) return undefined;
  const quoted = Buffer.from(location.lineText)
    .subarray(location.column, location.column + location.length)
    .toString();
  const specifier = /^(["'`])(.+)\1$/.exec(quoted)?.[2];
  return specifier === undefined ? undefined : { specifier, file: location.file, inside: packageOf(location.file) };
}

/** The name of an imported package that no node_modules above the file contains. */
function missingPackage(root: string, { specifier, file }: Import): string | undefined {
  const name = /^((?:@[\w.-]+\/)?[\w][\w.-]*)(?:\/.*)?$/.exec(specifier)?.[1];
  if (name === undefined || builtinModules.includes(name)) return undefined;
  for (let folder = dirname(join(root, file)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, "node_modules", name))) return undefined;
    if (folder === dirname(folder)) return name;
  }
}

/** Packages may import optional drivers, which "external" can exclude; the app's own imports must be installed. */
function installFix(missing: readonly { readonly name: string; readonly inside: string | undefined }[]): string {
  const all = [...new Set(missing.map(({ name }) => name))];
  const optional = [...new Set(missing.filter(({ inside }) => inside !== undefined).map(({ name }) => name))];
  const install = `Run npm install ${all.join(" ")}`;
  if (optional.length === 0) return `${install}.`;
  const list = optional.map((name) => JSON.stringify(name)).join(", ");
  const pronoun = optional.length > 1 ? "them" : "it";
  return `${install}; or, if the code that needs ${pronoun} never runs, add "external": [${list}] to hosting.json.`;
}

/** Code that a command generates into node_modules, such as `.prisma/client`. */
function generatedFix({ specifier, inside }: Import): string | undefined {
  if (inside === undefined || !/^\.[^./]/.test(specifier)) return undefined;
  if (specifier.startsWith(".prisma/")) return "Run npx prisma generate, then build again.";
  return `Run the command that generates code for ${inside}, as its documentation says, then build again.`;
}

function pathFix(root: string, { specifier, file, inside }: Import): string | undefined {
  const isRelative = /^\.\.?(?:\/|$)/.test(specifier);
  if (isRelative && existsSync(join(root, dirname(file), specifier)) && extname(specifier))
    return (
      `Import one of ${importableExtensions.join(", ")}; a .txt file gives its text, ` +
      `and new URL(${JSON.stringify(specifier)}, import.meta.url) its location.`
    );
  if (inside !== undefined)
    return `Reinstall ${inside}: npm install ${inside}${isRelative ? "" : ", in a version that contains it"}.`;
  return isRelative
    ? "Correct the path: the file does not exist."
    : "Correct the name: the package does not export it.";
}
