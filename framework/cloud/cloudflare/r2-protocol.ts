/** Calls a stored R2 bucket in the protocol of the R2 binding (workerd, r2-api.capnp). */
import type { Storage } from "../../emulation/workers/miniflare-storage.ts";
import { isRecord } from "../structure-reader.ts";

/** A successful response. */
export interface R2Response {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly body: Uint8Array;
}

/** An error of the protocol; 10007 is a key without an object. */
export interface R2Error {
  readonly v4code: number;
  readonly message: string;
}

/** @param body makes the request a PUT, whose response is the object's metadata */
export async function callBucket(
  id: string,
  request: Readonly<Record<string, unknown>>,
  storage: Storage,
  body?: Uint8Array,
): Promise<R2Response | R2Error> {
  const head = asciiJson({ version: 1, ...request });
  const response = await storage.send(
    "r2",
    id,
    body === undefined
      ? { url: "http://r2/", method: "GET", headers: { "cf-r2-request": head } }
      : {
          url: "http://r2/",
          method: "PUT",
          headers: {
            "cf-r2-metadata-size": String(Buffer.byteLength(head)),
            "content-length": String(Buffer.byteLength(head) + body.length),
          },
          body: Buffer.concat([Buffer.from(head), body]),
        },
  );
  const bytes = Buffer.from(await response.arrayBuffer());
  const error = response.headers.get("cf-r2-error");
  if (error !== null) return JSON.parse(error) as R2Error;
  if (!response.ok) throw new Error(`the bucket ${id} answered ${response.status}`);
  const size = Number(response.headers.get("cf-r2-metadata-size") ?? bytes.length);
  const metadata: unknown = size === 0 ? {} : JSON.parse(bytes.toString("utf8", 0, size));
  return { metadata: isRecord(metadata) ? metadata : {}, body: bytes.subarray(size) };
}

/** JSON in ASCII alone, as a header needs it. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[^\0-~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
