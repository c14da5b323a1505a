/** Deletes everything that an app has at a stage on AWS except the lock, its HTTP API first. */
import { DeleteFunctionCommand } from "@aws-sdk/client-lambda";
import type { Owner } from "../parts.ts";
import { retry } from "../retry.ts";
import { inParallel } from "../parallel.ts";
import type { Removed } from "../platform.ts";
import { deleteApi, findApi } from "./http-api/api.ts";
import type { Clients } from "./clients.ts";
import { findFunctions } from "./function-list.ts";
import { deleteLogGroup, logGroup } from "./log-group.ts";
import { recordPrefix, stageName } from "./names.ts";
import { isConflict, undefinedIfMissing } from "./aws-error.ts";
import { deleteRole, listRoles } from "./role.ts";
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
    await retry({ clock: clients.clock }, isConflict, () => clients.lambda.send(command)).catch(undefinedIfMissing);
    removed.push({ kind: "function", name: FunctionName });
  });
  await inParallel([...(await listRoles(clients, owner)), stageName(owner)], 8, async (name) => {
    if (await deleteRole(clients, owner, name)) removed.push({ kind: "role", name });
  });
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
