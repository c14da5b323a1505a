/** Tokens of asset uploads (JWTs as Cloudflare's, here HMAC-signed): claims in, a token out; a token in, its session out. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { isRecord } from "../members.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import type { Edge } from "./edge.ts";
import type { AssetSession } from "./records.ts";

/** How long one is good for, milliseconds (docs: one hour). */
export const tokenLifetime = 60 * 60 * 1000;

/** What a token is for. */
export type TokenUse = "upload" | "complete";

export function makeToken(session: AssetSession, use: TokenUse, edge: Pick<Edge, "secret">): string {
  const head = encode({ alg: "HS256", typ: "JWT" });
  const claims = encode({ sub: session.id, use, exp: Math.floor(session.expires / 1000) });
  return `${head}.${claims}.${sign(`${head}.${claims}`, edge)}`;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function sign(text: string, { secret }: Pick<Edge, "secret">): string {
  return createHmac("sha256", secret).update(`portico-assets\n${text}`).digest("base64url");
}

/** Undefined for a token that is not ours, is for another use or has expired. */
export function openToken(token: string, use: TokenUse, edge: Edge): AssetSession | undefined {
  const [head = "", claims = "", signature = ""] = token.split(".");
  const expected = Buffer.from(sign(`${head}.${claims}`, edge));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  const value: unknown = JSON.parse(Buffer.from(claims, "base64url").toString("utf8"));
  if (!isRecord(value) || value["use"] !== use || typeof value["sub"] !== "string") return undefined;
  const session = edge.state.sessions.get(value["sub"]);
  return session && edge.clock.now() < session.expires ? session : undefined;
}

/** The files that a completion token stands for: path to hash. Throws CloudflareError. */
export function readCompletion(token: string, script: string, edge: Edge): Readonly<Record<string, string>> {
  const session = openToken(token, "complete", edge);
  if (!session) throw new CloudflareError(10304, 400, "The assets' completion token is not valid or has expired.");
  if (session.script !== script) throw new CloudflareError(10304, 400, "The assets' completion token is another Worker's.");
  const missing = missingHashes(session, edge);
  if (missing.length > 0) throw invalid(`${missing.length} assets of the session were not uploaded`, 10304);
  return Object.fromEntries(Object.entries(session.files).map(([path, { hash }]) => [path, hash]));
}

/** Hashes that were announced and that nobody uploaded yet, each once, in the order of the manifest. */
export function missingHashes({ files }: Pick<AssetSession, "files">, { state }: Pick<Edge, "state">): readonly string[] {
  return [...new Set(Object.values(files).map(({ hash }) => hash))].filter((hash) => !state.assets.get(hash));
}
