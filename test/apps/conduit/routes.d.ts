// Written by portico types and by portico dev; portico types --check tells whether it is current.
import type { VariablesOf } from "portico";

/** The app's routes by the paths of their files: `createClient<Routes>` of portico/client. */
export interface Routes {
  readonly "/api/articles": typeof import("./functions/api/articles/index.ts");
  readonly "/api/articles/[slug]": typeof import("./functions/api/articles/[slug]/index.ts");
  readonly "/api/articles/[slug]/comments": typeof import("./functions/api/articles/[slug]/comments/index.ts");
  readonly "/api/articles/[slug]/comments/[id]": typeof import("./functions/api/articles/[slug]/comments/[id].ts");
  readonly "/api/articles/[slug]/favorite": typeof import("./functions/api/articles/[slug]/favorite.ts");
  readonly "/api/articles/feed": typeof import("./functions/api/articles/feed.ts");
  readonly "/api/profiles/[username]": typeof import("./functions/api/profiles/[username]/index.ts");
  readonly "/api/profiles/[username]/follow": typeof import("./functions/api/profiles/[username]/follow.ts");
  readonly "/api/tags": typeof import("./functions/api/tags.ts");
  readonly "/api/user": typeof import("./functions/api/user.ts");
  readonly "/api/users": typeof import("./functions/api/users/index.ts");
  readonly "/api/users/login": typeof import("./functions/api/users/login.ts");
}

declare module "portico" {
  /** Env and secrets of hosting.json. */
  interface Bindings {
    readonly DATABASE_URL: string;
    readonly DB: { readonly connectionString: string };
    readonly TOKEN_KEY: string;
  }

  /** What the middleware above each route sets. */
  interface Variables {
    readonly "/api/articles": VariablesOf<typeof import("./functions/api/_middleware.ts").default>;
    readonly "/api/articles/[slug]": VariablesOf<typeof import("./functions/api/_middleware.ts").default>;
    readonly "/api/articles/[slug]/comments": VariablesOf<typeof import("./functions/api/_middleware.ts").default>;
    readonly "/api/articles/[slug]/comments/[id]": VariablesOf<typeof import("./functions/api/_middleware.ts").default>;
    readonly "/api/articles/[slug]/favorite": VariablesOf<typeof import("./functions/api/_middleware.ts").default>;
    readonly "/api/articles/feed": VariablesOf<typeof import("./functions/api/_middleware.ts").default>;
    readonly "/api/profiles/[username]": VariablesOf<typeof import("./functions/api/_middleware.ts").default>;
    readonly "/api/profiles/[username]/follow": VariablesOf<typeof import("./functions/api/_middleware.ts").default>;
    readonly "/api/tags": VariablesOf<typeof import("./functions/api/_middleware.ts").default>;
    readonly "/api/user": VariablesOf<typeof import("./functions/api/_middleware.ts").default>;
    readonly "/api/users": VariablesOf<typeof import("./functions/api/_middleware.ts").default> & VariablesOf<typeof import("./functions/api/users/_middleware.ts").default>;
    readonly "/api/users/login": VariablesOf<typeof import("./functions/api/_middleware.ts").default> & VariablesOf<typeof import("./functions/api/users/_middleware.ts").default>;
  }
}
