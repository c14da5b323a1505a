/** What Node's own Response makes of a body's bytes, since it knows MIME types and reads multipart forms: bytes in, a Blob or FormData out. */
import { contentType } from "./headers.ts";
import { nativeFetch } from "./native.ts";

let loading: Promise<typeof Response> | undefined;

/** @param bytes null where there is no body @param type null where there is none */
export async function handOver<Name extends "blob" | "formData">(bytes: Uint8Array<ArrayBuffer> | null, type: string | null, name: Name) {
  // Once the platform's classes are hidden behind ours, an answer of `fetch` is the only way to them.
  const Native = await (loading ??= nativeFetch("data:,").then(({ constructor }) => constructor as typeof Response));
  return new Native(bytes, { headers: type === null ? {} : { [contentType]: type } })[name]() as ReturnType<Response[Name]>;
}
