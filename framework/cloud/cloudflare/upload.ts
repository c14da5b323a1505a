/** Reads the multipart upload of a Worker's code and metadata into the draft of a version, and starts it as a check. */
import { type UploadCheck, localCompatibility } from "../../emulation/workers/upload-check.ts";
import { isRecord, type StructureReader } from "../structure-reader.ts";
import type { AccountPlan } from "./account-plan.ts";
import { readAnnotations } from "./annotations.ts";
import type { ApiCall } from "./api-call.ts";
import { readAssets } from "./asset-config.ts";
import { type BoundCollection, checkBindings, readBinding } from "./bindings.ts";
import { CloudflareError, invalid, unsupported } from "./cloudflare-error.ts";
import { type Compatibility, readCompatibility } from "./compatibility.ts";
import { inheritedBinding, bindingsOfTypes } from "./inherited-bindings.ts";
import { membersOf, parseJson } from "./json-body.ts";
import { readMultipart } from "./multipart.ts";
import type { Binding, NamedHandler, VersionAssets, VersionRecord } from "./records.ts";
import type { CloudflareServices } from "./services.ts";
import type { CloudflareState } from "./state.ts";
import { checkModules, runnableModules, type UploadedModule } from "./worker-modules.ts";

/** The content of a version before it is stored. */
export interface VersionDraft extends Compatibility {
  readonly mainModule?: string;
  readonly modules: readonly UploadedModule[];
  readonly bindings: readonly Binding[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, number>>;
  readonly placement?: Readonly<Record<string, unknown>>;
  readonly assets?: VersionAssets;
  readonly hasDefault?: boolean;
  readonly handlers: readonly string[];
  readonly namedHandlers: readonly NamedHandler[];
  readonly startupMs: number;
}

/** The state and the services that an upload is checked with. */
export type UploadState = BoundCollection | "assets" | "versions";
export type UploadServices = "assetTokens" | "clock" | "plan";

/** The script that an upload is for, and its newest version. */
export interface UploadTarget {
  readonly script: string;
  readonly latest: VersionRecord | undefined;
}

/** The draft of a version, and the metadata that belongs to the script. */
export interface Upload {
  readonly draft: VersionDraft;
  /** The members that were not read yet: the caller reads those of the script and calls `end`. */
  readonly metadata: StructureReader;
}

/** Reads the body. The caller reads the rest of the metadata, then calls {@link checkStartup}. */
export function readUpload(
  call: ApiCall,
  target: UploadTarget,
  state: Pick<CloudflareState, UploadState>,
  services: Pick<CloudflareServices, UploadServices>,
): Upload {
  const parts = readMultipart(call.body, call.header("content-type"));
  const metadataPart = parts.find(({ name }) => name === "metadata");
  if (!metadataPart) throw invalid("could not read content for part metadata");
  const modules = parts
    .filter((part) => part !== metadataPart)
    .map(({ name, contentType = "", body }) => ({
      name,
      contentType: contentType.replace(/;.*/, "").trim(),
      bytes: body,
    }));
  const metadata = membersOf(parseJson(metadataPart.body, "metadata"), "metadata");
  return { draft: readDraft(call, metadata, modules, target, state, services), metadata };
}

function readDraft(
  call: ApiCall,
  metadata: StructureReader,
  modules: readonly UploadedModule[],
  target: UploadTarget,
  state: Pick<CloudflareState, UploadState>,
  { assetTokens, clock, plan }: Pick<CloudflareServices, UploadServices>,
): VersionDraft {
  if (metadata.has("body_part")) throw unsupported("service worker syntax (body_part); upload an ES module");
  const mainModule = metadata.text("main_module");
  const bindings = readBindings(call, metadata, target, state);
  checkBindings(bindings, plan);
  const assets = readAssets(metadata, target, assetTokens, state.assets);
  if (mainModule !== undefined) checkModules(modules, mainModule);
  else if (!assets) throw invalid("There is no main_module and there are no assets: nothing could run.");
  if (bindings.some(({ type }) => type === "assets") && !assets)
    throw new CloudflareError(10305, 400, "A Worker with an assets binding must have assets.");
  readIgnoredMembers(metadata);
  return {
    ...readCompatibility(metadata, clock),
    ...(mainModule !== undefined && { mainModule }),
    modules: mainModule === undefined ? [] : modules,
    bindings,
    annotations: readAnnotations(metadata.structure("annotations"), [
      "workers/message",
      "workers/tag",
      "workers/alias",
      "workers/triggered_by",
    ]),
    ...readLimits(metadata, plan),
    ...readPlacement(metadata),
    ...(assets && { assets }),
    handlers: [],
    namedHandlers: [],
    startupMs: 0,
  };
}

/** Members that change nothing here, and members of features that this emulation lacks. */
function readIgnoredMembers(metadata: StructureReader): void {
  metadata.text("usage_model", { oneOf: ["standard"] });
  // It concerns only Durable Objects, which are refused as bindings; wrangler always sends it.
  metadata.structure("code_update_strategy");
  metadata.list("package_dependencies");
  if (metadata.has("migrations")) throw unsupported("Durable Object migrations");
  if (metadata.has("exports")) throw unsupported("declared exports");
  if (metadata.has("containers")) throw unsupported("containers");
}

function readBindings(
  call: ApiCall,
  metadata: StructureReader,
  { script, latest }: UploadTarget,
  state: Pick<CloudflareState, BoundCollection | "versions">,
): readonly Binding[] {
  const inherit = call.query.get("bindings_inherit");
  if (inherit !== null && inherit !== "strict") throw invalid("bindings_inherit can only be strict");
  const own = (metadata.list("bindings") ?? []).flatMap((value) => {
    if (isRecord(value) && value["type"] === "inherit")
      return inheritedBinding(value, latest, inherit === "strict", state.versions) ?? [];
    return readBinding(value, script, state);
  });
  return [...own, ...bindingsOfTypes(metadata.texts("keep_bindings") ?? [], own, latest)];
}

function readLimits(metadata: StructureReader, plan: AccountPlan): Pick<VersionDraft, "limits"> {
  const members = metadata.structure("limits");
  if (!members) return {};
  const cpu = members.integer("cpu_ms", 1, 300_000);
  const subrequests = members.integer("subrequests", 1, 10_000_000);
  members.end();
  if (cpu !== undefined && plan.name === "free")
    throw new CloudflareError(100328, 400, "CPU limits are not supported for the Free plan.");
  return { limits: { ...(cpu !== undefined && { cpu_ms: cpu }), ...(subrequests !== undefined && { subrequests }) } };
}

function readPlacement(metadata: StructureReader): Pick<VersionDraft, "placement"> {
  const members = metadata.structure("placement");
  const mode = members?.text("mode", { oneOf: ["smart", "targeted", "off"] });
  if (mode === "targeted") throw unsupported("targeted placement");
  const hint = members?.text("hint");
  members?.end();
  return mode === undefined || mode === "off" ? {} : { placement: { mode, ...(hint !== undefined && { hint }) } };
}

/** Starts the code in workerd. Throws 10021 with workerd's message, and 10068 for code without a handler. */
export async function checkStartup(draft: VersionDraft, uploadCheck: UploadCheck): Promise<VersionDraft> {
  const { mainModule: main, modules, bindings, compatibilityDate, compatibilityFlags } = draft;
  if (main === undefined) return draft;
  const values = bindings.flatMap(({ type, name, text, json }): [string, unknown][] =>
    type === "plain_text" || type === "secret_text" ? [[name, text]] : type === "json" ? [[name, json]] : [],
  );
  const found = await uploadCheck.check({
    main,
    modules: runnableModules(modules, main),
    ...localCompatibility(compatibilityDate, compatibilityFlags),
    env: Object.fromEntries(values),
  });
  if ("error" in found) throw invalid(found.error.replace(/^Failed to start Worker:\n/, ""));
  if (found.handlers.length === 0 && found.named.length === 0)
    throw invalid("The uploaded script has no registered event handlers.", 10068);
  return {
    ...draft,
    hasDefault: found.hasDefault,
    handlers: found.handlers,
    namedHandlers: found.named,
    startupMs: found.startupMs,
  };
}
