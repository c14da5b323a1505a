/** Drafts become versions, versions become deployments: what was checked in, records on disk out. */
import { randomUUID } from "node:crypto";
import { sha256Of } from "./content-store.ts";
import { type Edge, timestamp } from "./edge.ts";
import { calledBy } from "./lease-version.ts";
import { keepModules } from "./modules.ts";
import type { DeploymentRecord, ScriptRecord, Share, VersionRecord } from "./records.ts";
import type { Draft } from "./upload.ts";

/** What a version takes over from a draft or from the version before it. */
export type VersionContent = Omit<VersionRecord, "script" | "id" | "number" | "created" | "source" | "annotations" | "etag">;

export function contentOf(draft: Draft, edge: Edge): VersionContent {
  const { modules, annotations: _, ...rest } = draft;
  return { ...rest, modules: keepModules(modules, edge.content) };
}

/** Writes the next version of a script; the script's own record counts first, so that a number is never given twice. */
export function keepVersion(
  script: ScriptRecord,
  content: VersionContent,
  annotations: Readonly<Record<string, string>>,
  source: string,
  edge: Edge,
): VersionRecord {
  const { scripts, versions } = edge.state;
  scripts.put(script.name, { ...script, nextVersion: script.nextVersion + 1, modified: timestamp(edge) });
  for (const called of calledBy(content)) edge.called.add(called);
  const id = randomUUID();
  return versions.put(`${script.name}/${id}`, {
    ...content,
    script: script.name,
    id,
    number: script.nextVersion,
    created: timestamp(edge),
    source,
    annotations,
    etag: sha256Of(JSON.stringify(content.modules)),
  });
}

/** The switch: from now on (and after the propagation window everywhere) these shares answer. */
export function keepDeployment(
  scriptName: string,
  shares: readonly Share[],
  annotations: Readonly<Record<string, string>>,
  source: string,
  edge: Edge,
): DeploymentRecord {
  const { scripts, deployments } = edge.state;
  const script = scripts.get(scriptName);
  if (!script) throw new Error(`${scriptName} went away during a call`);
  scripts.put(scriptName, { ...script, nextDeployment: script.nextDeployment + 1 });
  const id = randomUUID();
  const deployment = deployments.put(`${scriptName}/${id}`, {
    ...{ script: scriptName, id, sequence: script.nextDeployment, created: timestamp(edge), since: edge.clock.now() },
    ...{ source, annotations, versions: shares },
  });
  edge.traffic.changed(scriptName);
  return deployment;
}

/** `wrangler`, or `api` for everybody else. */
export function sourceOf(userAgent: string | undefined): string {
  return userAgent?.startsWith("wrangler/") ? "wrangler" : "api";
}
