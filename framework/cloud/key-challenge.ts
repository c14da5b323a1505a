/** A challenge by which a server proves that it has the local cloud's access key, without sending it: an HMAC. */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { AccessKey } from "./access-key.ts";

/** The path of the challenge: `GET /portico/ping?nonce=HEX`. */
export const pingPath = "/portico/ping";

/** 32 bytes in hex. */
export const noncePattern = /^[0-9a-f]{64}$/;

/** The HMAC includes the port, so that another server cannot forward the challenge to the real one. */
export function challengeResponse(key: AccessKey, port: number, nonce: string): string {
  return createHmac("sha256", key.secretAccessKey).update(`portico-ping\n${port}\n${nonce}`).digest("hex");
}

/** Whether a response to the challenge proves the key. */
export function provesKey(response: string, key: AccessKey, port: number, nonce: string): boolean {
  const expected = Buffer.from(challengeResponse(key, port, nonce));
  const bytes = Buffer.from(response);
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}
