/** `/account`: a guarded page. Without a session it leads to the login. */
import { type Handler, redirect } from "portico";
import { page } from "../_lib/page.tsx";
import { session } from "../_lib/session.ts";

export const GET: Handler = async (request, { env }) => {
  const end = await session(request, env);
  if (!end) return redirect("/login");
  const body = (
    <>
      <p>
        You are signed in until <time datetime={end.toISOString()}>{end.toUTCString()}</time>. See the{" "}
        <a href="/panel">panel</a>, or delete entries of the <a href="/guestbook">guestbook</a>.
      </p>
      <form method="post" action="/logout">
        <button>Sign out</button>
      </form>
    </>
  );
  // A guarded page must not stay in a cache after the logout.
  return page("Your account", body, { headers: { "cache-control": "no-store" } });
};
