/** Scripts, versions and deployments as the API shows them: records in, JSON members out. */
import { author } from "./account.ts";
import { shownBinding } from "./binding-kinds.ts";
import { type Edge } from "./edge.ts";
import { mainVersion } from "./find.ts";
import type { DeploymentRecord, ScriptRecord, VersionRecord } from "./records.ts";

export function describeScript(script: ScriptRecord, edge: Edge): Readonly<Record<string, unknown>> {
  const version = mainVersion(script, edge);
  return {
    id: script.name,
    tag: script.tag,
    tags: script.tags,
    created_on: script.created,
    modified_on: script.modified,
    logpush: script.logpush,
    observability: script.observability,
    tail_consumers: script.tailConsumers,
    usage_model: "standard",
    last_deployed_from: script.source,
    ...(version && {
      etag: version.etag,
      // Really a version's id without its dashes (facts/cloudflare.md section 1.1).
      deployment_id: version.id.replaceAll("-", ""),
      compatibility_date: version.compatibilityDate,
      compatibility_flags: version.compatibilityFlags,
      handlers: version.handlers,
      named_handlers: version.namedHandlers,
      has_modules: version.modules.length > 0,
      has_assets: version.assets !== undefined,
      ...(version.placement && { placement: version.placement, placement_mode: version.placement["mode"] }),
    }),
  };
}

export function describeVersion(version: VersionRecord): Readonly<Record<string, unknown>> {
  const { id, number, created, source, annotations, etag, handlers, namedHandlers, compatibilityDate, compatibilityFlags, limits } =
    version;
  return {
    id,
    number,
    metadata: { created_on: created, modified_on: created, source, ...author, hasPreview: false },
    annotations,
    resources: {
      script: {
        ...{ etag, handlers, named_handlers: namedHandlers, last_deployed_from: source },
        ...(version.placement && { placement: version.placement, placement_mode: version.placement["mode"] }),
      },
      script_runtime: {
        compatibility_date: compatibilityDate,
        compatibility_flags: compatibilityFlags,
        usage_model: "standard",
        ...(limits && { limits }),
        ...(version.assets && { assets: { config: version.assets.config } }),
      },
      bindings: version.bindings.map(shownBinding),
    },
    startup_time_ms: version.startupMs,
  };
}

/** Lists are short: what a version holds is asked for one by one. */
export function listedVersion(version: VersionRecord): Readonly<Record<string, unknown>> {
  const { resources: _, startup_time_ms: __, ...rest } = describeVersion(version);
  return rest;
}

/** What a list tells of them: the bindings. */
export function listedResources({ bindings }: VersionRecord): Readonly<Record<string, unknown>> {
  return { bindings: bindings.map(shownBinding) };
}

export function describeDeployment({ id, source, created, annotations, versions }: DeploymentRecord): Readonly<Record<string, unknown>> {
  return { id, source, strategy: "percentage", author_email: author.author_email, created_on: created, annotations, versions };
}
