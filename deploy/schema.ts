/**
 * The schema of an app's databases, as a release changes it; apps without databases have none, and their releases make
 * the same calls as ever. A contract file takes away what earlier releases use, an expand file only adds.
 */
import type { Change } from "./plan.ts";
import type { Platform } from "./platform.ts";

/** What a release would do on one cloud, and with the databases. */
export interface SchemaPlan {
  /** By cloud: files that run are with the first cloud that has anything to do, lists with the cloud that lists. */
  readonly changes: ReadonlyMap<Platform, readonly Change[]>;
  /** Equal for two looks between which no ledger and no reader changed. */
  readonly fingerprint: string;
}

/** One release of a cloud. */
export interface SchemaRelease {
  readonly platform: Platform;
  readonly number: number;
}

/** One that has all of the traffic. */
export interface SettledSchemaRelease extends SchemaRelease {
  /** The release that was let in before it got the traffic back. */
  readonly insteadOf?: number;
}

/** One that was made earlier. */
export interface EarlierSchemaRelease extends SchemaRelease {
  /** False where its record says that it never took traffic: its own files may not have run. */
  readonly tookTraffic: boolean;
}

/** One that is planned. */
export interface PlannedSchemaRelease extends SchemaRelease {
  /** True where nothing but the schema is new: the release that is live lists more files then. */
  readonly isLive: boolean;
  /** True where the function through which databases are asked is made or replaced by the release's upload. */
  readonly bringsFunction: boolean;
}

/** Each verb may be repeated after it failed half way, and then ends where one clean run does. */
export interface Schema {
  /**
   * Reads only. Where a release brings the function that asks, and none answers yet, the plan says so, and everything
   * is asked after the upload. Throws UserError MIGRATION_EDITED, MIGRATION_MISSING, MIGRATION_LATE, MIGRATION_ORDER,
   * DATABASE_SHARED.
   * @param releases what each cloud would release, the first to be made first
   */
  plan(releases: readonly PlannedSchemaRelease[]): Promise<SchemaPlan>;
  /**
   * Runs the contract files that come first and that no reader waits for; before the upload. Nothing where the plan
   * could not ask.
   */
  contract(release: number): Promise<void>;
  /** Runs what is left in its order, until a contract file that has to wait; between upload and smoke test. */
  expand(release: number): Promise<void>;
  /**
   * Before a release of this build takes traffic, all of it or a part: its reader lists what both releases list. Throws
   * UserError SCHEMA_CONTRACTED.
   */
  admit(release: SchemaRelease): Promise<void>;
  /**
   * The same before a release that was made earlier takes traffic again, or for the first time. Throws UserError
   * SCHEMA_CONTRACTED, SCHEMA_BEHIND.
   */
  readmit(release: EarlierSchemaRelease): Promise<void>;
  /** After a release took all of the traffic: its reader lists what it lists. */
  settle(release: SettledSchemaRelease): Promise<void>;
  /** After nothing of a cloud takes traffic any more. */
  forget(platform: Platform): Promise<void>;
}

/** What a rollback needs of it. */
export type SwitchedSchema = Pick<Schema, "readmit" | "settle">;

/**
 * After a release lost its traffic to the one before. What it does not write down is written by the next deploy: the
 * files that this one alone does not list wait until then.
 */
export const settleAgain = async (
  schema: Pick<Schema, "settle"> | undefined,
  release: Required<SettledSchemaRelease>,
): Promise<void> => schema?.settle(release).catch(() => undefined);
