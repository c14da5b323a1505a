/** The types of what middleware sets: `context.var` of a route, from the `_middleware` files above it. */

/** What the middleware above each route sets, by the route's path; `portico types` declares it. */
// oxlint-disable-next-line typescript/no-empty-object-type -- augmented by the app
export interface Variables {}

/** What one function of Hono's middleware sets; nothing where it may be anything. */
type VariablesOfOne<Middleware> = Middleware extends (c: infer C, next: never) => unknown
  ? C extends { readonly var: infer Var }
    ? string extends keyof Var
      ? unknown
      : Var
    : unknown
  : unknown;

type Intersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never;

/** What the default export of a `_middleware` file sets. */
export type VariablesOf<Middleware> = Middleware extends readonly unknown[]
  ? Intersection<{ [Index in keyof Middleware]: [VariablesOfOne<Middleware[Index]>] }[number]> extends infer All
    ? All extends readonly unknown[]
      ? All[0]
      : unknown
    : never
  : VariablesOfOne<Middleware>;
