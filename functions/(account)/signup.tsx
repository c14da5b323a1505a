/** `/signup`: makes an account and signs in. */
import { type Handler, redirect } from "portico";
import { flash, login } from "portico/session";
import { rateLimit } from "portico/store";
import { AccountForm } from "../_lib/account-form.tsx";
import { createAccount } from "../_lib/accounts.ts";
import { readForm, textOf } from "../_lib/form.ts";
import { page } from "../_lib/page.ts";

/** Hashing a password takes work, which nobody should be able to ask for without end. */
const limited = rateLimit({ name: "signup", limit: 60, window: 3600 });

const form = (problem?: string, name?: string, init?: ResponseInit): Response =>
  page(
    "Sign up",
    <>
      <AccountForm label="Sign up" isNew name={name} problem={problem} />
      <p class="hint">
        Or <a href="/login">sign in</a>.
      </p>
    </>,
    init,
  );

export const GET: Handler = () => form();

export const POST: Handler = async (request, context) => {
  const fields = await readForm(request);
  const [name, password] = [textOf(fields, "name"), textOf(fields, "password")];
  if (!name || name.length > 40) return form("A name has 1 to 40 characters.", name.slice(0, 40), { status: 400 });
  if (password.length < 8) return form("A password has at least 8 characters.", name, { status: 400 });
  const tooMany = await limited(request, context);
  const seconds = tooMany?.headers.get("retry-after");
  if (seconds)
    return form("Too many accounts were made here. Please try later.", name, {
      status: 429,
      headers: { "retry-after": seconds },
    });
  const user = await createAccount(context, name, password);
  if (!user) return form("This name is taken.", name, { status: 409 });
  const response = await login(context, user, redirect("/account"));
  // After the login, which takes away what another user had.
  flash(context, `Welcome, ${user.name}.`);
  return response;
};
