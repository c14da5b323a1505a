/** A release that changes one route alone: the whole draft, a route and what is live in; a draft whose other functions are the live ones out. Pure. */
import { httpApiLimits } from "../../framework/model/http-api-limits.ts";
import type { Manifest } from "../../framework/model/manifest.ts";
import { UserError } from "../../framework/model/user-error.ts";
import type { Live, Part } from "../platform.ts";
import type { ReleaseRecord } from "../record.ts";
import { digest, invokePart, type LambdaDraft, type LambdaFunction } from "./draft.ts";

/** Throws UserError ONLY_FIRST, ONLY_UNKNOWN, ONLY_TOO_MANY. @param only a pattern (`/users/:id`), a file or a function's id */
export function onlyRoute(draft: LambdaDraft, { routes, functions }: Manifest, only: string, live: Live | undefined): LambdaDraft {
  const record = live?.record;
  if (!record) throw new UserError("ONLY_FIRST", "--only changes a release that is live, and there is none", "deploy the whole app first");
  const route = routes.find(({ pattern, file }) => pattern === only || file === only);
  const id = route?.function ?? functions.find((fn) => fn.id === only)?.id;
  if (id === undefined)
    throw new UserError("ONLY_UNKNOWN", `the app has no route ${only}`, "portico routes lists patterns and files; give one of them");
  return overlay(draft, record, id);
}

function overlay(draft: LambdaDraft, record: ReleaseRecord, id: string): LambdaDraft {
  const others = record.functions.filter((fn) => fn.function !== id);
  const drafted = new Map(draft.functions.map((fn) => [fn.id, fn]));
  // Those that are live are never uploaded: only their keys are looked at.
  const functions = [
    ...draft.functions.filter((fn) => fn.id === id),
    ...others.map(({ function: other, key }): LambdaFunction => ({
      ...(drafted.get(other) ?? draft.functions[0]!),
      id: other,
      key,
      kept: [],
    })),
  ];
  const keys = [...draft.routes.filter((one) => one.function === id), ...record.routes.filter((one) => one.function !== id)];
  refuseTooMany(keys);
  const owner = { app: draft.app, stage: draft.stage };
  const parts: readonly Part[] = [
    ...draft.parts.filter(
      ({ kind, name }) => ["role", "logs", "api"].includes(kind) || (kind === "permission" && name.startsWith("role ")) || name === id,
    ),
    ...others.map(({ function: name, key, bytes, facts }) => ({ kind: "function" as const, name, key, bytes, facts })),
    invokePart(owner, [...new Set(keys.map((one) => one.function))]),
    ...keys.map((one) => ({ kind: "route" as const, name: one.key, key: one.function })),
  ];
  const hash = digest(parts.map(({ kind, name, key }) => [kind, name, key]));
  return { ...draft, hash, parts, functions, routes: keys, assets: record.assets };
}

/** The live release's routes stay beside the one that is new, those that are no longer in the app among them. */
function refuseTooMany(keys: LambdaDraft["routes"]): void {
  const { routes, integrations } = httpApiLimits;
  const called = new Set(keys.map((one) => one.function)).size;
  if (keys.length <= routes && called <= integrations) return;
  const what = keys.length > routes ? `${keys.length} route keys` : `${called} functions`;
  throw new UserError(
    "ONLY_TOO_MANY",
    `with all that stays live the release has ${what}; an HTTP API has ${routes} at most`,
    "deploy without --only: what is no longer in the app goes then",
  );
}
