/** Where GetFunction lets a client fetch a zip: a CodeSha256 in, a URL with its own expiring token out, and the zip for such a URL. */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { WireResponse } from "../../model/wire.ts";
import { jsonAnswer } from "../guard.ts";
import type { CodeStore } from "./code-store.ts";
import type { CloudKey } from "./key.ts";

/** How long a URL is good for, milliseconds; S3's presigned ones of GetFunction live ten minutes too. */
const lifetime = 10 * 60 * 1000;

/** The path that these URLs start with. */
export const codePath = "/portico/code/";

function tokenOf(key: CloudKey, codeSha256: string, expires: number): string {
  return createHmac("sha256", key.secretAccessKey).update(`portico-code\n${codeSha256}\n${expires}`).digest("hex");
}

export function codeLocation(url: string, key: CloudKey, codeSha256: string, now: number): string {
  const expires = now + lifetime;
  const name = Buffer.from(codeSha256, "base64").toString("hex");
  return `${url}${codePath}${name}.zip?expires=${expires}&token=${tokenOf(key, codeSha256, expires)}`;
}

/** The token is all that such a URL needs; anything else is 403. */
export function answerCode(target: string, key: CloudKey, code: CodeStore, now: number): WireResponse {
  const [, name = "", expires = "", token = ""] =
    /^\/portico\/code\/([0-9a-f]{64})\.zip\?expires=(\d{1,15})&token=([0-9a-f]{64})$/.exec(target) ?? [];
  const codeSha256 = Buffer.from(name, "hex").toString("base64");
  const expected = Buffer.from(tokenOf(key, codeSha256, Number(expires)));
  const given = Buffer.from(token);
  const isFine = given.length === expected.length && timingSafeEqual(given, expected) && now < Number(expires);
  const zip = isFine ? code.zip(codeSha256) : undefined;
  if (!zip) return jsonAnswer(403, { message: "Request has expired or its token is wrong" });
  return {
    status: 200,
    headers: [
      ["content-type", "application/zip"],
      ["cache-control", "no-store"],
    ],
    body: zip,
  };
}
