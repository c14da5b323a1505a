/** The modules that imports of .html, .txt, .sql, .jinja and .wasm files give in tests, as in a build. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { compileTemplate } from "../bundler/templates/compiler.ts";
import { TemplateSyntaxError } from "../bundler/templates/syntax-error.ts";
import { defaultTemplates } from "../model/app.ts";
import { codeFrame } from "../model/code-frame.ts";
import { UserError } from "../model/user-error.ts";

const isText = /\.(?:txt|sql|html)$/;

/**
 * JavaScript whose default export is the text, the template, or the compiled WebAssembly module; undefined for other
 * files. Throws UserError TEMPLATE for a mistake in a template.
 * @param url `file:`
 */
export function fileModule(url: string): string | undefined {
  const path = url.startsWith("file:") && !/[?#]/.test(url) ? fileURLToPath(url) : "";
  if (isText.test(path)) return `export default ${JSON.stringify(readFileSync(path, "utf8"))};`;
  if (path.endsWith(".jinja")) return templateModule(path);
  if (!path.endsWith(".wasm")) return undefined;
  const file = JSON.stringify(path);
  return `export default new WebAssembly.Module(process.getBuiltinModule("node:fs").readFileSync(${file}));`;
}

function templateModule(path: string): string {
  const source = readFileSync(path, "utf8");
  const root = rootOf(dirname(path));
  const file = relative(root, path).replaceAll("\\", "/");
  const locate = (name: string) => {
    const found = resolve(/^\.{1,2}\//.test(name) ? dirname(path) : templatesIn(root), name);
    const isThere = existsSync(found);
    return { specifier: isThere ? importable(found) : "", exists: isThere };
  };
  const runtime = (module: string): string =>
    importable(fileURLToPath(new URL(`../features/templates/${module}${extname(import.meta.url)}`, import.meta.url)));
  try {
    return compileTemplate(source, { file, development: false, locate, runtime }).code;
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error;
    const at = { file, ...codeFrame(source, error.offset, error.length) };
    throw new UserError("TEMPLATE", error.message, error.fix, { at });
  }
}

const importable = (path: string): string => pathToFileURL(path).href;

/** The app's folder: the nearest one with a hosting.json, else the current one. */
function rootOf(folder: string): string {
  if (existsSync(join(folder, "hosting.json"))) return folder;
  return dirname(folder) === folder ? process.cwd() : rootOf(dirname(folder));
}

/** The key "templates" of hosting.json, outside of comments; the published package has no reader of JSON for this. */
function templatesIn(root: string): string {
  const file = join(root, "hosting.json");
  const text = existsSync(file) ? readFileSync(file, "utf8").replace(/^\s*\/\/.*$|\/\*[^]*?\*\//gm, "") : "";
  return resolve(root, /"templates"\s*:\s*"([^"\\]+)"/.exec(text)?.[1] ?? defaultTemplates);
}
