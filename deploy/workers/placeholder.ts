/** Uploads a Worker that answers 503 until the first release, and builds the multipart form of an upload. */
import type { App } from "../../framework/model/app.ts";
import type { Owner } from "../parts.ts";
import type { Client } from "./client.ts";
import { idempotentCreate } from "./idempotent-create.ts";
import { isOurs, bindingNames, ownerTags, placeholderTag, scriptName, nameTaken } from "./names.ts";
import { observabilityOf } from "./logs-setting.ts";
import { findScript } from "./worker-reads.ts";

const code = `const headers = {
  "content-type": "text/plain; charset=utf-8",
  "cache-control": "no-store",
  "retry-after": "60",
};
export default { fetch: () => new Response("not released yet\\n", { status: 503, headers }) };
`;

/**
 * Creates the Worker that a version needs (10222). PUT also deploys its code, so it is sent only where no Worker was
 * found, and repeated after a lost answer only where there still is none. It does not separate two deployers that
 * create an app's very first release in the same instant. Throws UserError NAME_TAKEN for a Worker of somebody else.
 */
export async function putPlaceholder(
  client: Client,
  owner: Owner,
  compatibilityDate: string,
  traces?: App["traces"],
): Promise<void> {
  const name = scriptName(owner);
  const metadata = {
    main_module: "placeholder.js",
    compatibility_date: compatibilityDate,
    bindings: [{ type: "json", name: bindingNames.secrets, json: {} }],
    tags: ownerTags(owner),
    observability: observabilityOf(traces),
    annotations: { "workers/tag": placeholderTag, "workers/message": "answers until the first release" },
  };
  const path = `/workers/scripts/${name}?excludeScript=true&bindings_inherit=strict`;
  const form = (): FormData =>
    toForm(metadata, [{ name: "placeholder.js", type: "application/javascript+module", bytes: Buffer.from(code) }]);
  const look = async (): Promise<true | undefined> => {
    const script = await findScript(client, name);
    if (script && !isOurs(owner, script.tags)) throw nameTaken(name);
    return script && true;
  };
  await idempotentCreate<unknown>(client, look, () =>
    client.call({ operation: "uploadScript", method: "PUT", path, form, isNotRepeatable: true }),
  );
}

/** A part of an upload. */
export interface ModulePart {
  /** The module's specifier. */
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

/**
 * The form of PUT script and POST versions: metadata, then one part for each module (API docs, "Multipart upload
 * metadata").
 */
export function toForm(metadata: unknown, parts: readonly ModulePart[]): FormData {
  const form = new FormData();
  form.set("metadata", new Blob([JSON.stringify(metadata)], { type: "application/json" }));
  for (const { name, type, bytes } of parts) form.set(name, new File([Buffer.from(bytes)], name, { type }));
  return form;
}
