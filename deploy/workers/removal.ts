/** Deletes everything that an app has at a stage on Cloudflare: its addresses, the Worker, and its data if wanted. */
import type { Owner } from "../parts.ts";
import type { Removed } from "../platform.ts";
import { isMissing } from "./cloudflare-error.ts";
import type { Client } from "./client.ts";
import { deleteConfig } from "./hyperdrive-configs.ts";
import { removeTriggers } from "./triggers.ts";
import { scriptName } from "./names.ts";
import { observe, type Observation } from "./observation.ts";
import { deleteQueues, endConsumer } from "./job-queues.ts";
import { deleteBucket, emptyBucket } from "./files-bucket.ts";
import { deleteStore } from "./store-database.ts";

/** Runs to the end however often it is started; another's Worker or database of that name is left alone. */
export async function removeAll(client: Client, owner: Owner, withData: boolean): Promise<readonly Removed[]> {
  const observed = await observe({ client, owner, keep: 1 });
  const { store, files, queues } = observed;
  const isOurs = !observed.deployed.taken.some(({ kind }) => kind === "worker");
  if (isOurs) await endConsumer(client, queues);
  const worker = await removeWorker(client, owner, observed);
  const gone = isOurs ? await deleteQueues(client, owner, queues) : [];
  const removed: Removed[] = [...worker, ...gone.map((name): Removed => ({ kind: "queue", name }))];
  for (const config of observed.configs?.own ?? []) {
    await deleteConfig(client, config.id);
    removed.push({ kind: "binding", name: config.name });
  }
  const name = scriptName(owner);
  if (withData && store?.state === "ours") {
    await deleteStore(client, store.id);
    removed.push({ kind: "table", name });
  }
  if (withData && (files === "ours" || files === "empty")) {
    if (files === "ours") await emptyBucket(client, owner);
    await deleteBucket(client, owner);
    removed.push({ kind: "bucket", name });
  }
  return removed;
}

async function removeWorker(
  client: Client,
  owner: Owner,
  { deployed, triggers, state, stored }: Observation,
): Promise<readonly Removed[]> {
  const name = scriptName(owner);
  if (!state.script || deployed.taken.some(({ kind }) => kind === "worker")) return [];
  const nowhere = { compatibilityDate: "", bindings: {}, domains: [], routes: [], workersDev: false };
  const removed = await removeTriggers(client, name, nowhere, { ...triggers, workersDev: false });
  try {
    await client.call({ operation: "deleteScript", method: "DELETE", path: `/workers/scripts/${name}` });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return [
    ...removed,
    { kind: "worker", name },
    ...stored.names.map((secret): Removed => ({ kind: "secret", name: secret })),
  ];
}
