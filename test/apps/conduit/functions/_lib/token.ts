/** Who calls: a JWT in `Authorization: Token …`, signed and verified by Hono's own helper. */
import { sign, verify } from "hono/jwt";
import type { Context } from "portico";
import { refusal } from "./errors.ts";

/** What a resource gives its handler. */
export interface Call {
  readonly request: Request;
  readonly context: Context;
}

const lifetime = 60 * 86_400;

export const newToken = (context: Context, userId: number): Promise<string> =>
  sign({ sub: String(userId), exp: Math.floor(Date.now() / 1000) + lifetime }, context.env.TOKEN_KEY, "HS256");

/** The user's id; undefined without a token. Throws 401 for a token that is not ours, or over. */
export async function readUserId({ request, context }: Call): Promise<number | undefined> {
  const header = request.headers.get("authorization");
  if (header === null) return undefined;
  try {
    const { sub } = await verify(header.replace(/^Token /, ""), context.env.TOKEN_KEY, "HS256");
    return Number(sub);
  } catch {
    throw refusal(401, { token: ["is invalid"] });
  }
}

/** Throws 401 without a token, too. */
export async function requireUserId(call: Call): Promise<number> {
  const id = await readUserId(call);
  if (id === undefined) throw refusal(401, { token: ["is missing"] });
  return id;
}
