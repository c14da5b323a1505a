/** The modules that imports of .html, .txt, .sql and .wasm files give in tests, as in a build. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const isText = /\.(?:txt|sql|html)$/;

/**
 * JavaScript whose default export is the text, or the compiled WebAssembly module; undefined for other files.
 * @param url `file:`
 */
export function fileModule(url: string): string | undefined {
  const path = url.startsWith("file:") && !/[?#]/.test(url) ? fileURLToPath(url) : "";
  if (isText.test(path)) return `export default ${JSON.stringify(readFileSync(path, "utf8"))};`;
  if (!path.endsWith(".wasm")) return undefined;
  const file = JSON.stringify(path);
  return `export default new WebAssembly.Module(process.getBuiltinModule("node:fs").readFileSync(${file}));`;
}
