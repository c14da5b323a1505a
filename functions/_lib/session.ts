/** The signed-in session: it lives in the visitor's own signed cookie, so any environment anywhere can read it. */
import { parseSigned, serialize, serializeSigned } from "hono/utils/cookie";
import type { Env } from "./env.ts";

/** One hour, in seconds. */
const lifetime = 3600;

/**
 * A signature covers only the value, so each kind of cookie gets a key of its own: none can be passed off as another.
 */
const key = (env: Env) => `${env.SESSION_KEY}:session`;

/** HttpOnly keeps scripts away, SameSite=Lax other sites; Secure would make browsers drop it on plain http. */
const options = (request: Request, maxAge: number) =>
  ({ path: "/", httpOnly: true, sameSite: "Lax", secure: new URL(request.url).protocol === "https:", maxAge }) as const;

/** The Set-Cookie value that signs the visitor in. */
export const signIn = (request: Request, env: Env): Promise<string> =>
  serializeSigned("session", String(Date.now() + lifetime * 1000), key(env), options(request, lifetime));

/** The Set-Cookie value that signs the visitor out. */
export const signOut = (request: Request): string => serialize("session", "", options(request, 0));

/** When the visitor's session ends; undefined without one, with a forged one, or after its end. */
export async function session(request: Request, env: Env): Promise<Date | undefined> {
  const { session: value } = await parseSigned(request.headers.get("cookie") ?? "", key(env), "session");
  const end = Number(value || 0);
  return end > Date.now() ? new Date(end) : undefined;
}
