/** All operations of the local Cloudflare's API by name. */
import { accountOperations } from "./account.ts";
import { assetOperations } from "./asset-uploads.ts";
import { workerVersionOperations } from "./beta-versions.ts";
import { workerOperations } from "./beta-workers.ts";
import { d1Operations } from "./d1-databases.ts";
import { d1TransferOperations } from "./d1-import-export.ts";
import { deploymentOperations } from "./deployments.ts";
import { domainOperations } from "./domains.ts";
import { hyperdriveOperations } from "./hyperdrive.ts";
import { kvOperations } from "./kv.ts";
import type { OperationTable } from "./operation.ts";
import { queueOperations } from "./queues.ts";
import { r2Operations } from "./r2-buckets.ts";
import { r2ObjectOperations } from "./r2-objects.ts";
import { scheduleOperations } from "./schedules.ts";
import { settingsOperations } from "./script-settings.ts";
import { scriptOperations } from "./scripts.ts";
import { secretOperations } from "./secrets.ts";
import { tailOperations } from "./tails.ts";
import { versionOperations } from "./versions.ts";
import { zoneOperations } from "./zones.ts";

export const cloudflareOperations: OperationTable = {
  ...accountOperations,
  ...assetOperations,
  ...scriptOperations,
  ...settingsOperations,
  ...versionOperations,
  ...deploymentOperations,
  ...secretOperations,
  ...workerOperations,
  ...workerVersionOperations,
  ...kvOperations,
  ...d1Operations,
  ...d1TransferOperations,
  ...r2Operations,
  ...r2ObjectOperations,
  ...hyperdriveOperations,
  ...queueOperations,
  ...zoneOperations,
  ...domainOperations,
  ...scheduleOperations,
  ...tailOperations,
};
