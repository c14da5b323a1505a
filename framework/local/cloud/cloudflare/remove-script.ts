/** Deletes a script and all that is its own; refused while another Worker's live version binds to it, unless forced. */
import { CloudflareError } from "./cloudflare-error.ts";
import type { Edge } from "./edge.ts";
import { liveDeployment } from "./find.ts";
import type { ScriptRecord } from "./records.ts";

/** Names of the scripts whose live versions have a service binding to `name`. */
export function boundTo(name: string, edge: Edge): readonly string[] {
  return edge.state.scripts
    .all()
    .filter((script) => script.name !== name)
    .filter((script) =>
      (liveDeployment(script, edge)?.versions ?? []).some(({ version_id }) =>
        edge.state.versions
          .get(`${script.name}/${version_id}`)
          ?.bindings.some(({ type, service }) => type === "service" && service === name),
      ),
    )
    .map((script) => script.name);
}

/** Throws 10142. */
export async function removeScript({ name }: ScriptRecord, force: boolean, edge: Edge): Promise<void> {
  const others = boundTo(name, edge);
  if (others.length > 0 && !force)
    throw new CloudflareError(
      10142,
      400,
      `Cannot delete this Worker as it is still referenced by service bindings in Workers: ${others.join(", ")}`,
    );
  const { scripts, versions, deployments, schedules, routes, domains, consumers } = edge.state;
  // The script first: what a kill leaves of its children goes when the cloud starts again.
  scripts.remove(name);
  for (const children of [versions, deployments, schedules]) {
    for (const id of children.ids()) if (id.startsWith(`${name}/`)) children.remove(id);
  }
  for (const { id, script } of routes.all()) if (script === name) routes.remove(id);
  for (const { id, service } of domains.all()) if (service === name) domains.remove(id);
  for (const { id, script } of consumers.all()) if (script === name) consumers.remove(id);
  for (const { id } of edge.tails.of(name)) edge.tails.end(id);
  edge.traffic.changed(name);
  await edge.fronts.close(name);
}
