/**
 * Temporary credentials that stand for a role: nothing is kept of them, since the token itself tells the role and is
 * sealed by the issuer's secret.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { SigningKey } from "./signature.ts";

/** A role that a function has assumed. */
export interface RoleSession {
  /** The role's name. */
  readonly role: string;
  /** The name of the session: Lambda takes the function's. */
  readonly session: string;
}

/** Credentials of a session. */
export interface SessionKey extends SigningKey {
  readonly sessionToken: string;
  readonly session: RoleSession;
}

/** The same session has the same credentials, and they do not expire. */
export function issueSession(secret: string, { role, session }: RoleSession): SessionKey {
  const content = Buffer.from(JSON.stringify({ role, session })).toString("base64url");
  const seal = (purpose: string): Buffer => createHmac("sha256", secret).update(`${purpose}\n${content}`).digest();
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return {
    accessKeyId: `ASIA${Array.from(seal("id").subarray(0, 16), (byte) => letters[byte % 32]).join("")}`,
    secretAccessKey: seal("secret").toString("base64"),
    sessionToken: `${content}.${seal("token").toString("base64url")}`,
    session: { role, session },
  };
}

/** The credentials with this token; undefined for a token that was not issued with `secret`. */
export function findSession(secret: string, sessionToken: string): SessionKey | undefined {
  const [content = ""] = sessionToken.split(".");
  let session: Partial<RoleSession> | null;
  try {
    session = JSON.parse(Buffer.from(content, "base64url").toString("utf8")) as Partial<RoleSession> | null;
  } catch {
    return undefined;
  }
  const issued = issueSession(secret, { role: String(session?.role), session: String(session?.session) });
  const [own, given] = [Buffer.from(issued.sessionToken), Buffer.from(sessionToken)];
  return own.length === given.length && timingSafeEqual(own, given) ? issued : undefined;
}

/** The variables of Lambda with a function's credentials (developer guide, "Defined runtime environment variables"). */
export const credentialVariables = ({
  accessKeyId,
  secretAccessKey,
  sessionToken,
}: SessionKey): Readonly<Record<string, string>> => ({
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  AWS_SESSION_TOKEN: sessionToken,
});

/** How errors name the caller with a session. */
export const assumedRoleArn = (account: string, { role, session }: RoleSession): string =>
  `arn:aws:sts::${account}:assumed-role/${role}/${session}`;
