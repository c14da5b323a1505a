/** `session` as middleware, which reads and writes the cookie, and as access to the data; and `flash`. */
import type { Context } from "../../runtime/handler.ts";
import { callOf, type HonoContext } from "../../runtime/hono-context.ts";
import type { OpenStore } from "../store/store.ts";
import {
  type CallSession,
  change,
  endKey,
  generationKey,
  keepSession,
  newContent,
  revocations,
  type SessionContext,
  sessionOf,
  variable,
} from "./call-session.ts";
import { type Content, hasCookie, readCookie, toSetCookie } from "./cookie.ts";
import { SessionError } from "./session-error.ts";

/** A time span: seconds, minutes, hours or days. */
export type Lifetime = `${number}${"s" | "m" | "h" | "d"}`;

/** How sessions live. */
export interface SessionOptions {
  /** A session ends when it was not used for so long. A day by default; counted to within a minute. */
  readonly idle?: Lifetime;
  /** A session ends so long after its login, however it is used. 30 days by default. */
  readonly absolute?: Lifetime;
  /**
   * `store` of portico/store, where logouts are kept: then a copy of the cookie ends with its session, and `revokeAll`
   * and `loginAttempt` work. Each call of a signed-in visitor reads two keys.
   */
  readonly store?: OpenStore;
  /** The path of the login, which `requireUser` leads to. `/login` by default. */
  readonly login?: string;
}

/** The data of a session. */
export interface SessionData {
  /** Undefined for a name without a value. */
  get<T = unknown>(name: string): T | undefined;
  /** Keeps what JSON keeps of a value; undefined deletes. Throws SessionError SESSION_TOO_LARGE. */
  set(name: string, value: unknown): void;
}

/** A Hono context with what the middleware changes. */
interface SessionHonoContext extends HonoContext {
  readonly set: (name: never, value: never) => void;
  readonly header: (name: string, value: string, options?: { readonly append?: boolean }) => void;
}

/** Middleware for `_middleware` files and Hono apps. */
export type SessionMiddleware = (c: SessionHonoContext, next: () => Promise<void>) => Promise<void>;

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds. Throws SessionError SESSION_LIFETIME, so that a function with a wrong one does not start. */
function toMilliseconds(lifetime: string): number {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(lifetime) ?? [];
  if (!Number(count)) throw new SessionError("SESSION_LIFETIME", `"${lifetime}" is no lifetime: write "1h" or "30d"`);
  return Number(count) * units[unit as keyof typeof units];
}

function middleware({
  idle = "1d",
  absolute = "30d",
  store,
  login = "/login",
}: SessionOptions = {}): SessionMiddleware {
  const [idleTime, absoluteTime] = [toMilliseconds(idle), toMilliseconds(absolute)];
  // A cookie with each answer would be more bytes, and more chances that a late one replaces a newer one.
  const renewal = Math.min(units.m, idleTime / 10);
  /** When a session ends that is not used again. */
  const endOf = ({ seen, start }: Content): number => Math.min(seen + idleTime, start + absoluteTime);
  return async (c, next) => {
    const [request, context] = callOf(c);
    const secret = (context.env as { readonly SESSION_KEYS?: string }).SESSION_KEYS;
    const found = await readCookie(request, secret);
    const isValid = found && endOf(found) > Date.now() && !(store && (await isRevoked(found, store, context)));
    const session: CallSession = {
      content: isValid ? found : newContent(Date.now()),
      isChanged: false,
      isRead: false,
      request,
      loginPath: login,
      absolute: absoluteTime,
      store,
    };
    keepSession(context, session);
    c.set(variable as never, session as never);
    await next();
    // Of a failed call nothing is kept.
    if (c.res.status >= 500) return;
    const now = Date.now();
    const content = { ...session.content, seen: now };
    const isEmpty = !content.login && content.flash.length === 0 && Object.keys(content.data).length === 0;
    const caching = c.res.headers.get("cache-control");
    // A renewal can wait for an answer that shared caches do not keep (RFC 9111 section 5.2.2); a change cannot.
    const isDue = isValid && session.content.seen + renewal <= now && !/public|s-maxage/i.test(caching!);
    const isSent = session.isChanged ? !isEmpty || hasCookie(request) : isDue;
    if (isSent) {
      const seconds = Math.ceil((endOf(content) - now) / 1000);
      c.header("set-cookie", await toSetCookie(request, secret, isEmpty ? undefined : content, seconds), {
        append: true,
      });
    }
    if (isSent || (session.isRead && !caching)) c.header("cache-control", "no-store");
  };
}

/** Whether the login ended, or all of the user's did. */
async function isRevoked({ login }: Content, store: OpenStore, context: Context): Promise<boolean> {
  if (!login) return false;
  const entries = revocations(store, context);
  const [end, generation] = await Promise.all([entries.get(endKey(login)), entries.get(generationKey(login.user.id))]);
  return !!end || (generation?.value ?? 0) !== login.generation;
}

function dataOf(context: SessionContext): SessionData {
  const session = sessionOf(context);
  return {
    get: <T>(name: string) => {
      session.isRead = true;
      const { data } = session.content;
      return Object.hasOwn(data, name) ? (data[name] as T) : undefined;
    },
    set: (name, value) => {
      const json = JSON.stringify(value) as string | undefined;
      const { [name]: _, ...others } = session.content.data;
      change(session, { data: json === undefined ? others : { ...others, [name]: JSON.parse(json) as unknown } });
    },
  };
}

/**
 * Without an argument or with options: middleware, which every route with a session is below. With a handler's context:
 * the data of its session.
 */
export const session = ((given?: SessionOptions | SessionContext) =>
  given && "waitUntil" in given ? dataOf(given) : middleware(given)) as {
  (context: SessionContext): SessionData;
  (options?: SessionOptions): SessionMiddleware;
};

/** With a message, keeps it for the next page that asks. Without one, gives all that were kept, once, oldest first. */
export const flash = ((context: SessionContext, message?: string): readonly string[] | undefined => {
  const session = sessionOf(context);
  const { flash: messages } = session.content;
  session.isRead = true;
  if (message !== undefined) change(session, { flash: [...messages, message] });
  else if (messages.length > 0) change(session, { flash: [] });
  return message === undefined ? messages : undefined;
}) as {
  (context: SessionContext, message: string): void;
  (context: SessionContext): readonly string[];
};
