/** The entry `portico/vitest`: a plugin that lets tests import .html, .txt, .sql, .jinja and .wasm files. */
import { pathToFileURL } from "node:url";
import { fileModule } from "./file-imports.ts";

/** The part of Vite's plugin interface that is used here; Vite is a package of the app. */
export interface VitePlugin {
  readonly name: string;
  readonly enforce: "pre";
  load(id: string): string | undefined;
}

/**
 * For `export default defineConfig({ plugins: [portico()] })`. Vite handles imports with a query, such as
 * `./a.txt?url`.
 */
export const portico = (): VitePlugin => ({
  name: "portico",
  // Before Vite's own plugins, which handle most of these files otherwise.
  enforce: "pre",
  load: (id) =>
    id.startsWith("/") || /^[A-Za-z]:\//.test(id)
      ? id.includes("?")
        ? undefined
        : fileModule(pathToFileURL(id).href)
      : undefined,
});
