/** The schema of a stage's databases for plan, deploy and rollback; nothing for an app without databases. */
import type { Platform } from "../../deploy/platform.ts";
import type { Schema } from "../../deploy/schema.ts";
import type { MigrationEvent } from "../migrations/run-options.ts";
import { hasDatabases } from "../model/database.ts";
import { migrationLine } from "../migrations/migration-line.ts";
import type { Reporter } from "./reporter.ts";
import type { StageCloud } from "./stage-cloud.ts";

/** Holds the connections to databases. */
export interface OpenedSchema {
  /** @param isPart true where a release is one new route beside those that are live */
  schema(targetOf: (platform: Platform) => string, isPart?: boolean): Schema;
  close(): Promise<void>;
}

/**
 * Before a build, which takes longer. Throws UserError MIGRATE_URL_MISSING, SECRET_MISSING,
 * DATABASE_UNREACHABLE.
 */
export async function openSchema(
  stage: Pick<StageCloud, "app" | "owner" | "clouds" | "isLocal">,
  reporter: Reporter,
): Promise<OpenedSchema | undefined> {
  if (!hasDatabases(stage.app)) return undefined;
  const [{ openStageDatabases }, { createSchema }] = await Promise.all([
    import("./app-databases.ts"),
    import("./release-schema.ts"),
  ]);
  const { databases, close } = await openStageDatabases(stage, (text) => reporter.line(text));
  const onEvent = (event: MigrationEvent, name: string): void => {
    const text = migrationLine(event, databases.length > 1 ? name : undefined);
    if (text !== undefined) reporter.line(text);
  };
  return {
    schema: (targetOf, isPart = false) => createSchema({ owner: stage.owner, databases, targetOf, isPart, onEvent }),
    close,
  };
}
