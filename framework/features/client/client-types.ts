/** The types of `portico/client`: what a route takes and gives, from the type of its file. */
import type { Params } from "../../runtime/handler.ts";

/** Of all calls of a client. */
export interface ClientOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** In place of the global one, such as an app's own in a test. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
}

/** What the client knows of a call's options at run time. */
export interface UntypedOptions {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** What is left of a value in JSON. */
export type Json<T> = unknown extends T
  ? T
  : T extends string | number | boolean | null
    ? T
    : T extends { toJSON(): infer Written }
      ? Json<Written>
      : T extends ((...args: never) => unknown) | symbol | undefined
        ? undefined
        : T extends readonly unknown[]
          ? { [Index in keyof T]: Json<T[Index]> }
          : { [K in keyof T as T[K] extends (...args: never) => unknown ? never : K]: Json<T[K]> };

/** What a method takes and gives; a plain handler's are not known. */
type TypesOf<Handler> = Handler extends { readonly spec: object; readonly types?: infer Types }
  ? NonNullable<Types>
  : { readonly body?: unknown; readonly query?: Readonly<Record<string, unknown>>; readonly value: unknown };

/** The name of an option, optional where nothing has to be given. */
type Option<Name extends string, Value> = undefined extends Value
  ? { readonly [K in Name]?: Value }
  : object extends Value
    ? { readonly [K in Name]?: Value }
    : { readonly [K in Name]: Value };

type ParamValues<Path extends string> = keyof Params<Path> extends never
  ? undefined
  : { readonly [K in keyof Params<Path>]: string | number };

type Part<Types, Name extends string> = Name extends keyof Types ? Types[Name] : undefined;

/** The options of a call. */
export type RequestOptions<Path extends string, Handler> = Pick<UntypedOptions, "headers" | "signal"> &
  Option<"params", ParamValues<Path>> &
  Option<"query", Part<TypesOf<Handler>, "query">> &
  Option<"body", Part<TypesOf<Handler>, "body">>;

/** The paths whose files export a method; only names are looked at, since the types of all routes cost seconds. */
type PathsWith<Routes, Method extends string> = {
  [Path in keyof Routes & string]: Method extends keyof Routes[Path] ? Path : never;
}[keyof Routes & string];

type HandlerOf<Module, Method extends string> = Method extends keyof Module ? Module[Method] : never;

/** A call of one method. */
type Send<Routes, Method extends string> = <Path extends PathsWith<Routes, Method>>(
  path: Path,
  ...options: object extends RequestOptions<Path, HandlerOf<Routes[Path], Method>>
    ? [options?: RequestOptions<Path, HandlerOf<Routes[Path], Method>>]
    : [options: RequestOptions<Path, HandlerOf<Routes[Path], Method>>]
) => Promise<Json<Part<TypesOf<HandlerOf<Routes[Path], Method>>, "value">>>;

/** The methods of a client. */
export interface Client<Routes> {
  readonly get: Send<Routes, "GET">;
  readonly post: Send<Routes, "POST">;
  readonly put: Send<Routes, "PUT">;
  readonly patch: Send<Routes, "PATCH">;
  readonly delete: Send<Routes, "DELETE">;
}
