/** Which of an app's targets a release can go to: the app in, a UserError or a warning out. */
import type { App } from "../model/app.ts";
import { UserError } from "../model/user-error.ts";
import type { Reporter } from "./reporter.ts";

/** Throws UserError TARGET_NOT_YET. */
export function requireLambda({ targets }: App, reporter: Reporter): void {
  const others = targets.filter((target) => target !== "lambda");
  const why = "this version of Portico releases to Lambda only; Workers come with a later one";
  if (!targets.includes("lambda")) {
    throw new UserError(
      "TARGET_NOT_YET",
      `the app's target is ${others.join(" and ")}, and ${why}`,
      "portico deploy --stage local --target lambda, or portico dev to run it on its own target",
    );
  }
  if (others.length) reporter.warn(`only lambda is deployed, not ${others.join(" and ")}: ${why}`);
}
