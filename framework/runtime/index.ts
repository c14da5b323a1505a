/** The package's main entry: the types a route file needs, HttpError, and small response helpers. */
// oxlint-disable-next-line typescript/triple-slash-reference -- a file of ambient modules cannot be imported
/// <reference path="./file-imports.d.ts" preserve="true" />
export type { Bindings, Call, Context, Env, FetchApp, Handler, Method, Params, Platform } from "./handler.ts";
export type { Template } from "./template.ts";
export type { Variables, VariablesOf } from "./variables.ts";
export { HttpError } from "./http-error.ts";
export { html, redirect } from "./responses.ts";
