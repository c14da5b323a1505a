/** Records new versions and deployments of a script. */
import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import { type ContentStore, sha256Of } from "./content-store.ts";
import type { Binding, DeploymentRecord, ScriptRecord, Share, VersionRecord } from "./records.ts";
import { type CloudflareState, timestamp } from "./state.ts";
import type { Traffic } from "./traffic.ts";
import type { VersionDraft } from "./upload.ts";
import { storeModules } from "./worker-modules.ts";

/** The members that a version takes from a draft or from the version before it. */
export type VersionContent = Omit<
  VersionRecord,
  "script" | "id" | "number" | "created" | "source" | "annotations" | "etag"
>;

/** Who made a version or a deployment, and its annotations. */
export interface ChangeOrigin {
  readonly source: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Stores the modules of a draft. */
export function storeContent(draft: VersionDraft, content: ContentStore): VersionContent {
  const { modules, annotations: _, ...rest } = draft;
  return { ...rest, modules: storeModules(modules, content) };
}

/** The scripts to which a version has service bindings. */
export function boundServices(bindings: readonly Binding[]): readonly string[] {
  return bindings.flatMap(({ type, service }) => (type === "service" ? [service as string] : []));
}

/** Records the next version of a script. The script's record is written first, so that no number is used twice. */
export function recordVersion(
  script: ScriptRecord,
  content: VersionContent,
  { source, annotations }: ChangeOrigin,
  { scripts, versions }: Pick<CloudflareState, "scripts" | "versions">,
  { clock, callableScripts }: { readonly clock: Clock; readonly callableScripts: Set<string> },
): VersionRecord {
  scripts.put(script.name, { ...script, nextVersion: script.nextVersion + 1, modified: timestamp(clock) });
  for (const service of boundServices(content.bindings)) callableScripts.add(service);
  const id = randomUUID();
  return versions.put(`${script.name}/${id}`, {
    ...content,
    script: script.name,
    id,
    number: script.nextVersion,
    created: timestamp(clock),
    source,
    annotations,
    etag: sha256Of(JSON.stringify(content.modules)),
  });
}

/** Switches the traffic of a script to these shares; the whole network follows after the propagation window. */
export function recordDeployment(
  scriptName: string,
  shares: readonly Share[],
  { source, annotations }: ChangeOrigin,
  { scripts, deployments }: Pick<CloudflareState, "deployments" | "scripts">,
  { clock, traffic }: { readonly clock: Clock; readonly traffic: Traffic },
): DeploymentRecord {
  const script = scripts.get(scriptName);
  if (!script) throw new Error(`${scriptName} was deleted during a call`);
  scripts.put(scriptName, { ...script, nextDeployment: script.nextDeployment + 1 });
  const id = randomUUID();
  const deployment = deployments.put(`${scriptName}/${id}`, {
    script: scriptName,
    id,
    sequence: script.nextDeployment,
    created: timestamp(clock),
    since: clock.now(),
    source,
    annotations,
    versions: shares,
  });
  traffic.changed(scriptName);
  return deployment;
}

/** The client that made a call: `wrangler`, or `api` for every other one. */
export function clientOf(userAgent: string | undefined): string {
  return userAgent?.startsWith("wrangler/") ? "wrangler" : "api";
}
