/** Names what hosting.json declares under "env" and "secrets", so that `context.env` is typed in every route. */
declare module "portico" {
  interface Bindings {
    readonly GREETING: string;
  }
}

/** What a Hono sub-app is told about the env: `new Hono<{ Bindings: Env }>()`. */
export type { Env } from "portico";
