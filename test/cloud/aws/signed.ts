/** Sends raw requests to a local cloud's control port, signed with its key, that no SDK client sends. */
import { SignatureV4 } from "@smithy/signature-v4";
import type { Cloud } from "../../../framework/cloud/cloud.ts";
import { Sha256 } from "../../../framework/emulation/aws/sha256.ts";

export async function sendSigned(
  {
    url,
    port,
    region,
    accessKeyId,
    secretAccessKey,
  }: Pick<Cloud, "url" | "port" | "region" | "accessKeyId" | "secretAccessKey">,
  service: string,
  method: string,
  target: string,
  body = "",
  more: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly headers: Headers; readonly text: string }> {
  const credentials = { accessKeyId, secretAccessKey };
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256, uriEscapePath: service !== "s3" });
  const [path = "", search = ""] = target.split("?");
  const query: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(search)) (query[name] ??= []).push(value);
  const own = { host: `127.0.0.1:${port}`, ...more };
  const { headers } = await signer.sign({
    method,
    protocol: "http:",
    hostname: "127.0.0.1",
    path,
    query,
    headers: own,
    body,
  });
  const response = await fetch(`${url}${target}`, { method, headers, ...(body && { body }) });
  return { status: response.status, headers: response.headers, text: await response.text() };
}
