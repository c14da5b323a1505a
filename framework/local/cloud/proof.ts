/** Proof that a server holds the local cloud's key, without sending it: a nonce and the server's port in, an HMAC out. */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { CloudKey } from "./key.ts";

/** Where the proof is asked for: `GET /portico/ping?nonce=HEX`. */
export const pingPath = "/portico/ping";

/** 32 bytes in hex. */
export const nonceForm = /^[0-9a-f]{64}$/;

/** The port is under the HMAC, so that another server cannot pass a ping on to the real one and show its answer. */
export function proofOf(key: CloudKey, port: number, nonce: string): string {
  return createHmac("sha256", key.secretAccessKey).update(`portico-ping\n${port}\n${nonce}`).digest("hex");
}

export function isProof(given: string, key: CloudKey, port: number, nonce: string): boolean {
  const expected = Buffer.from(proofOf(key, port, nonce));
  const bytes = Buffer.from(given);
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}
