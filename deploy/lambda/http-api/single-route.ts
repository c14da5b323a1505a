/** The desired state for `--only`: one route from the build, all other functions as they are live. Pure. */
import { httpApiLimits } from "../../../framework/model/http-api-limits.ts";
import { digest, type Owner, type Part } from "../../parts.ts";
import type { Manifest } from "../../../framework/model/manifest.ts";
import { UserError } from "../../../framework/model/user-error.ts";
import type { Live } from "../../platform.ts";
import type { ReleaseRecord } from "../../record.ts";
import { type LambdaDesiredState } from "../desired-state.ts";
import { invokePart } from "../desired-parts.ts";
import { roleLabel } from "../role.ts";
import { jobPartsOf } from "../jobs.ts";
import type { LambdaFunction } from "../lambda-function.ts";

/**
 * Throws UserError ONLY_FIRST, ONLY_UNKNOWN, ONLY_TOO_MANY. @param only a pattern (`/users/:id`), a file or a
 * function's id
 */
export function singleRouteState(
  desired: LambdaDesiredState,
  { routes, functions }: Manifest,
  only: string,
  live: Live | undefined,
): LambdaDesiredState {
  const record = live?.record;
  if (!record)
    throw new UserError(
      "ONLY_FIRST",
      "--only changes a release that is live, and there is none",
      `Run portico deploy --stage ${desired.stage} without --only first.`,
    );
  const route = routes.find(({ pattern, file }) => pattern === only || file === only);
  const id = route?.function ?? functions.find((fn) => fn.id === only)?.id;
  if (id === undefined)
    throw new UserError(
      "ONLY_UNKNOWN",
      `the app has no route ${only}`,
      "Give --only a pattern or a file that portico routes lists.",
    );
  return overlay(desired, record, id);
}

function overlay(desired: LambdaDesiredState, record: ReleaseRecord, id: string): LambdaDesiredState {
  const others = record.functions.filter((fn) => fn.function !== id);
  const drafted = new Map(desired.functions.map((fn) => [fn.id, fn]));
  // Those that are live are never uploaded: only their keys are looked at.
  const functions = [
    ...desired.functions.filter((fn) => fn.id === id),
    ...others.map(({ function: other, key }): LambdaFunction => ({
      ...(drafted.get(other) ?? desired.functions[0]!),
      id: other,
      key,
      kept: [],
    })),
  ];
  const keys = [
    ...desired.routes.filter((one) => one.function === id),
    ...record.routes.filter((one) => one.function !== id),
  ];
  requireQuota(keys, desired.stage);
  const owner = { app: desired.app, stage: desired.stage };
  const own = desired.functions.find((fn) => fn.id === id)?.role;
  const parts: readonly Part[] = [
    ...desired.parts.filter(
      ({ kind, name }) =>
        name === own || name === `role ${own}` || ["table", "logs", "api"].includes(kind) || name === id,
    ),
    ...otherRoles(record, others, own),
    ...liveJobParts(owner, desired, record),
    ...others.map(({ function: name, key, bytes, facts }) => ({ kind: "function" as const, name, key, bytes, facts })),
    invokePart(owner, [...new Set(keys.map((one) => one.function))]),
    ...keys.map((one) => ({ kind: "route" as const, name: one.key, key: one.function })),
  ];
  const hash = digest(parts.map(({ kind, name, key }) => [kind, name, key]));
  const roles = desired.roles.filter(({ name }) => name === own);
  return { ...desired, hash, parts, functions, roles, routes: keys, assets: record.assets };
}

/** Queues and clock as they are live; a queue that nothing reads yet for a route that is the first to send. */
function liveJobParts(owner: Owner, { jobs }: LambdaDesiredState, record: ReleaseRecord): readonly Part[] {
  const live = Object.entries(record.parts).flatMap(([part, key]): readonly Part[] => {
    const [, kind, name = ""] = /^(queue|schedule) (.+)$/.exec(part) ?? [];
    return kind === "queue" || kind === "schedule" ? [{ kind, name, key, shared: true }] : [];
  });
  if (live.length > 0 || !jobs) return live;
  return jobPartsOf(owner, { concurrency: 0, clock: false }, { role: "", isInVpc: false, live: record });
}

/** Roles of functions that stay as they are live, and of the clock. Earlier releases have one for all, unnamed. */
function otherRoles(
  { parts, roles = {} }: ReleaseRecord,
  others: ReleaseRecord["functions"],
  own: string | undefined,
): readonly Part[] {
  const clocks = new Set(Object.keys(parts).flatMap((part) => (part.startsWith("schedule ") ? [parts[part]] : [])));
  const used = new Set(others.map(({ facts }) => facts.find(({ label }) => label === roleLabel)?.value));
  return Object.entries(parts).flatMap(([part, key]): readonly Part[] => {
    const [, permission, name = ""] = /^(permission )?role (.+)$/.exec(part) ?? [];
    if (name === "" || name === own || !(used.has(name) || used.has(undefined) || clocks.has(name))) return [];
    if (permission === undefined) return [{ kind: "role", name, key, shared: true }];
    return [
      { kind: "permission", name: `role ${name}`, key, shared: true, ...(roles[name] && { items: roles[name] }) },
    ];
  });
}

/** The live release's routes stay beside the one that is new, those that are no longer in the app among them. */
function requireQuota(keys: LambdaDesiredState["routes"], stage: string): void {
  const { routes, integrations } = httpApiLimits;
  const called = new Set(keys.map((one) => one.function)).size;
  if (keys.length <= routes && called <= integrations) return;
  const total = keys.length > routes ? `${keys.length} route keys` : `${called} functions`;
  throw new UserError(
    "ONLY_TOO_MANY",
    `together with the routes that stay live the release has ${total}; an HTTP API has ${routes} at most`,
    `Run portico deploy --stage ${stage} without --only, which removes routes that the app no longer has.`,
  );
}
