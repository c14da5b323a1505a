/** What a deploy will not start with: names that are somebody else's, and a plan that is not what would be done now. */
import { UserError } from "../framework/model/user-error.ts";
import type { Plan } from "./plan.ts";
import type { Deployed, Draft, Platform } from "./platform.ts";

/** API names need not be unique; functions' and roles' must. Throws UserError NAME_TAKEN. */
export function refuseTaken({ taken }: Deployed, { app, functions, parts }: Draft): void {
  const own = parts.filter(({ kind }) => kind === "role" || kind === "worker" || kind === "domain");
  const wanted = new Set([...functions.map(({ name }) => name), ...own.map(({ name }) => name)]);
  const names = taken.filter(({ kind, name }) => kind !== "api" && wanted.has(name)).map(({ name }) => name);
  if (!names.length) return;
  throw new UserError(
    "NAME_TAKEN",
    `${names.join(", ")} exists in the account, and its tags do not name this app and stage`,
    `rename the app ("name": "${app}" in hosting.json) or the stage, or remove what has that name yourself`,
  );
}

/** A canary is promoted or rolled back first: a third version cannot have traffic. Throws UserError CANARY_RUNNING. */
export function refuseCanary({ canary, live }: Deployed, { stage }: Draft): void {
  if (!canary) return;
  const { release, percentage } = canary;
  throw new UserError(
    "CANARY_RUNNING",
    `release ${release.number} is a canary: it has ${percentage} % of the traffic`,
    `portico promote ${release.number} --stage ${stage} gives it all; portico rollback ${live?.number ?? ""} --stage ${stage} takes it back`,
  );
}

/** Throws UserError CANARY_TARGET, CANARY_FIRST. */
export function refuseShare({ splits }: Pick<Platform, "splits">, { live }: Deployed): void {
  if (!splits)
    throw new UserError(
      "CANARY_TARGET",
      "an HTTP API has one release at a time: there are canaries on Workers only",
      "give --target workers",
    );
  if (!live)
    throw new UserError("CANARY_FIRST", "a canary stands beside a live release, and there is none", "deploy without --canary first");
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
