// Written by portico types and by portico dev; portico types --check tells whether it is current.

/** The app's routes by the paths of their files: `createClient<Routes>` of portico/client. */
export interface Routes {
  readonly "/": typeof import("./functions/index.ts");
  readonly "/hello/[name]": typeof import("./functions/hello/[name].ts");
}

declare module "portico" {
  /** Env and secrets of hosting.json. */
  interface Bindings {}

  /** What the middleware above each route sets. */
  interface Variables {}
}
