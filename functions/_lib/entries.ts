/** The guestbook's entries: kept in the visitor's signed cookie, read and written through Hono's context. */
import type { Context } from "hono";
import { getSignedCookie, setSignedCookie } from "hono/cookie";
import type { Env } from "./env.ts";

export interface Entry {
  readonly name: string;
  readonly text: string;
}

type C = Context<{ Bindings: Env }>;

/** Browsers drop a cookie above 4,096 bytes; this leaves room for its name and signature. */
const room = 3500;

/** Not the session's key: a signature covers only the value, so each kind of cookie has its own. */
const key = (c: C) => `${c.env.SESSION_KEY}:guestbook`;

/** The visitor's entries, newest last; none without a cookie or with one that we did not sign. */
export async function readEntries(c: C): Promise<readonly Entry[]> {
  const value = await getSignedCookie(c, key(c), "guestbook");
  return value ? (JSON.parse(value) as Entry[]) : [];
}

/** Writes the cookie; the oldest entries go when it would grow too large. */
export async function writeEntries(c: C, entries: readonly Entry[]): Promise<void> {
  let kept = entries;
  while (encodeURIComponent(JSON.stringify(kept)).length > room) kept = kept.slice(1);
  const secure = new URL(c.req.url).protocol === "https:";
  await setSignedCookie(c, "guestbook", JSON.stringify(kept), key(c), {
    path: "/guestbook",
    httpOnly: true,
    sameSite: "Lax",
    secure,
  });
}
