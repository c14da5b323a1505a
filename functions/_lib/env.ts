/** What a Hono sub-app is told about the env: `new Hono<{ Bindings: Env }>()`. routes.d.ts has the names. */
export type { Env } from "portico";
