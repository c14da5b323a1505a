/** What cases do with a session, by the last segment of the path, in plain handlers and in a Hono app. */
import type { Context } from "portico";
import {
  currentUser,
  flash,
  hashPassword,
  login,
  loginAttempt,
  logout,
  nextPath,
  requireUser,
  revokeAll,
  session,
  verifyPassword,
} from "portico/session";
import { redirect } from "portico";

type Action = (request: Request, context: Omit<Context, "params">, query: URLSearchParams) => Promise<unknown>;

/** The value is sent as JSON, unless it is a Response. */
export const actions: Readonly<Record<string, Action>> = {
  who: async (_, context) => currentUser(context)?.id ?? null,
  guarded: async (_, context) => requireUser(context).id,
  in: (request, context, query) =>
    login(context, { id: query.get("user") ?? "", name: "n" }, redirect(nextPath(request, "/fallback"))),
  out: (_, context) => logout(context, redirect("/out")),
  revoke: async (_, context) => {
    await revokeAll(context, requireUser(context).id);
    return "revoked";
  },
  set: async (_, context, query) => {
    for (const [name, value] of query) session(context).set(name, value);
    return [...query.keys()].map((name) => session(context).get(name));
  },
  get: async (_, context, query) => [...query.keys()].map((name) => session(context).get(name) ?? null),
  large: async (_, context) => {
    try {
      session(context).set("large", "x".repeat(4000));
      return "kept";
    } catch (error) {
      return (error as { readonly code?: unknown }).code;
    }
  },
  say: async (_, context) => {
    flash(context, "안녕");
    return redirect("said");
  },
  said: async (_, context) => flash(context),
  // A window of a day, since one that ends during the case would count anew.
  attempt: async (_, context, query) => {
    const { blocked } = await loginAttempt(context, query.get("user") ?? "", { pair: 2, address: 1e6, window: 86_400 });
    return blocked ?? "open";
  },
  password: async (_, __, query) => {
    const hash = await hashPassword("열려라 참깨");
    return [
      hash.replace(/[\w+/]{22}\$[\w+/]{43}$/, "…"),
      await verifyPassword("열려라 참깨", hash),
      (await verifyPassword("wrong", hash)) ?? null,
      (await verifyPassword("wrong", undefined)) ?? null,
      (await verifyPassword("secret", query.get("old")))?.newHash?.slice(0, 22),
    ];
  },
};

/** The response to one. */
export async function act(name: string, request: Request, context: Omit<Context, "params">): Promise<Response> {
  const value = await actions[name]!(request, context, new URL(request.url).searchParams);
  return value instanceof Response ? value : Response.json(value);
}
