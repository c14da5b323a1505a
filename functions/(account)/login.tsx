/** `/login`: checks a password, and signs in. Whoever guesses is slowed down before any password is looked at. */
import { type Handler, redirect } from "portico";
import { login, loginAttempt, nextPath } from "portico/session";
import { AccountForm } from "../_lib/account-form.tsx";
import { verifyAccount } from "../_lib/accounts.ts";
import { readForm, textOf } from "../_lib/form.ts";
import { page } from "../_lib/page.ts";

const form = (problem?: string, name?: string, init?: ResponseInit): Response =>
  page(
    "Login",
    <>
      <AccountForm label="Sign in" name={name} problem={problem} />
      <p class="hint">
        Or <a href="/signup">sign up</a>.
      </p>
    </>,
    init,
  );

export const GET: Handler = () => form();

export const POST: Handler = async (request, context) => {
  const fields = await readForm(request);
  const [name, password] = [textOf(fields, "name"), textOf(fields, "password")];
  const { blocked } = await loginAttempt(context, name);
  const seconds = blocked?.headers.get("retry-after");
  if (seconds)
    return form(`That was too often. Please wait for ${seconds} seconds.`, name, {
      status: 429,
      headers: { "retry-after": seconds },
    });
  const user = await verifyAccount(context, name, password);
  if (!user) return form("Name and password do not belong together.", name, { status: 401 });
  return login(context, user, redirect(nextPath(request, "/account")));
};
