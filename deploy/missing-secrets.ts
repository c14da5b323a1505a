/** The error for secrets of a stage that have no value in its cloud, which both clouds share. */
import type { App } from "../framework/model/app.ts";
import { secretText } from "../framework/model/extension.ts";
import { UserError } from "../framework/model/user-error.ts";

/** SECRET_MISSING. @param names of all that have none, at least one */
export const missingSecrets = (app: Pick<App, "stage" | "extensions">, names: readonly string[]): UserError =>
  new UserError(
    "SECRET_MISSING",
    `no value at the stage ${app.stage} for the secret${names.length === 1 ? "" : "s"} ` +
      names.map((name) => secretText(app, name)).join(", "),
    `Run portico secret set ${names.map((name) => `${name}=VALUE`).join(" ")} --stage ${app.stage}`,
  );
