/** The targets of an app that a release goes to, and the errors of commands that need one of them. */
import type { App } from "../model/app.ts";
import { UserError } from "../model/user-error.ts";
import type { CommandInput } from "./command.ts";
import { targetFlag } from "./flags.ts";

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
  { reporter, flags }: Pick<CommandInput, "reporter" | "flags">,
): readonly ("lambda" | "workers")[] {
  const clouds = targets.filter((target) => target !== "node");
  const [whose, another] =
    targetFlag({ flags }) === undefined ? ["the app's target is", "add"] : ["--target is", "give"];
  if (!clouds.length)
    throw new UserError(
      "TARGET_NOT_CLOUD",
      `${whose} node, which has no stages: it is deployed to no cloud`,
      `Run it in production with portico build --target node and portico start, or ${another} --target lambda`,
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
