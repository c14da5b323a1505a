/** The function that migrates databases from inside of a VPC: Portico's runner and the app's pg, none of its files. */
import { migrateFunctionId } from "../../model/database.ts";
import type { BundleInput } from "../bundle.ts";
import { moduleText } from "../function-entry.ts";
import { commonOptions, type Plan } from "./packed-function.ts";

/** Its own settings, whatever the app's routes have: Lambda gives 15 minutes at most ("Lambda quotas"). */
export const planMigrate = (input: Pick<BundleInput, "app" | "jobs">): Plan => ({
  id: migrateFunctionId,
  routes: [],
  options: commonOptions(input, new Map()),
  settings: { memory: 256, timeout: 900 },
});

export const migrateEntry = (): string =>
  moduleText([
    `import { Client } from "pg";`,
    `import { createMigrateHandler } from "portico/migrations/lambda-handler";`,
    `export const handler = createMigrateHandler(Client);`,
  ]);
