/**
 * Conditions that a deploy checks before it changes anything: free names, no running canary, a plan that is current.
 */
import type { Manifest } from "../framework/model/manifest.ts";
import { UserError } from "../framework/model/user-error.ts";
import type { Kind } from "./parts.ts";
import type { Plan } from "./plan.ts";
import type { Deployed, DesiredState } from "./platform.ts";

/** API names need not be unique; functions' and roles' must. Throws UserError NAME_TAKEN. */
export function requireFreeNames({ taken }: Deployed, { app, functions, parts }: DesiredState): void {
  const kinds: ReadonlySet<Kind> = new Set(["role", "bucket", "table", "queue", "schedule", "worker", "domain"]);
  const own = parts.filter(({ kind }) => kinds.has(kind));
  const wanted = new Set([...functions.map(({ name }) => name), ...own.map(({ name }) => name)]);
  const names = taken.filter(({ kind, name }) => kind !== "api" && wanted.has(name)).map(({ name }) => name);
  if (!names.length) return;
  throw new UserError(
    "NAME_TAKEN",
    `${names.join(", ")} exists in the account, and its tags do not name this app and stage`,
    `Rename the app ("name": "${app}" in hosting.json) or the stage, or remove the resource of that name yourself.`,
  );
}

/** A canary is promoted or rolled back first: a third version cannot have traffic. Throws UserError CANARY_RUNNING. */
export function requireNoCanary({ canary, live }: Deployed, { stage }: DesiredState): void {
  if (!canary) return;
  const { release, percentage } = canary;
  throw new UserError(
    "CANARY_RUNNING",
    `release ${release.number} is a canary: it has ${percentage} % of the traffic`,
    `Run portico promote ${release.number} --stage ${stage} --target workers to give it all traffic, or portico ` +
      `rollback ${live?.number ?? ""} --stage ${stage} --target workers to take its traffic back.`,
  );
}

/** Throws UserError CANARY_TARGET, CANARY_FIRST. */
export function requireCanarySupport({ splitsTraffic, live }: Deployed, { stage }: DesiredState): void {
  if (!splitsTraffic)
    throw new UserError(
      "CANARY_TARGET",
      "only Workers support canaries: on Lambda one release has all of the traffic",
      "Leave --canary out, or add --target workers.",
    );
  if (!live)
    throw new UserError(
      "CANARY_FIRST",
      "a canary needs a live release to share the traffic with, and there is none",
      `Run portico deploy --stage ${stage} --target workers without --canary first.`,
    );
}

/**
 * Two clouds do not share data: an app that keeps some has to say that it means that. Throws UserError
 * STATE_ON_TWO_CLOUDS. @param manifests of the builds for the clouds of one release
 */
export function requireSeparateState(manifests: readonly Manifest[]): void {
  const [first, second] = manifests;
  if (!first || !second || first.app.state === "separate") return;
  const needs = manifests.flatMap(({ functions }) => functions.flatMap((fn) => fn.needs ?? []));
  const [need] = needs.toSorted();
  const hasJobs = manifests.some(({ jobs, jobsFunction }) => (jobs ?? jobsFunction) !== undefined);
  if (need === undefined && !hasJobs) return;
  const subject = need === undefined ? "the app has jobs" : `a function imports portico/${need}`;
  throw new UserError(
    "STATE_ON_TWO_CLOUDS",
    `${subject}, and the app goes to ${first.target} and ${second.target}: each would have data of its own`,
    'Write "state": "separate" in hosting.json if that is meant, or deploy to one of them: ' +
      `portico deploy --stage ${first.app.stage} --target ${first.target}`,
  );
}

/** A deploy applies exactly the plan that was printed, or nothing. Throws UserError PLAN_STALE. */
export function requireCurrentPlan(expected: Plan, now: Plan | undefined): void {
  if (!now || expected.app !== now.app || expected.stage !== now.stage)
    throw stale(expected, "it is a plan for another app or stage");
  if (expected.fingerprint !== now.fingerprint) throw stale(expected, "the stage was changed since it was made");
  if (expected.hash !== now.hash) throw stale(expected, "the app changed since it was made");
}

/** Where a deploy itself has changed the stage since it compared the plan. Throws UserError PLAN_STALE. */
export function requireSameRelease(expected: Plan, now: Plan | undefined): void {
  if (now?.release !== expected.release || now.live !== expected.live)
    throw stale(expected, "the stage was changed since it was made");
}

const stale = ({ stage }: Plan, reason: string): UserError =>
  new UserError(
    "PLAN_STALE",
    `the plan cannot be applied: ${reason}`,
    `Run portico plan --stage ${stage} again and read the new plan.`,
  );
