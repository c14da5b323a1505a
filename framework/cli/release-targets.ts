/** The targets of an app that a release goes to, and the errors of commands that need one of them. */
import type { App } from "../model/app.ts";
import { UserError } from "../model/user-error.ts";
import type { Reporter } from "./reporter.ts";

/** The error of a command that works on one target, for an app with two. */
export function targetMissing(targets: readonly string[]): UserError {
  return new UserError(
    "TARGET_MISSING",
    `the app has the targets ${targets.join(" and ")}, and each has releases of its own`,
    "Add --target lambda or --target workers",
  );
}

/** Throws UserError TARGET_NOT_CLOUD. */
export function releaseTargets(
  { targets }: Pick<App, "targets">,
  reporter: Reporter,
): readonly ("lambda" | "workers")[] {
  const clouds = targets.filter((target) => target !== "node");
  if (!clouds.length)
    throw new UserError(
      "TARGET_NOT_CLOUD",
      "the app's target is node, which cannot be deployed to a cloud",
      "Run it in production with portico build --target node and portico start, or add --target lambda",
    );
  if (clouds.length < targets.length)
    reporter.warn("the target node is not deployed; portico build --target node and portico start run it");
  return clouds;
}

/** A user's error with a prefix that names the cloud, for stages on two clouds. A bug stays as it is. */
export function withPrefix(error: unknown, prefix: string): unknown {
  if (!prefix || !(error instanceof UserError) || error.message.startsWith(prefix)) return error;
  const { code, message, fix, at, cause } = error;
  return new UserError(code, prefix + message, fix, { at, ...(cause !== undefined && { cause }) });
}
