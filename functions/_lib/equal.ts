/** Compares secrets without telling, by the time it takes, how much of a guess was right. */

/** Both texts go through a keyed hash; `verify` then compares in constant time. */
export async function equal(given: string, secret: string): Promise<boolean> {
  const encoder = new TextEncoder();
  const key = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
  const signature = await crypto.subtle.sign("HMAC", key, encoder.encode(secret));
  return crypto.subtle.verify("HMAC", key, signature, encoder.encode(given));
}
