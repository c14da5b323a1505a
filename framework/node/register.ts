/**
 * The entry `portico/register`: lets `node --import portico/register --test` import .html, .txt, .sql, .jinja and .wasm
 * files, as a build does.
 */
import { registerHooks } from "node:module";
import { fileModule } from "./file-imports.ts";

registerHooks({
  load(url, context, nextLoad) {
    const source = context.importAttributes["type"] === undefined ? fileModule(url) : undefined;
    return source === undefined ? nextLoad(url, context) : { format: "module", source, shortCircuit: true };
  },
});
