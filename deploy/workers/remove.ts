/** Everything that an app has at a stage on Cloudflare, taken away: its addresses first, then the Worker with all its versions and secrets. */
import type { Owner } from "../owner.ts";
import type { Removed } from "../platform.ts";
import { isMissing } from "./cloudflare-error.ts";
import type { Client } from "./client.ts";
import { removeFronts } from "./fronts.ts";
import { scriptName } from "./names.ts";
import { observe } from "./observe.ts";

/** Runs to the end however often it is started; another's Worker of that name is left alone. */
export async function removeAll(client: Client, owner: Owner): Promise<readonly Removed[]> {
  const name = scriptName(owner);
  const { deployed, fronts, glance, stored } = await observe({ client, owner, keep: 1 });
  if (!glance.script || deployed.taken.some(({ kind }) => kind === "worker")) return [];
  const nowhere = { compatibilityDate: "", bindings: {}, domains: [], routes: [], workersDev: false };
  const removed = await removeFronts(client, name, nowhere, { ...fronts, workersDev: false });
  try {
    await client.call({ operation: "deleteScript", method: "DELETE", path: `/workers/scripts/${name}` });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return [...removed, { kind: "worker", name }, ...stored.names.map((secret): Removed => ({ kind: "secret", name: secret }))];
}
