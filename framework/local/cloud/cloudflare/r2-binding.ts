/** A bucket in the storage, asked in the binding's own protocol (workerd, r2-api.capnp): a request and bytes in, metadata and bytes out. */
import { isRecord } from "../members.ts";
import type { Edge } from "./edge.ts";

/** What the bucket answered. */
export interface R2Answer {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly body: Uint8Array;
}

/** Code and words of the protocol's own refusals: 10007 is a key that is not there. */
export interface R2Refusal {
  readonly v4code: number;
  readonly message: string;
}

/** @param body makes it a PUT, whose answer is the object's metadata */
export async function askBucket(
  id: string,
  request: Readonly<Record<string, unknown>>,
  edge: Edge,
  body?: Uint8Array,
): Promise<R2Answer | R2Refusal> {
  const storage = await edge.storage();
  const head = inAscii(JSON.stringify({ version: 1, ...request }));
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
  const refusal = response.headers.get("cf-r2-error");
  if (refusal !== null) return JSON.parse(refusal) as R2Refusal;
  if (!response.ok) throw new Error(`the bucket ${id} answered ${response.status}`);
  const size = Number(response.headers.get("cf-r2-metadata-size") ?? bytes.length);
  const metadata: unknown = size === 0 ? {} : JSON.parse(bytes.toString("utf8", 0, size));
  return { metadata: isRecord(metadata) ? metadata : {}, body: bytes.subarray(size) };
}

/** A header carries no other characters. */
function inAscii(json: string): string {
  return json.replaceAll(/[^\0-~]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
