/** `/logout`: ends the session, or all of the user's. Only POST, so that no link or image can sign anyone out. */
import { type Handler, redirect } from "portico";
import { currentUser, logout, revokeAll } from "portico/session";
import { deleteAccount } from "../_lib/accounts.ts";
import { readForm, textOf } from "../_lib/form.ts";

export const POST: Handler = async (request, context) => {
  const user = currentUser(context);
  const what = textOf(await readForm(request), "what");
  if (user && what === "account") await deleteAccount(context, user);
  if (user && what) await revokeAll(context, user.id);
  return logout(context, redirect("/login"));
};
