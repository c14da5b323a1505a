// Written by portico types and by portico dev; portico types --check tells whether it is current.

declare module "*/home.jinja" {
  const template: import("portico").Template<{
    readonly body?: unknown;
    readonly links: unknown;
    readonly title: unknown;
  }>;
  export default template;
}

declare module "*/layout.jinja" {
  const template: import("portico").Template<{
    readonly body: unknown;
    readonly title: unknown;
  }>;
  export default template;
}

declare module "*.jinja" {
  const template: import("portico").Template;
  export default template;
}
