/** The form of a name and a password, which the sign-up and the login share. */
import type { FC } from "hono/jsx";

interface AccountFormProps {
  /** Of the button. */
  readonly label: string;
  readonly name?: string | undefined;
  /** Why it was not taken. */
  readonly problem?: string | undefined;
  readonly isNew?: boolean;
}

export const AccountForm: FC<AccountFormProps> = ({ label, name, problem, isNew = false }) => (
  <form method="post">
    {problem && (
      <p class="problem" role="alert">
        {problem}
      </p>
    )}
    <label>
      Name
      <input name="name" value={name} required maxlength={40} autofocus autocomplete="username" />
    </label>
    <label>
      Password
      <input
        type="password"
        name="password"
        required
        minlength={isNew ? 8 : undefined}
        autocomplete={isNew ? "new-password" : "current-password"}
      />
    </label>
    <button>{label}</button>
  </form>
);
