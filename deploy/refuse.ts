/** What a deploy will not start with: names that are somebody else's, and a plan that is not what would be done now. */
import { UserError } from "../framework/model/user-error.ts";
import type { Plan } from "./plan.ts";
import type { Deployed, Draft } from "./platform.ts";

/** API names need not be unique; functions' and roles' must. Throws UserError NAME_TAKEN. */
export function refuseTaken({ taken }: Deployed, { app, functions, parts }: Draft): void {
  const wanted = new Set([...functions.map(({ name }) => name), ...parts.filter(({ kind }) => kind === "role").map(({ name }) => name)]);
  const names = taken.filter(({ kind, name }) => kind !== "api" && wanted.has(name)).map(({ name }) => name);
  if (!names.length) return;
  throw new UserError(
    "NAME_TAKEN",
    `${names.join(", ")} exists in the account, and its tags do not name this app and stage`,
    `rename the app ("name": "${app}" in hosting.json) or the stage, or remove what has that name yourself`,
  );
}

/** A plan that was printed is exactly what is applied, or nothing is. Throws UserError PLAN_STALE. */
export function refuseStale(expected: Plan, now: Plan | undefined): void {
  if (
    now &&
    expected.app === now.app &&
    expected.stage === now.stage &&
    expected.hash === now.hash &&
    expected.fingerprint === now.fingerprint
  )
    return;
  const what =
    !now || expected.app !== now.app || expected.stage !== now.stage
      ? "it is a plan for another app or stage"
      : expected.fingerprint === now.fingerprint
        ? "the app changed since it was made"
        : "what is deployed moved since it was made";
  throw new UserError("PLAN_STALE", `the plan cannot be applied: ${what}`, "run portico plan again and look at what it says now");
}
