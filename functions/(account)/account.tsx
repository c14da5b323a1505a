/** `/account`: a guarded page. Without a session it leads to the login, and from there back. */
import { type Handler, redirect } from "portico";
import { flash, logout, requireUser } from "portico/session";
import { hasAccount } from "../_lib/accounts.ts";
import { page } from "../_lib/page.ts";

export const GET: Handler = async (_request, context) => {
  const user = requireUser(context);
  // Deleted since, in another browser.
  if (!(await hasAccount(context, user))) return logout(context, redirect("/login"));
  return page(
    "Your account",
    <>
      {flash(context).map((message) => (
        <p class="lead">{message}</p>
      ))}
      <p>
        You are signed in as <strong>{user.name}</strong>. See the <a href="/panel">panel</a>, or sign the{" "}
        <a href="/guestbook">guestbook</a>, where you can delete what you wrote.
      </p>
      <form method="post" action="/logout">
        <button name="what" value="">
          Sign out
        </button>
        <button name="what" value="everywhere" class="quiet">
          Sign out on all devices
        </button>
        <button name="what" value="account" class="quiet">
          Delete the account
        </button>
      </form>
    </>,
  );
};
