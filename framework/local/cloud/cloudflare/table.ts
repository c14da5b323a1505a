/** Every operation of the local Cloudflare by name. */
import { accountTable } from "./account.ts";
import { assetTable } from "./assets.ts";
import { deploymentTable } from "./deployments.ts";
import type { OperationTable } from "./operation.ts";
import { scriptTable } from "./scripts.ts";
import { secretTable } from "./secrets.ts";
import { settingsTable } from "./settings.ts";
import { versionTable } from "./versions.ts";
import { workerVersionTable } from "./worker-versions.ts";
import { workerTable } from "./workers.ts";

export const cloudflareTable: OperationTable = {
  ...accountTable,
  ...assetTable,
  ...scriptTable,
  ...settingsTable,
  ...versionTable,
  ...deploymentTable,
  ...secretTable,
  ...workerTable,
  ...workerVersionTable,
};
