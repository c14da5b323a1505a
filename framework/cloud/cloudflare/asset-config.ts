/** Reads the static assets of an upload: the token that names its files, and how they are served. */
import type { Collection } from "../collection.ts";
import type { StructureReader } from "../structure-reader.ts";
import { type AssetTokens, filesOfToken } from "./asset-tokens.ts";
import { invalid, unsupported } from "./cloudflare-error.ts";
import type { AssetConfig, AssetRecord, VersionAssets, VersionRecord } from "./records.ts";

const htmlHandling = ["auto-trailing-slash", "force-trailing-slash", "drop-trailing-slash", "none"] as const;
const notFoundHandling = ["none", "404-page", "single-page-application"] as const;

/**
 * Undefined when the version has no assets. Throws CloudflareError for a token that is not valid, has expired, or whose
 * files were not all uploaded.
 */
export function readAssets(
  metadata: StructureReader,
  { script, latest }: { readonly script: string; readonly latest: VersionRecord | undefined },
  tokens: AssetTokens,
  assets: Collection<AssetRecord>,
): VersionAssets | undefined {
  const members = metadata.structure("assets");
  const keep = metadata.flag("keep_assets") ?? false;
  const jwt = members?.text("jwt");
  const config = readConfig(members?.structure("config"));
  members?.end();
  if (jwt !== undefined) return { files: filesOfToken(jwt, script, tokens, assets), config };
  if (keep && latest?.assets) return { files: latest.assets.files, config: members ? config : latest.assets.config };
  if (members && !keep) throw invalid("assets needs the jwt of a completed upload session, or keep_assets", 10304);
  return undefined;
}

function readConfig(members: StructureReader | undefined): AssetConfig {
  if (!members) return {};
  if (members.has("base_path")) throw unsupported("base_path of assets");
  const html = members.text("html_handling", { oneOf: htmlHandling });
  const missing = members.text("not_found_handling", { oneOf: notFoundHandling });
  const headers = members.text("_headers");
  const redirects = members.text("_redirects");
  const workerFirst = readWorkerFirst(members.value("run_worker_first"));
  // The inverse of run_worker_first, under an older name.
  if (members.has("serve_directly")) throw unsupported("serve_directly; use run_worker_first");
  members.end();
  return {
    ...(html !== undefined && { html_handling: html }),
    ...(missing !== undefined && { not_found_handling: missing }),
    ...(workerFirst !== undefined && { run_worker_first: workerFirst }),
    ...(headers !== undefined && { _headers: headers }),
    ...(redirects !== undefined && { _redirects: redirects }),
  };
}

/** Paths start with "/" or "!/"; at least one must be without "!" (docs: run_worker_first). */
function readWorkerFirst(value: unknown): boolean | readonly string[] | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  if (!Array.isArray(value) || value.some((rule) => typeof rule !== "string"))
    throw invalid("run_worker_first must be a boolean or a list of paths");
  const rules = value as readonly string[];
  if (rules.length > 100) throw invalid("run_worker_first has more than 100 rules");
  const wrong = rules.find((rule) => !/^!?\//.test(rule) || rule.length > 100);
  if (wrong !== undefined)
    throw invalid(`run_worker_first: ${wrong} must start with / or !/ and have at most 100 characters`);
  if (rules.length > 0 && rules.every((rule) => rule.startsWith("!")))
    throw invalid("run_worker_first needs at least one path without !");
  return rules;
}
