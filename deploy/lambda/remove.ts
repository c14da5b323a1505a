/** Everything that an app has at a stage on AWS, taken away: the front first, then what stands behind it, secrets and records; the lock is the caller's. */
import { DeleteFunctionCommand } from "@aws-sdk/client-lambda";
import { inParallel } from "../parallel.ts";
import type { Removed } from "../platform.ts";
import { deleteApi, findApi } from "./api.ts";
import type { Clients } from "./clients.ts";
import { findFunctions } from "./find-functions.ts";
import { deleteLogGroup, logGroup } from "./log-group.ts";
import { type Owner, recordPrefix, stageName } from "./names.ts";
import { isConflict, isMissing, retrying } from "./retry.ts";
import { deleteRole } from "./role.ts";
import { listSecrets, removeSecrets } from "./secrets.ts";
import type { Store } from "./store.ts";

/** Runs to the end however often it is started. */
export async function removeAll(clients: Clients, store: Store, owner: Owner): Promise<readonly Removed[]> {
  const removed: Removed[] = [];
  const { found } = await findApi(clients, owner);
  if (found) {
    await deleteApi(clients, found.id);
    removed.push({ kind: "api", name: stageName(owner) });
  }
  const { ours } = await findFunctions(clients, owner);
  await inParallel(ours, 8, async (FunctionName) => {
    const command = new DeleteFunctionCommand({ FunctionName });
    await retrying({ clock: clients.clock }, isConflict, () => clients.lambda.send(command)).catch(unlessMissing);
    removed.push({ kind: "function", name: FunctionName });
  });
  if (await deleteRole(clients, owner)) removed.push({ kind: "role", name: stageName(owner) });
  if (await deleteLogGroup(clients, owner)) removed.push({ kind: "logs", name: logGroup(owner) });
  const secrets = await listSecrets(clients, owner);
  await removeSecrets(
    clients,
    owner,
    secrets.map(({ name }) => name),
  );
  removed.push(...secrets.map(({ name }): Removed => ({ kind: "secret", name })));
  await inParallel((await store.list(recordPrefix(owner))) ?? [], 8, async ({ key }) => {
    await store.delete(key);
    removed.push({ kind: "records", name: key });
  });
  return removed;
}

function unlessMissing(error: unknown): void {
  if (!isMissing(error)) throw error;
}
