/**
 * Module types of imported .txt, .sql, .html and .wasm files (docs/routes.md), for apps that import "portico". Those of
 * .jinja files are in the app's templates.d.ts: of two patterns for one import, the compiler takes the first.
 */

declare module "*.txt" {
  const text: string;
  export default text;
}

declare module "*.sql" {
  const text: string;
  export default text;
}

declare module "*.html" {
  const text: string;
  export default text;
}

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
