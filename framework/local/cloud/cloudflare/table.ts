/** Every operation of the local Cloudflare by name. */
import { accountTable } from "./account.ts";
import { assetTable } from "./assets.ts";
import { d1Table } from "./d1.ts";
import { d1TransferTable } from "./d1-transfer.ts";
import { deploymentTable } from "./deployments.ts";
import { domainTable } from "./domains.ts";
import { kvTable } from "./kv.ts";
import type { OperationTable } from "./operation.ts";
import { queueTable } from "./queues.ts";
import { r2Table } from "./r2.ts";
import { r2ObjectTable } from "./r2-objects.ts";
import { scheduleTable } from "./schedules.ts";
import { scriptTable } from "./scripts.ts";
import { secretTable } from "./secrets.ts";
import { settingsTable } from "./settings.ts";
import { tailTable } from "./tails.ts";
import { versionTable } from "./versions.ts";
import { workerVersionTable } from "./worker-versions.ts";
import { workerTable } from "./workers.ts";
import { zoneTable } from "./zones.ts";

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
  ...kvTable,
  ...d1Table,
  ...d1TransferTable,
  ...r2Table,
  ...r2ObjectTable,
  ...queueTable,
  ...zoneTable,
  ...domainTable,
  ...scheduleTable,
  ...tailTable,
};
