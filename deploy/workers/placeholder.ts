/** What answers before an app's first release: a Worker that says 503, made where there is none. */
import type { Owner } from "../owner.ts";
import type { Client } from "./client.ts";
import { lookFirst } from "./look-first.ts";
import { isOurs, own, ownerTags, placeholderTag, scriptName, taken } from "./names.ts";
import { findScript } from "./script.ts";

const code = `const headers = { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store", "retry-after": "60" };
export default { fetch: () => new Response("not released yet\\n", { status: 503, headers }) };
`;

/**
 * A version needs a Worker that was put before (10222). PUT deploys what it brings, so it is only ever sent where nothing was found, and
 * after a lost answer only where still nothing is: two deployers who both make an app's very first release in the same instant are not
 * kept apart by it. Throws UserError NAME_TAKEN when what is there by then is another's.
 */
export async function putPlaceholder(client: Client, owner: Owner, compatibilityDate: string): Promise<void> {
  const name = scriptName(owner);
  const metadata = {
    main_module: "placeholder.js",
    compatibility_date: compatibilityDate,
    bindings: [{ type: "json", name: own.secrets, json: {} }],
    tags: ownerTags(owner),
    observability: { enabled: true },
    annotations: { "workers/tag": placeholderTag, "workers/message": "answers until the first release" },
  };
  const path = `/workers/scripts/${name}?excludeScript=true&bindings_inherit=strict`;
  const form = (): FormData =>
    toForm(metadata, [{ name: "placeholder.js", type: "application/javascript+module", bytes: Buffer.from(code) }]);
  const look = async (): Promise<true | undefined> => {
    const script = await findScript(client, name);
    if (script && !isOurs(owner, script.tags)) throw taken(name);
    return script && true;
  };
  await lookFirst<unknown>(client, look, () => client.call({ operation: "uploadScript", method: "PUT", path, form, once: true }));
}

/** A part of an upload. */
export interface Part {
  /** The module's specifier. */
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** The form of PUT script and POST versions: metadata, then one part for each module (API docs, "Multipart upload metadata"). */
export function toForm(metadata: unknown, parts: readonly Part[]): FormData {
  const form = new FormData();
  form.set("metadata", new Blob([JSON.stringify(metadata)], { type: "application/json" }));
  for (const { name, type, bytes } of parts) form.set(name, new File([Buffer.from(bytes)], name, { type }));
  return form;
}
