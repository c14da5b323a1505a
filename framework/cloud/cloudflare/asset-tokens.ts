/** Tokens of asset upload sessions: JWTs as Cloudflare's, signed with an HMAC here. */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock } from "../clock.ts";
import type { Collection } from "../collection.ts";
import { isRecord } from "../structure-reader.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import type { AssetRecord, AssetSession } from "./records.ts";

/** Milliseconds that a token is valid (docs: one hour). */
export const tokenLifetime = 60 * 60 * 1000;

/** `upload` lets a client send files, `complete` lets an upload of a script use them. */
export type TokenUse = "upload" | "complete";

/** Signs and verifies the tokens of this cloud. */
export interface AssetTokens {
  sign(session: AssetSession, use: TokenUse): string;
  /** Undefined for a token of another cloud or another use, and for one that has expired. */
  verify(token: string, use: TokenUse): AssetSession | undefined;
}

/** @param secret the key of the signatures */
export function createAssetTokens(secret: string, sessions: Collection<AssetSession>, clock: Clock): AssetTokens {
  const signatureOf = (text: string): string =>
    createHmac("sha256", secret).update(`portico-assets\n${text}`).digest("base64url");
  return {
    sign(session, use) {
      const header = encode({ alg: "HS256", typ: "JWT" });
      const claims = encode({ sub: session.id, use, exp: Math.floor(session.expires / 1000) });
      return `${header}.${claims}.${signatureOf(`${header}.${claims}`)}`;
    },
    verify(token, use) {
      const [header = "", claims = "", signature = ""] = token.split(".");
      const expected = Buffer.from(signatureOf(`${header}.${claims}`));
      const given = Buffer.from(signature);
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
      const value: unknown = JSON.parse(Buffer.from(claims, "base64url").toString("utf8"));
      if (!isRecord(value) || value["use"] !== use || typeof value["sub"] !== "string") return undefined;
      const session = sessions.get(value["sub"]);
      return session && clock.now() < session.expires ? session : undefined;
    },
  };
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** The files of the session that a completion token names: path to hash. Throws CloudflareError. */
export function filesOfToken(
  token: string,
  script: string,
  tokens: AssetTokens,
  assets: Collection<AssetRecord>,
): Readonly<Record<string, string>> {
  const session = tokens.verify(token, "complete");
  if (!session) throw new CloudflareError(10304, 400, "The assets' completion token is not valid or has expired.");
  if (session.script !== script)
    throw new CloudflareError(10304, 400, "The assets' completion token is another Worker's.");
  const missing = missingHashes(session, assets);
  if (missing.length > 0) throw invalid(`${missing.length} assets of the session were not uploaded`, 10304);
  return Object.fromEntries(Object.entries(session.files).map(([path, { hash }]) => [path, hash]));
}

/** Hashes of the session's files that were not uploaded yet, each once, in the order of the manifest. */
export function missingHashes(
  { files }: Pick<AssetSession, "files">,
  assets: Collection<AssetRecord>,
): readonly string[] {
  return [...new Set(Object.values(files).map(({ hash }) => hash))].filter((hash) => !assets.get(hash));
}
