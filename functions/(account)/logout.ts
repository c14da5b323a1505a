/** `/logout`: ends the session, or all of the user's. Only POST, so that no link or image can sign anyone out. */
import { type Handler, redirect } from "portico";
import { currentUser, logout, revokeAll } from "portico/session";
import { deleteAccount } from "../_lib/accounts.ts";
import { readForm, textOf } from "../_lib/form.ts";

export const POST: Handler = async (request, context) => {
  const user = currentUser(context);
  const what = textOf(await readForm(request), "what");
  // First the sessions: of an account that is gone none should be left.
  if (user && what) await revokeAll(context, user.id);
  if (user && what === "account") await deleteAccount(context, user);
  return logout(context, redirect("/login"));
};
