/** Node's own `fetch`, kept before Portico's replaces it, and its Response, which makes a Blob or FormData of bytes. */
import { contentType } from "./headers.ts";

/** Node's own; this read does not load its implementation. */
export const { fetch: nativeFetch } = globalThis;

let loading: Promise<typeof Response> | undefined;

/**
 * Reads a body as Node's Response does, which knows MIME types and multipart forms.
 * @param bytes null where there is no body @param type null where there is none
 */
export async function readNativeBody<Name extends "blob" | "formData">(
  bytes: Uint8Array<ArrayBuffer> | null,
  type: string | null,
  name: Name,
) {
  // Once Portico's classes replace the platform's, only a response of `fetch` leads to them.
  const Native = await (loading ??= nativeFetch("data:,").then(({ constructor }) => constructor as typeof Response));
  return new Native(bytes, { headers: type === null ? {} : { [contentType]: type } })[name]() as ReturnType<
    Response[Name]
  >;
}
