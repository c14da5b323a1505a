/** The package's main entry: the types a route file needs, HttpError, and small response helpers. */
export type { Bindings, Call, Context, Env, FetchApp, Handler, Method, Params, Platform } from "./handler.ts";
export { HttpError } from "./http-error.ts";
export { html, redirect } from "./responses.ts";
