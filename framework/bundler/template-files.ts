/** Imports of .jinja files: compiled to modules when a function is bundled. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import type { OnLoadResult, PluginBuild } from "esbuild";
import { codeFrame } from "../model/code-frame.ts";
import { type App, defaultTemplates } from "../model/app.ts";
import { UserError } from "../model/user-error.ts";
import { compileTemplate } from "./templates/compiler.ts";
import { TemplateSyntaxError } from "./templates/syntax-error.ts";

/** Where templates are, and how they are compiled. */
export interface TemplateOptions {
  /** Absolute path of the app. */
  readonly root: string;
  /** The folder of template names, relative to the root; `defaultTemplates` when absent. */
  readonly templates?: string;
  readonly development: boolean;
}

/** An app's part of the options. */
export const templatesOf = ({
  templates,
}: {
  readonly templates?: App["templates"] | undefined;
}): Pick<TemplateOptions, "templates"> => (templates === undefined ? {} : { templates });

/** Names that may be missing are modules of this namespace, by their path relative to the root. */
const missingNamespace = "missing-template";

/** The path of the file that would be a missing template; the key itself for other inputs of a metafile. */
export const missingTemplate = (key: string): string =>
  key.startsWith(`${missingNamespace}:`) ? key.slice(missingNamespace.length + 1).replace(/ with \{.*\}$/, "") : key;

/** Compiles templates; a mistake in one is an error at its place. */
export function loadTemplates(build: PluginBuild, options: TemplateOptions): void {
  build.onLoad({ filter: /\.jinja$/, namespace: "file" }, ({ path }) => loadTemplate(path, options));
  build.onResolve({ filter: /\.jinja$/ }, ({ path, resolveDir, with: { missing } }) =>
    missing === "ignored"
      ? { path: slashes(relative(options.root, resolve(resolveDir, path))), namespace: missingNamespace }
      : undefined,
  );
  build.onLoad({ filter: /.*/, namespace: missingNamespace }, () => ({
    contents: `export const root = () => "", blocks = {}, names = [];`,
  }));
}

/** The absolute path of a template by its name in the file of another one. @param folder of names */
export const templatePath = (file: string, folder: string, name: string): string =>
  resolve(name.startsWith("./") || name.startsWith("../") ? dirname(file) : folder, name);

async function loadTemplate(path: string, { root, templates = defaultTemplates, development }: TemplateOptions) {
  const source = await readFile(path, "utf8");
  const file = slashes(relative(root, path));
  const locate = (name: string) => {
    const found = templatePath(path, resolve(root, templates), name);
    const specifier = slashes(relative(dirname(path), found));
    return { specifier: specifier.startsWith(".") ? specifier : `./${specifier}`, exists: existsSync(found) };
  };
  const folder = existsSync(resolve(root, templates)) ? templates : `${templates} (which is not there)`;
  const runtime = (module: string): string =>
    module === "warning" ? "portico/runtime/template-warning" : `portico/features/templates/${module}`;
  try {
    const { code } = compileTemplate(source, { file, development, locate, folder, runtime });
    return { contents: code, loader: "js", resolveDir: dirname(path) } satisfies OnLoadResult;
  } catch (error) {
    if (error instanceof TemplateSyntaxError) return { errors: [messageOf(error, source, file)] };
    throw error;
  }
}

/** The error in esbuild's form, which counts columns in bytes. */
function messageOf({ message, offset, length, fix }: TemplateSyntaxError, source: string, file: string) {
  const { line, column } = codeFrame(source, offset);
  const lineText = source.split("\n")[line - 1] ?? "";
  const bytes = (text: string): number => Buffer.byteLength(text);
  return {
    text: message,
    detail: new UserError("TEMPLATE", message, fix),
    location: {
      file,
      line,
      column: bytes(lineText.slice(0, column - 1)),
      length: bytes(lineText.slice(column - 1, column - 1 + length)),
      lineText,
    },
  };
}

const slashes = (path: string): string => path.replaceAll("\\", "/");
