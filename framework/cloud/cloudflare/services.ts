/** The parts of the local Cloudflare that operations of its API call besides its state. */
import type { DatabaseOrigin, OriginFailure } from "../../emulation/postgres/origin-check.ts";
import type { UploadCheck } from "../../emulation/workers/upload-check.ts";
import type { Storage } from "../../emulation/workers/miniflare-storage.ts";
import type { Clock } from "../clock.ts";
import type { Listeners } from "../listeners.ts";
import type { AccountPlan } from "./account-plan.ts";
import type { AssetTokens } from "./asset-tokens.ts";
import type { ContentStore } from "./content-store.ts";
import type { QueueDelivery } from "./queue-delivery.ts";
import type { SqlTransfers } from "./sql-transfers.ts";
import type { TailSessions } from "./tail-sessions.ts";
import type { Traffic } from "./traffic.ts";

/** An operation names the ones that it uses. */
export interface CloudflareServices {
  readonly clock: Clock;
  readonly plan: AccountPlan;
  readonly content: ContentStore;
  readonly listeners: Listeners;
  readonly uploadCheck: UploadCheck;
  readonly tails: TailSessions;
  readonly traffic: Traffic;
  readonly queueDelivery: QueueDelivery;
  readonly sqlTransfers: SqlTransfers;
  readonly assetTokens: AssetTokens;
  /** Names of the scripts that a call is changing right now. */
  readonly scriptLocks: Set<string>;
  /** Names of the scripts whose methods other Workers may call, since a version has had a binding to them. */
  readonly callableScripts: Set<string>;
  /** Why Hyperdrive could not connect to a database; undefined where it could. */
  checkOrigin(origin: DatabaseOrigin): Promise<OriginFailure | undefined>;
  /** Starts the workerd that owns KV, D1 and R2 at the first call. */
  openStorage(): Promise<Storage>;
  /** Lets the hosts of all routes and custom domains in; to be called after every change of those. */
  refreshHosts(): void;
}
