/** Creates and compares deployments, which say which share of the traffic each version takes. */
import { UserError } from "../../framework/model/user-error.ts";
import type { Client } from "./client.ts";
import { idempotentCreate } from "./idempotent-create.ts";
import { type Deployment, listDeployments, type Share } from "./worker-reads.ts";

/**
 * Moves the traffic by one call. It has no precondition, so whoever calls it looks just before whether the live
 * deployment is still the one that was planned for. `force`: whether secrets that changed matter is asked of the user
 * before, in our own words.
 */
export function deployShares(
  client: Client,
  script: string,
  shares: readonly Share[],
  message: string,
): Promise<Deployment> {
  const path = `/workers/scripts/${script}/deployments?force=true`;
  const json = { strategy: "percentage", versions: shares, annotations: { "workers/message": message } };
  const look = async (): Promise<Deployment | undefined> => {
    const [latest] = await listDeployments(client, script);
    return latest && hasShares(latest, shares) ? latest : undefined;
  };
  return idempotentCreate(client, look, () =>
    client.call<Deployment>({ operation: "createDeployment", method: "POST", path, json, isNotRepeatable: true }),
  );
}

/** In any order. */
export function hasShares({ versions }: Deployment, shares: readonly Share[]): boolean {
  const text = (list: readonly Share[]): string =>
    list
      .map(({ version_id, percentage }) => `${version_id} ${percentage}`)
      .toSorted()
      .join();
  return text(versions) === text(shares);
}

/** Throws UserError MOVED unless the live deployment is the one with that id. */
export async function requireDeployment(client: Client, script: string, id: string | undefined): Promise<void> {
  const [latest] = await listDeployments(client, script);
  if (latest?.id === id) return;
  throw concurrentChange(script);
}

/** The error for a Worker that changed after it was observed. */
export function concurrentChange(script: string): UserError {
  return new UserError(
    "MOVED",
    `somebody else changed the Worker ${script} after this run had read it`,
    "Run the command again: it makes a new plan.",
  );
}
