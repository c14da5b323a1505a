/** Deletes a script with its versions, routes and tails, unless another Worker's live version has a binding to it. */
import { CloudflareError } from "./cloudflare-error.ts";
import { liveDeployment } from "./script-lookup.ts";
import type { CloudflareServices } from "./services.ts";
import type { CloudflareState } from "./state.ts";

/** Names of the scripts whose live versions have a service binding to `name`. */
export function scriptsBoundTo(
  name: string,
  state: Pick<CloudflareState, "deployments" | "scripts" | "versions">,
): readonly string[] {
  return state.scripts
    .all()
    .filter((script) => script.name !== name)
    .filter((script) =>
      (liveDeployment(script.name, state.deployments)?.versions ?? []).some(({ version_id }) =>
        state.versions
          .get(`${script.name}/${version_id}`)
          ?.bindings.some(({ type, service }) => type === "service" && service === name),
      ),
    )
    .map((script) => script.name);
}

/** The collections that hold records of a script. */
export type ScriptChildren = "consumers" | "deployments" | "domains" | "routes" | "schedules" | "scripts" | "versions";

/** @param force deletes the script also when it is bound to; else that throws 10142. Throws 10064 for a consumer */
export async function removeScript(
  name: string,
  force: boolean,
  state: Pick<CloudflareState, ScriptChildren>,
  { tails, traffic, listeners }: Pick<CloudflareServices, "listeners" | "tails" | "traffic">,
): Promise<void> {
  const others = scriptsBoundTo(name, state);
  if (others.length > 0 && !force)
    throw new CloudflareError(
      10142,
      400,
      `Cannot delete this Worker as it is still referenced by service bindings in Workers: ${others.join(", ")}`,
    );
  const { scripts, versions, deployments, schedules, routes, domains, consumers } = state;
  // `force` does not help (cloudflare/workers-sdk, issue 3370).
  if (consumers.all().some(({ script }) => script === name))
    throw new CloudflareError(10064, 400, "script still in use as a consumer for a queue");
  // The script first: records that a kill leaves without their script are removed at the next start.
  scripts.remove(name);
  for (const children of [versions, deployments, schedules]) {
    for (const id of children.ids()) if (id.startsWith(`${name}/`)) children.remove(id);
  }
  for (const { id, script } of routes.all()) if (script === name) routes.remove(id);
  for (const { id, service } of domains.all()) if (service === name) domains.remove(id);
  for (const { id } of tails.of(name)) tails.end(id);
  traffic.changed(name);
  await listeners.close(name);
}
