/** The JSON objects in which the API answers scripts, versions and deployments. */
import { author } from "./account.ts";
import { bindingJson } from "./bindings.ts";
import type { DeploymentRecord, ScriptRecord, VersionRecord } from "./records.ts";
import { mainVersion } from "./script-lookup.ts";
import type { CloudflareState } from "./state.ts";

export function scriptJson(
  script: ScriptRecord,
  state: Pick<CloudflareState, "deployments" | "versions">,
): Readonly<Record<string, unknown>> {
  const version = mainVersion(script.name, state);
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
      // Cloudflare's deployment_id is the id of the version without its dashes.
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

export function versionJson(version: VersionRecord): Readonly<Record<string, unknown>> {
  const {
    id,
    number,
    created,
    source,
    annotations,
    etag,
    handlers,
    namedHandlers,
    compatibilityDate,
    compatibilityFlags,
    limits,
  } = version;
  return {
    id,
    number,
    metadata: { created_on: created, modified_on: created, source, ...author, hasPreview: false },
    annotations,
    resources: {
      script: {
        etag,
        handlers,
        named_handlers: namedHandlers,
        last_deployed_from: source,
        ...(version.placement && { placement: version.placement, placement_mode: version.placement["mode"] }),
      },
      script_runtime: {
        compatibility_date: compatibilityDate,
        compatibility_flags: compatibilityFlags,
        usage_model: "standard",
        ...(limits && { limits }),
        ...(version.assets && { assets: { config: version.assets.config } }),
      },
      bindings: version.bindings.map(bindingJson),
    },
    startup_time_ms: version.startupMs,
  };
}

/** A version in a list, without its resources. */
export function listedVersionJson(version: VersionRecord): Readonly<Record<string, unknown>> {
  const { resources: _, startup_time_ms: __, ...rest } = versionJson(version);
  return rest;
}

/** The resources of a version in a list: its bindings. */
export function listedResourcesJson({ bindings }: VersionRecord): Readonly<Record<string, unknown>> {
  return { bindings: bindings.map(bindingJson) };
}

export function deploymentJson({
  id,
  source,
  created,
  annotations,
  versions,
}: DeploymentRecord): Readonly<Record<string, unknown>> {
  return {
    id,
    source,
    strategy: "percentage",
    author_email: author.author_email,
    created_on: created,
    annotations,
    versions,
  };
}
