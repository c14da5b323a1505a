/** Downloads of deployed code: the URLs with an expiring token that GetFunction returns, and the responses to them. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { type HttpResponse, jsonResponse } from "../../../model/http-message.ts";
import type { CodeStore } from "./code-store.ts";
import type { AccessKey } from "../../access-key.ts";

/** Milliseconds until a URL expires: ten minutes, like the presigned S3 URLs of GetFunction. */
const lifetime = 10 * 60 * 1000;

/** The prefix of the path of these URLs. */
export const codePath = "/portico/code/";

function tokenOf(key: AccessKey, codeSha256: string, expires: number): string {
  return createHmac("sha256", key.secretAccessKey).update(`portico-code\n${codeSha256}\n${expires}`).digest("hex");
}

/** The download URL for a zip. */
export function createCodeUrl(url: string, key: AccessKey, codeSha256: string, now: number): string {
  const expires = now + lifetime;
  const name = Buffer.from(codeSha256, "base64").toString("hex");
  return `${url}${codePath}${name}.zip?expires=${expires}&token=${tokenOf(key, codeSha256, expires)}`;
}

/** The token replaces the signature. Responds 403 when it is wrong or expired. */
export function answerCodeDownload(target: string, key: AccessKey, code: CodeStore, now: number): HttpResponse {
  const [, name = "", expires = "", token = ""] =
    /^\/portico\/code\/([0-9a-f]{64})\.zip\?expires=(\d{1,15})&token=([0-9a-f]{64})$/.exec(target) ?? [];
  const codeSha256 = Buffer.from(name, "hex").toString("base64");
  const expected = Buffer.from(tokenOf(key, codeSha256, Number(expires)));
  const tokenBytes = Buffer.from(token);
  const isValid =
    tokenBytes.length === expected.length && timingSafeEqual(tokenBytes, expected) && now < Number(expires);
  const zip = isValid ? code.zip(codeSha256) : undefined;
  if (!zip) return jsonResponse(403, { message: "Request has expired or its token is wrong" });
  return {
    status: 200,
    headers: [
      ["content-type", "application/zip"],
      ["cache-control", "no-store"],
    ],
    body: zip,
  };
}
