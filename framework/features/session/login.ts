/** Who is signed in: login, logout, guards, and the end of all sessions of a user. */
import { HttpError } from "../../runtime/http-error.ts";
import { redirect } from "../../runtime/responses.ts";
import type { OpenStore } from "../store/store.ts";
import {
  type CallSession,
  change,
  endKey,
  generationKey,
  newContent,
  revocations,
  type SessionContext,
  sessionOf,
} from "./call-session.ts";
import type { User } from "./cookie.ts";
import { missingStore } from "./session-error.ts";

/** Who is signed in; undefined for a visitor. It is what `login` was told, though the user's row may be gone since. */
export function currentUser(context: SessionContext): User | undefined {
  const session = sessionOf(context);
  session.isRead = true;
  return session.content.login?.user;
}

/**
 * Who is signed in. Without a login it throws: browsers are led to the login (303), which finds the way back with
 * `nextPath`; other clients are answered 401.
 */
export function requireUser(context: SessionContext): User {
  const user = currentUser(context);
  if (user) return user;
  const { request, loginPath } = sessionOf(context);
  const error = new HttpError(401, "Sign in first");
  if (!request.headers.get("accept")?.includes("text/html")) throw error;
  const { pathname, search } = new URL(request.url);
  const query = request.method === "GET" ? `?${new URLSearchParams({ next: pathname + search })}` : "";
  throw Object.assign(error, { getResponse: () => redirect(loginPath + query) });
}

/**
 * The path of this app in `?next=`, to go on to after a login. Anything else, such as the address of another site, is
 * the fallback.
 */
export function nextPath({ url }: Request, fallback = "/"): string {
  const { origin, searchParams } = new URL(url);
  const next = searchParams.get("next") ?? "";
  if (!next.startsWith("/") || !URL.canParse(next, origin)) return fallback;
  const to = new URL(next, origin);
  // `/.//evil.example` is of this origin, and its path alone is an address of another.
  return to.origin === origin && !to.pathname.startsWith("//") ? to.pathname + to.search + to.hash : fallback;
}

/**
 * Signs a user in: the session has a new id, and the attempt of `loginAttempt` is forgiven. What a visitor had stays,
 * what another user had goes.
 * @param user JSON, kept in the cookie
 * @returns the response, which the middleware gives the cookie
 */
export async function login(context: SessionContext, user: User, response: Response): Promise<Response> {
  const session = sessionOf(context);
  const { login: previous, data, flash } = session.content;
  const { store } = session;
  const generation = store && (await revocations(store, context).get(generationKey(user.id)))?.value;
  await end(session, context);
  await session.forgive?.();
  change(session, {
    ...newContent(Date.now()),
    login: { id: crypto.randomUUID(), user, generation: generation ?? 0 },
    ...((!previous || previous.user.id === user.id) && { data, flash }),
  });
  return response;
}

/**
 * Signs the user out: data and flash messages go, too. What is set or flashed after it is the visitor's.
 * @returns the response, which takes the cookie away
 */
export async function logout(context: SessionContext, response: Response): Promise<Response> {
  const session = sessionOf(context);
  await end(session, context);
  change(session, { ...newContent(Date.now()), login: undefined });
  return response;
}

/** Keeps the end of the session for as long as a copy of its cookie could be valid. */
async function end(
  { content: { login, start }, store, absolute }: CallSession,
  context: SessionContext,
): Promise<void> {
  if (!login || !store) return;
  const ttl = Math.max(1, Math.ceil((start + absolute - Date.now()) / 1000));
  await revocations(store, context).set(endKey(login), 1, { ttl });
}

/**
 * Ends all sessions of a user, this call's too if it is one of them; a `login` after it stays.
 * @param context the handler's; of a job, with the store
 * @param store by default that of `session({ store })`. Throws SessionError SESSION_STORE where there is none
 */
export async function revokeAll(context: SessionContext, userId: User["id"], store?: OpenStore): Promise<void> {
  const session = store ? undefined : sessionOf(context);
  const open = store ?? session?.store;
  if (!open) throw missingStore("revokeAll");
  await revocations(open, context).add(generationKey(userId));
  if (session?.content.login?.user.id === userId) change(session, { ...newContent(Date.now()), login: undefined });
}
