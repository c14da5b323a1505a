/** The result of one check of `portico doctor`, and the check of secrets that both clouds share. */
import type { App } from "../framework/model/app.ts";
import { secretText } from "../framework/model/extension.ts";

/** One line of `portico doctor`. */
export interface CheckResult {
  readonly check: string;
  readonly ok: boolean;
  readonly text: string;
  /** Present for a check that failed. */
  readonly fix?: string;
}

/** Checks that every declared secret has a value. @param stored names of the secrets that the stage has */
export function checkSecrets(
  app: Pick<App, "secrets" | "stage" | "extensions">,
  stored: ReadonlySet<string>,
): CheckResult {
  const { secrets, stage } = app;
  const missing = secrets.filter((name) => !stored.has(name));
  if (!missing.length) return { check: "secrets", ok: true, text: `all ${secrets.length} have a value` };
  const fix = `Run portico secret set ${missing.map((name) => `${name}=VALUE`).join(" ")} --stage ${stage}`;
  return {
    check: "secrets",
    ok: false,
    text: `no value for ${missing.map((name) => secretText(app, name)).join(", ")}`,
    fix,
  };
}
