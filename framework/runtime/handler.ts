/** The types of the portable interface: what a route file exports, and what its handlers receive. */

import type { Variables } from "./variables.ts";

/** HTTP methods a route file may export by name. HEAD follows GET; OPTIONS and 405 are automatic. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS";

/**
 * The env, secrets and bindings of the app by name. `portico types` declares those of hosting.json that are text;
 * declare others in your app: `declare module "portico" { interface Bindings { DB: D1Database } }`.
 */
// oxlint-disable-next-line typescript/no-empty-object-type -- augmented by the app
export interface Bindings {}

/** The env, secrets and bindings that hosting.json declares, and nothing else, on every target. */
export type Env = Readonly<Record<string, string>> & Bindings;

type Segment<Part extends string> = Part extends `[[...${infer Name}]]`
  ? { readonly [K in Name]?: string }
  : Part extends `[...${infer Name}]`
    ? { readonly [K in Name]: string }
    : Part extends `[${infer Name}]`
      ? { readonly [K in Name]: string }
      : unknown;

type Segments<Path extends string> = Path extends `${infer Head}/${infer Rest}`
  ? Segment<Head> & Segments<Rest>
  : Segment<Path>;

/** Named by the compiler where a param is used that the path does not have. */
// oxlint-disable-next-line typescript/no-empty-object-type, no-unused-vars -- its name is what it says
interface PathWithoutParams<_Path extends string> {}

/** The params of a route path written as its file is: `Params<"/users/[id]">` is `{ id: string }`. */
export type Params<Path extends string> = string extends Path
  ? Readonly<Record<string, string>>
  : unknown extends Segments<Path>
    ? PathWithoutParams<Path>
    : Segments<Path>;

/** The platform that the call runs on, with its own objects. */
export type Platform =
  | { readonly name: "lambda"; readonly event: unknown; readonly context: unknown }
  | { readonly name: "workers"; readonly env: unknown; readonly context: unknown; readonly cf: unknown }
  | {
      readonly name: "node";
      /** Absolute path of the folder of the app's data, or `:memory:` for data that end with the process. */
      readonly data?: string;
    };

/** The parts of a call that the adapter knows, before a route is chosen. */
export interface Call {
  readonly env: Env;
  /** Unique per call; printed in every log line and in a 500's body. */
  readonly requestId: string;
  /** The client's IP address, as the platform or proxy reports it; undefined if unknown, as in tests. */
  readonly clientAddress: string | undefined;
  readonly platform: Platform;
  /**
   * Keeps the environment alive until the promise settles. On Lambda behind an HTTP API this delays the response,
   * since the environment is frozen once it is sent; rejections are logged, never thrown.
   */
  waitUntil(promise: Promise<unknown>): void;
}

/** The second argument of every handler. */
export interface Context<Path extends string = string> extends Call {
  /** Path params, percent-decoded once. */
  readonly params: Params<Path>;
  /** Values that middleware set with `c.set(name, value)`. */
  readonly var: Readonly<Record<string, unknown>> & (Path extends keyof Variables ? Variables[Path] : unknown);
}

/** A handler of one method of a route. `Handler<"/users/[id]">` types `context.params` without code generation. */
export type Handler<Path extends string = string> = (
  request: Request,
  context: Context<Path>,
) => Response | Promise<Response>;

/** Anything with a `fetch` can be a route's default export: a Hono app, or your own. */
export interface FetchApp {
  fetch(request: Request, env: never, context: never): Response | Promise<Response>;
}
