/** The `assets` of an upload: a completion token, a config and `keep_assets` in, the version's files and how they are served out. */
import type { Members } from "../members.ts";
import { invalid, notSpoken } from "./cloudflare-error.ts";
import type { Edge } from "./edge.ts";
import { readCompletion } from "./asset-token.ts";
import type { AssetConfig, VersionAssets, VersionRecord } from "./records.ts";

export type AssetsDraft = VersionAssets;

const htmlHandling = ["auto-trailing-slash", "force-trailing-slash", "drop-trailing-slash", "none"] as const;
const notFoundHandling = ["none", "404-page", "single-page-application"] as const;

/** Undefined when the version has no assets. Throws CloudflareError for a token that is none, has expired, or is not complete. */
export function readAssets(metadata: Members, script: string, latest: VersionRecord | undefined, edge: Edge): AssetsDraft | undefined {
  const members = metadata.structure("assets");
  const keep = metadata.flag("keep_assets") ?? false;
  const jwt = members?.text("jwt");
  const config = readConfig(members?.structure("config"));
  members?.end();
  if (jwt !== undefined) return { files: readCompletion(jwt, script, edge), config };
  if (keep && latest?.assets) return { files: latest.assets.files, config: members ? config : latest.assets.config };
  if (members && !keep) throw invalid("assets needs the jwt of a completed upload session, or keep_assets", 10304);
  return undefined;
}

function readConfig(members: Members | undefined): AssetConfig {
  if (!members) return {};
  if (members.has("base_path")) throw notSpoken("base_path of assets");
  const html = members.text("html_handling", { oneOf: htmlHandling });
  const missing = members.text("not_found_handling", { oneOf: notFoundHandling });
  const headers = members.text("_headers");
  const redirects = members.text("_redirects");
  const first = readFirst(members.value("run_worker_first"));
  // The older name of run_worker_first, inverted.
  if (members.has("serve_directly")) throw notSpoken("serve_directly; use run_worker_first");
  members.end();
  return {
    ...(html !== undefined && { html_handling: html }),
    ...(missing !== undefined && { not_found_handling: missing }),
    ...(first !== undefined && { run_worker_first: first }),
    ...(headers !== undefined && { _headers: headers }),
    ...(redirects !== undefined && { _redirects: redirects }),
  };
}

/** Paths start with "/" or "!/"; at least one must be without "!" (docs: run_worker_first). */
function readFirst(value: unknown): boolean | readonly string[] | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  if (!Array.isArray(value) || value.some((rule) => typeof rule !== "string"))
    throw invalid("run_worker_first must be a boolean or a list of paths");
  const rules = value as readonly string[];
  if (rules.length > 100) throw invalid("run_worker_first has more than 100 rules");
  const bad = rules.find((rule) => !/^!?\//.test(rule) || rule.length > 100);
  if (bad !== undefined) throw invalid(`run_worker_first: ${bad} must start with / or !/ and have at most 100 characters`);
  if (rules.length > 0 && rules.every((rule) => rule.startsWith("!"))) throw invalid("run_worker_first needs at least one path without !");
  return rules;
}
