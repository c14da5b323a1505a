/** Which of an app's targets a release goes to: the app in, one or two of them out. */
import type { App } from "../model/app.ts";
import { UserError } from "../model/user-error.ts";
import type { Reporter } from "./reporter.ts";

/** For commands that act on one cloud. Throws UserError TARGET_MISSING where the app has two. */
export function oneTarget(app: Pick<App, "targets">, reporter: Reporter): "lambda" | "workers" {
  const [target, other] = releaseTargets(app, reporter);
  if (target && !other) return target;
  throw targetMissing(app.targets);
}

/** Each cloud has releases of its own. */
export function targetMissing(targets: readonly string[]): UserError {
  return new UserError(
    "TARGET_MISSING",
    `the app has the targets ${targets.join(" and ")}, and each has releases of its own`,
    "say which one: --target lambda, or --target workers",
  );
}

/** Throws UserError TARGET_NOT_CLOUD. */
export function releaseTargets({ targets }: Pick<App, "targets">, reporter: Reporter): readonly ("lambda" | "workers")[] {
  const clouds = targets.filter((target) => target !== "node");
  if (!clouds.length)
    throw new UserError(
      "TARGET_NOT_CLOUD",
      "the app's target is node, which is no cloud: nothing is deployed to it",
      "portico build and portico start run it in production; or give --target lambda or --target workers",
    );
  if (clouds.length < targets.length) reporter.warn("the target node is not deployed: portico build and portico start run it");
  return clouds;
}
