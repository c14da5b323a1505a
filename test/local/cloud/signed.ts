/** A raw request to a local cloud's control port, signed with its key: what no SDK client speaks. */
import { SignatureV4 } from "@smithy/signature-v4";
import type { Cloud } from "../../../framework/local/cloud/cloud.ts";
import { Sha256 } from "../../../framework/local/cloud/sha256.ts";

export async function sendSigned(
  { url, port, region, accessKeyId, secretAccessKey }: Cloud,
  service: string,
  method: string,
  path: string,
  body = "",
): Promise<{ readonly status: number; readonly headers: Headers; readonly text: string }> {
  const signer = new SignatureV4({ service, region, credentials: { accessKeyId, secretAccessKey }, sha256: Sha256 });
  const plain = { method, protocol: "http:", hostname: "127.0.0.1", path, query: {}, headers: { host: `127.0.0.1:${port}` }, body };
  const { headers } = await signer.sign(plain);
  const response = await fetch(`${url}${path}`, { method, headers, ...(body && { body }) });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
