/** Whose release, where and of what: what every front of Lambda needs to be a Platform. */
import { UserError } from "../../framework/model/user-error.ts";
import type { Holder } from "../holder.ts";
import type { Clients } from "./clients.ts";
import type { Archive } from "./code.ts";
import type { DraftValues } from "./draft.ts";
import type { Owner } from "./names.ts";
import type { LambdaBuild } from "./read-build.ts";

/** What a release is made of; without it only what is there already can be promoted or removed. */
export interface LambdaSource {
  readonly build: LambdaBuild;
  /** Reads secrets; called while the cloud is looked at. */
  readonly values: () => Promise<DraftValues>;
  readonly archive: Archive;
  /** A route's pattern, file or function: the others stay as they are live. */
  readonly only?: string;
}

/** Whose and where. */
export interface LambdaTarget {
  readonly clients: Clients;
  readonly owner: Owner;
  /** 12 digits: the one that the credentials are of. */
  readonly account: string;
  readonly keep: number;
  readonly holder: Holder;
  /** Milliseconds after which a moved stage is surely seen everywhere. AWS does not say; default 5,000. */
  readonly propagation?: number;
  readonly source?: LambdaSource;
}

/** Somebody else was at work since the plan was made. */
export function moved({ app, stage }: Owner, cause?: unknown): UserError {
  return new UserError(
    "MOVED",
    `what ${app} has at the stage ${stage} was changed by somebody else after it was looked at`,
    "run the command again: it plans anew",
    cause === undefined ? {} : { cause },
  );
}
