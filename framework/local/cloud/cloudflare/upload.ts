/** One upload, as PUT script and POST versions share it: a multipart body in, a checked draft of a version out. */
import { runnable } from "../../workers/inspector.ts";
import { isRecord, type Members } from "../members.ts";
import { readAnnotations } from "./annotations.ts";
import { type AssetsDraft, readAssets } from "./read-assets.ts";
import { checkBindings, readBinding } from "./binding-kinds.ts";
import { membersOf, parseJson } from "./body.ts";
import { CloudflareError, invalid, notSpoken } from "./cloudflare-error.ts";
import { type Compatibility, readCompatibility } from "./compatibility.ts";
import type { Edge } from "./edge.ts";
import { inheritedBinding, keptBindings } from "./inherit.ts";
import { checkModules, runnableModules, type UploadedModule } from "./modules.ts";
import { readMultipart } from "./multipart.ts";
import type { Call } from "./operation.ts";
import type { Binding, NamedHandler, VersionRecord } from "./records.ts";

/** What becomes a version. */
export interface Draft extends Compatibility {
  readonly mainModule?: string;
  readonly modules: readonly UploadedModule[];
  readonly bindings: readonly Binding[];
  readonly annotations: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, number>>;
  readonly placement?: Readonly<Record<string, unknown>>;
  readonly assets?: AssetsDraft;
  readonly hasDefault?: boolean;
  readonly handlers: readonly string[];
  readonly namedHandlers: readonly NamedHandler[];
  readonly startupMs: number;
}

/** What may come with an upload and belongs to the script, not the version. */
export interface Upload {
  readonly draft: Draft;
  /** The rest of the metadata, for the caller to read and to end. */
  readonly metadata: Members;
}

/** A multipart upload. The caller reads on in the metadata, ends it, then calls {@link startup}. */
export function readUpload(call: Call, script: string, latest: VersionRecord | undefined, edge: Edge): Upload {
  const parts = readMultipart(call.body, call.header("content-type"));
  const metadataPart = parts.find(({ name }) => name === "metadata");
  if (!metadataPart) throw invalid("could not read content for part metadata");
  const modules = parts
    .filter((part) => part !== metadataPart)
    .map(({ name, contentType = "", body }) => ({ name, contentType: contentType.replace(/;.*/, "").trim(), bytes: body }));
  const metadata = membersOf(parseJson(metadataPart.body, "metadata"), "metadata");
  return { draft: readDraft(call, metadata, modules, script, latest, edge), metadata };
}

/** What every upload has, however it was sent. */
export function readDraft(
  call: Call,
  metadata: Members,
  modules: readonly UploadedModule[],
  script: string,
  latest: VersionRecord | undefined,
  edge: Edge,
): Draft {
  if (metadata.has("body_part")) throw notSpoken("service worker syntax (body_part); upload an ES module");
  const mainModule = metadata.text("main_module");
  const bindings = readBindings(call, metadata, script, latest, edge);
  const assets = readAssets(metadata, script, latest, edge);
  if (mainModule !== undefined) checkModules(modules, mainModule);
  else if (!assets) throw invalid("There is no main_module and there are no assets: nothing could run.");
  if (bindings.some(({ type }) => type === "assets") && !assets)
    throw new CloudflareError(10305, 400, "A Worker with an assets binding must have assets.");
  ignored(metadata);
  return {
    ...readCompatibility(metadata, edge),
    ...(mainModule !== undefined && { mainModule }),
    modules: mainModule === undefined ? [] : modules,
    bindings,
    annotations: readAnnotations(metadata.structure("annotations"), [
      "workers/message",
      "workers/tag",
      "workers/alias",
      "workers/triggered_by",
    ]),
    ...readLimits(metadata, edge),
    ...readPlacement(metadata),
    ...(assets && { assets }),
    ...{ handlers: [], namedHandlers: [], startupMs: 0 },
  };
}

/** Members with one meaning that is ours already. */
function ignored(metadata: Members): void {
  metadata.text("usage_model", { oneOf: ["standard"] });
  // Of Durable Objects alone, which are refused as bindings; wrangler sends it always.
  metadata.structure("code_update_strategy");
  metadata.list("package_dependencies");
  if (metadata.has("migrations")) throw notSpoken("Durable Object migrations");
  if (metadata.has("exports")) throw notSpoken("declared exports");
  if (metadata.has("containers")) throw notSpoken("containers");
}

function readBindings(call: Call, metadata: Members, script: string, latest: VersionRecord | undefined, edge: Edge): readonly Binding[] {
  const inherit = call.query.get("bindings_inherit");
  if (inherit !== null && inherit !== "strict") throw invalid("bindings_inherit can only be strict");
  const own = (metadata.list("bindings") ?? []).flatMap((value) => {
    if (isRecord(value) && value["type"] === "inherit") return inheritedBinding(value, latest, inherit === "strict", edge) ?? [];
    return readBinding(value, script, edge);
  });
  const bindings = [...own, ...keptBindings(metadata.texts("keep_bindings") ?? [], own, latest)];
  checkBindings(bindings, edge);
  return bindings;
}

function readLimits(metadata: Members, edge: Edge): Pick<Draft, "limits"> {
  const members = metadata.structure("limits");
  if (!members) return {};
  const cpu = members.integer("cpu_ms", 1, 300_000);
  const subrequests = members.integer("subrequests", 1, 10_000_000);
  members.end();
  if (cpu !== undefined && edge.plan.name === "free")
    throw new CloudflareError(100328, 400, "CPU limits are not supported for the Free plan.");
  return { limits: { ...(cpu !== undefined && { cpu_ms: cpu }), ...(subrequests !== undefined && { subrequests }) } };
}

function readPlacement(metadata: Members): Pick<Draft, "placement"> {
  const members = metadata.structure("placement");
  const mode = members?.text("mode", { oneOf: ["smart", "targeted", "off"] });
  if (mode === "targeted") throw notSpoken("targeted placement");
  const hint = members?.text("hint");
  members?.end();
  return mode === undefined || mode === "off" ? {} : { placement: { mode, ...(hint !== undefined && { hint }) } };
}

/** Really starts the code. Throws 10021 with workerd's words, 10068 without a handler. */
export async function startup(draft: Draft, edge: Edge): Promise<Draft> {
  const { mainModule: main, modules, bindings, compatibilityDate, compatibilityFlags } = draft;
  if (main === undefined) return draft;
  const values = bindings.flatMap(({ type, name, text, json }): [string, unknown][] =>
    type === "plain_text" || type === "secret_text" ? [[name, text]] : type === "json" ? [[name, json]] : [],
  );
  const found = await edge.inspector.inspect({
    main,
    modules: runnableModules(modules, main),
    ...runnable(compatibilityDate, compatibilityFlags),
    env: Object.fromEntries(values),
  });
  if ("error" in found) throw invalid(found.error.replace(/^Failed to start Worker:\n/, ""));
  if (found.handlers.length === 0 && found.named.length === 0)
    throw invalid("The uploaded script has no registered event handlers.", 10068);
  return { ...draft, hasDefault: found.hasDefault, handlers: found.handlers, namedHandlers: found.named, startupMs: found.startupMs };
}
