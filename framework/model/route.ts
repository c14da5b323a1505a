/** A route: a file in functions/ and the path pattern that it serves. */

/** One part of a pattern between two slashes. */
export type Segment =
  | { readonly kind: "static"; readonly value: string }
  /** One segment, not empty: `[id]`. */
  | { readonly kind: "param"; readonly name: string }
  /** One or more segments, last: `[...path]`. */
  | { readonly kind: "rest"; readonly name: string }
  /** Zero or more segments, last: `[[...path]]`. */
  | { readonly kind: "optional-rest"; readonly name: string };

/** A route as its file name defines it; only the build knows its exports. */
export interface Route {
  /** Unique in the app, stable, `[a-z0-9-]+`, 1-40 characters; names the function: `users-id`. */
  readonly id: string;
  /** For people: `/users/:id`, `/files/:path+`, `/notes/:path*`. */
  readonly pattern: string;
  readonly segments: readonly Segment[];
  /** Relative to the app's root, "/" on every system: `functions/users/[id].ts`. */
  readonly file: string;
  /** `_middleware` files of the folders above, outermost first; relative to the root. */
  readonly middleware: readonly string[];
}

/** The exports of a route's file: handlers by method name, or an app with `fetch`. */
export type Methods = readonly string[] | "fetch";
