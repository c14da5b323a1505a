/** `/login`: a form, and the check of the password, which is a secret that hosting.json names. */
import { type Handler, redirect } from "portico";
import { equal } from "../_lib/equal.ts";
import { readForm } from "../_lib/form.ts";
import { page } from "../_lib/page.tsx";
import { signIn } from "../_lib/session.ts";

const form = (problem?: string) => (
  <form method="post">
    {problem && <p class="problem">{problem}</p>}
    <label>
      Password
      <input type="password" name="password" required autofocus autocomplete="current-password" />
    </label>
    <button>Sign in</button>
    <p class="hint">The password is the secret ADMIN_PASSWORD; portico shows it where it made it for you.</p>
  </form>
);

export const GET: Handler = () => page("Login", form());

export const POST: Handler = async (request, { env }) => {
  const password = (await readForm(request)).get("password");
  if (typeof password !== "string" || !(await equal(password, env.ADMIN_PASSWORD))) {
    return page("Login", form("That is not the password."), { status: 401 });
  }
  const response = redirect("/account");
  response.headers.append("set-cookie", await signIn(request, env));
  return response;
};
