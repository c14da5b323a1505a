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

/** Whose a resource of a stage's name is, by its tags or what it holds; undefined where there is none. */
type ResourceOwner = "ours" | "taken" | undefined;

/** Checks that a resource which a deploy makes or uses is no other's. @param what it is, with its name */
export function checkOwner(
  check: string,
  what: string,
  owner: ResourceOwner,
  {
    taken = "belongs to another app or stage, by its tags",
    fix = 'Rename the app ("name" in hosting.json) or the stage.',
  } = {},
): CheckResult {
  if (owner === "taken") return { check, ok: false, text: `${what} ${taken}`, fix };
  return { check, ok: true, text: `${what} ${owner === undefined ? "comes with the first deploy" : "is there"}` };
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
