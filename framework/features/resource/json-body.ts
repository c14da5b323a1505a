/** Reads the JSON body of a request within a limit of bytes, and refuses what is not one. */
import { refuse } from "./problem.ts";

/** Arrays and objects inside one another; schemas that refer to themselves go down one call for each. */
const deepest = 128;

/** A body that was read, undefined without one; or the refusal. */
export type JsonBody = { readonly value: unknown } | Response;

/** @param limit bytes */
export async function readJsonBody(request: Request, limit: number): Promise<JsonBody> {
  const { headers } = request;
  const type = headers.get("content-type");
  const [, charset = "utf-8"] = /;\s*charset="?([^\s;"]*)/i.exec(type ?? "") ?? [];
  const isJson = /^\s*(?:application\/json|[\w!#$&^.-]+\/[\w!#$&^.+-]+\+json)\s*(?:;|$)/i.test(type ?? "");
  if (type !== null && !(isJson && /^utf-?8$/i.test(charset)))
    return refuse(415, "The body must be JSON in UTF-8", { accept: "application/json" });
  if (!/^(?:identity)?$/i.test(headers.get("content-encoding") ?? ""))
    return refuse(415, "The body must not be encoded", { "accept-encoding": "identity" });
  const bytes = await readBytes(request, limit);
  if (!bytes) return refuse(413, `The body has more than ${limit} bytes`);
  // Without a type there is no body, which a schema may allow.
  if (type === null) {
    if (bytes.length === 0) return { value: undefined };
    return refuse(415, "The body has no Content-Type", { accept: "application/json" });
  }
  if (isDeep(bytes)) return refuse(400, `The body is more than ${deepest} levels deep`);
  try {
    return { value: parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) };
  } catch {
    return refuse(400, "The body is not JSON");
  }
}

/** Undefined for a body beyond the limit, of which no more is read. */
async function readBytes(request: Request, limit: number): Promise<Uint8Array | undefined> {
  const length = request.headers.get("content-length");
  if (Number(length) > limit) return undefined;
  // Servers hold a client to the length that it gave. A stream costs a start on Lambda more.
  if (length !== null) {
    const bytes = new Uint8Array(await request.arrayBuffer());
    return bytes.length > limit ? undefined : bytes;
  }
  const reader = request.body?.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (let step; reader && !(step = await reader.read()).done; parts.push(step.value)) {
    size += step.value.length;
    if (size > limit) {
      await reader.cancel();
      return undefined;
    }
  }
  return Buffer.concat(parts);
}

/** Looks at brackets outside of strings; other mistakes are the parser's to find. */
function isDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let quoted = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]!;
    if (byte === 0x22) quoted = !quoted;
    else if (quoted && byte === 0x5c) index++;
    else if (quoted) continue;
    // `[` and `{` differ in one bit, as `]` and `}` do.
    else if ((byte | 0x20) === 0x7b && ++depth > deepest) return true;
    else if ((byte | 0x20) === 0x7d) depth--;
  }
  return false;
}

/** `__proto__` is left out: a schema that copies keys would set a prototype by it. */
const parse = (text: string): unknown =>
  /__proto__|\\u00/.test(text)
    ? JSON.parse(text, (key, value: unknown) => (key === "__proto__" ? undefined : value))
    : JSON.parse(text);
