/** The app, stage, account and clients that both Lambda platforms are created for. */
import { UserError } from "../../framework/model/user-error.ts";
import type { LockOwner } from "../lock-owner.ts";
import type { Clients } from "./clients.ts";
import type { ConfiguredValues } from "./desired-state.ts";
import type { Owner } from "../parts.ts";
import type { LambdaBuild } from "./build.ts";

/** The source of a release; without it only existing releases can be promoted or removed. */
export interface LambdaSource {
  readonly build: LambdaBuild;
  /** Reads secrets; called while the stage is observed. */
  readonly values: () => Promise<ConfiguredValues>;
  /** A route's pattern, file or function: the others stay as they are live. */
  readonly only?: string;
}

/** The app, the stage and the account. */
export interface LambdaTarget {
  readonly clients: Clients;
  readonly owner: Owner;
  /** 12 digits: the one that the credentials are of. */
  readonly account: string;
  readonly keep: number;
  readonly lockOwner: LockOwner;
  /** Milliseconds after which a moved stage is surely seen everywhere. AWS does not say; default 5,000. */
  readonly propagation?: number;
  readonly source?: LambdaSource;
}

/** The error of a stage that another deployer changed after the plan. */
export function concurrentChange({ app, stage }: Owner, cause?: unknown): UserError {
  return new UserError(
    "MOVED",
    `somebody else changed ${app} at the stage ${stage} after this run had read it`,
    "Run the command again: it makes a new plan.",
    cause === undefined ? {} : { cause },
  );
}
