/**
 * Module types of imported .txt, .sql, .html, .jinja and .wasm files (docs/routes.md), for apps that import "portico".
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

declare module "*.jinja" {
  const template: import("./template.ts").Template;
  export default template;
}

declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
