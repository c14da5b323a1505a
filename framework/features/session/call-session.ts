/** The session of one call: what middleware read from its cookie, and what the handler changes. */
import type { Call, Context } from "../../runtime/handler.ts";
import type { OpenStore, Store } from "../store/store.ts";
import type { Content, Login, User } from "./cookie.ts";
import { SessionError } from "./session-error.ts";

/** The handler's context; in a Hono app, and in middleware, `c.executionCtx`. */
export type SessionContext = Pick<Call, "waitUntil">;

/** Held from the beginning of a call to its end. */
export interface CallSession {
  content: Content;
  /** Whether a new cookie must be sent. */
  isChanged: boolean;
  /** Whether the answer may depend on it. */
  isRead: boolean;
  /** Forgives the attempt that a login ends. */
  forgive?: () => Promise<unknown>;
  readonly request: Request;
  readonly loginPath: string;
  /** Milliseconds that a session lives. */
  readonly absolute: number;
  /** Undefined where sessions cannot be revoked. */
  readonly store: OpenStore | undefined;
}

/** The name of Hono's variable that has it, which a handler below a `_middleware` file finds in its context. */
export const variable = "portico/session";

const sessions = new WeakMap<object, CallSession>();

/** Makes it known to who has the context. */
export const keepSession = (context: SessionContext, session: CallSession): void => void sessions.set(context, session);

/** The session of the call. Throws SessionError SESSION_MISSING. */
export function sessionOf(context: SessionContext): CallSession {
  const found = sessions.get(context) ?? (context as Partial<Context>).var?.[variable];
  if (!found)
    throw new SessionError(
      "SESSION_MISSING",
      "no session() is around this route: write export default session(); in functions/_middleware.ts",
    );
  return found as CallSession;
}

/** Bytes of JSON whose seal fits into a cookie of 4,096 bytes: base64 of 16-byte blocks, with 300 bytes around them. */
const most = 2800;

/** Throws SessionError SESSION_TOO_LARGE, and then changes nothing. */
export function change(session: CallSession, changes: Partial<Content>): void {
  const content = { ...session.content, ...changes };
  const { length } = new TextEncoder().encode(JSON.stringify(content));
  if (length > most)
    throw new SessionError(
      "SESSION_TOO_LARGE",
      `the session would have ${length} bytes of JSON, and a cookie has room for ${most}: ` +
        "keep an id, and the rest in portico/store",
    );
  session.content = content;
  session.isChanged = true;
}

/** A session without a user and without data. */
export const newContent = (now: number): Content => ({ v: 1, start: now, seen: now, data: {}, flash: [] });

/** The namespace of what was revoked, which says nothing of sessions that were not. */
export const revocations = (open: OpenStore, context: SessionContext): Store<number> =>
  open(context, "portico/sessions");

/** The key of a session's end. */
export const endKey = ({ id }: Pick<Login, "id">): string => `ended/${id}`;

/** The key of a user's generation, the number of times that all of the user's sessions were revoked. */
export const generationKey = (id: User["id"]): string => `user/${id}`;
