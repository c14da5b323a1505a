/** The function that migrates databases from inside of a VPC: Portico's runner and the app's pg, none of its files. */
import { migrateFunctionId } from "../../model/database.ts";
import type { BundleInput } from "../bundle.ts";
import { moduleText } from "../function-entry.ts";
import { reachable } from "../import-graph.ts";
import { packFunction } from "./deployment-package.ts";
import type { InstalledPackages } from "./package-installation.ts";
import {
  commonOptions,
  describe,
  linkOnPlatform,
  type PackedFunction,
  type Plan,
  unbundledFiles,
} from "./packed-function.ts";

/** Its own settings, whatever the app's routes have: Lambda gives 15 minutes at most ("Lambda quotas"). */
export const planMigrate = (input: Pick<BundleInput, "app" | "jobs">): Plan => ({
  id: migrateFunctionId,
  routes: [],
  options: commonOptions(input, new Map()),
  settings: { memory: 256, timeout: 900 },
});

export async function packMigrate(
  input: BundleInput,
  plan: Plan,
  packages: InstalledPackages,
): Promise<PackedFunction> {
  const text = moduleText([
    `import { Client } from "pg";`,
    `import { createMigrateHandler } from "portico/migrations/lambda-handler";`,
    `export const handler = createMigrateHandler(Client);`,
  ]);
  const linked = await linkOnPlatform(input, plan.id, text);
  const { files, executables } = unbundledFiles(input.app, new Map(), packages, linked);
  const packed = await packFunction(
    describe(input.app, plan.id, linked, plan.settings),
    `functions/${plan.id}`,
    new Map([...files, ...linked.files]),
    { executables },
  );
  return {
    fn: packed.fn,
    outputs: packed.files,
    warnings: linked.warnings,
    files: input.inputs.pathsOf(reachable(linked.metafile, [linked.entry])),
  };
}
