/**
 * Module types of imported .txt, .sql, .html and .wasm files (docs/routes.md), for every app that imports "portico".
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
