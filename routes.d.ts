// Written by portico types and by portico dev; portico types --check tells whether it is current.
// oxlint-disable-next-line typescript/triple-slash-reference -- a file of ambient modules cannot be imported
/// <reference path="./templates.d.ts" />
import type { VariablesOf } from "portico";
import type { JobData } from "portico/jobs";

/** The app's routes by the paths of their files: `createClient<Routes>` of portico/client. */
export interface Routes {
  readonly "/": typeof import("./functions/index.ts");
  readonly "/account": typeof import("./functions/(account)/account.tsx");
  readonly "/api/entries": typeof import("./functions/api/entries.ts");
  readonly "/api/notes": typeof import("./functions/api/notes.ts");
  readonly "/boom": typeof import("./functions/boom.ts");
  readonly "/files/[...path]": typeof import("./functions/files/[...path].ts");
  readonly "/guestbook/[[...path]]": typeof import("./functions/guestbook/[[...path]].tsx");
  readonly "/hello/[name]": typeof import("./functions/hello/[name].ts");
  readonly "/login": typeof import("./functions/(account)/login.tsx");
  readonly "/logout": typeof import("./functions/(account)/logout.ts");
  readonly "/members": typeof import("./functions/members/index.ts");
  readonly "/members/[id]": typeof import("./functions/members/[id].ts");
  readonly "/panel": typeof import("./functions/(account)/panel.ts");
  readonly "/photos": typeof import("./functions/photos/index.tsx");
  readonly "/photos/[key]": typeof import("./functions/photos/[key].ts");
  readonly "/photos/stored/[key]": typeof import("./functions/photos/stored/[key].tsx");
  readonly "/search": typeof import("./functions/search.ts");
  readonly "/signup": typeof import("./functions/(account)/signup.tsx");
  readonly "/stream": typeof import("./functions/stream.ts");
  readonly "/whoami": typeof import("./functions/whoami.ts");
}

declare module "portico" {
  /** Env and secrets of hosting.json. */
  interface Bindings {
    readonly GREETING: string;
    readonly SESSION_KEYS: string;
  }

  /** What the middleware above each route sets. */
  interface Variables {
    readonly "/account": VariablesOf<typeof import("./functions/(account)/_middleware.ts").default>;
    readonly "/guestbook/[[...path]]": VariablesOf<typeof import("./functions/guestbook/_middleware.ts").default>;
    readonly "/login": VariablesOf<typeof import("./functions/(account)/_middleware.ts").default>;
    readonly "/logout": VariablesOf<typeof import("./functions/(account)/_middleware.ts").default>;
    readonly "/members": VariablesOf<typeof import("./functions/members/_middleware.ts").default>;
    readonly "/members/[id]": VariablesOf<typeof import("./functions/members/_middleware.ts").default>;
    readonly "/panel": VariablesOf<typeof import("./functions/(account)/_middleware.ts").default>;
    readonly "/signup": VariablesOf<typeof import("./functions/(account)/_middleware.ts").default>;
  }
}

declare module "portico/jobs" {
  /** Jobs with their data. */
  interface Jobs {
    readonly digest: JobData<typeof import("./functions/_jobs/digest.ts").default>;
  }
}
