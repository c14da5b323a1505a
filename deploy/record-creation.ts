/** Creates the record of a release that is about to be assembled, with a summary of its changes. */
import type { Kind, Part, Version } from "./parts.ts";
import type { Action, Plan } from "./plan.ts";
import type { DesiredFunction } from "./platform.ts";
import type { RecordedFunction, ReleaseRecord } from "./record.ts";
import type { PlannedRelease, RunOptions } from "./run.ts";

/**
 * The record of a planned release, as a candidate.
 * @param versions the uploaded and the existing ones, by function id
 * @param earlier of the same release, where it was made before: who made it, when and why stays
 */
export function toRecord<F extends DesiredFunction>(
  { desired, plan }: PlannedRelease<F>,
  run: RunOptions,
  versions: ReadonlyMap<string, Version>,
  earlier?: ReleaseRecord,
): ReleaseRecord {
  const { message, commit, by, created, changes } = earlier ?? {
    ...run,
    created: new Date(run.now()).toISOString(),
    changes: changesText(plan),
  };
  const { app, stage, hash, routes, assets, secrets, parts } = desired;
  const functions = parts.flatMap(({ kind, name, bytes = 0, facts = [] }): readonly RecordedFunction[] => {
    const version = kind === "function" ? versions.get(name) : undefined;
    return version ? [{ ...version, bytes, facts }] : [];
  });
  return {
    schemaVersion: 1,
    app,
    stage,
    number: plan.release,
    hash,
    state: "candidate" as const,
    ...(message !== undefined && { message }),
    ...(commit !== undefined && { commit }),
    ...(by !== undefined && { by }),
    created,
    changes,
    functions,
    routes,
    // Those of its own carry no number yet.
    assets: assets.map((asset) => (asset.release ? asset : { ...asset, release: plan.release })),
    secrets,
    ...rolesOf(desired.parts),
    parts: Object.fromEntries(
      parts
        .filter(({ kind }) => kind !== "function" && kind !== "route")
        .map(({ kind, name, key }) => [`${kind} ${name}`, key]),
    ),
  };
}

/** A role's own part does not say what it may. */
function rolesOf(parts: readonly Part[]): Pick<ReleaseRecord, "roles"> {
  const roles = parts.flatMap(({ kind, name, items }) =>
    kind === "permission" && name.startsWith("role ") && items ? [[name.slice("role ".length), items] as const] : [],
  );
  return roles.length ? { roles: Object.fromEntries(roles) } : {};
}

/** Names for people, of kinds that have another one. */
const kindNames: Partial<Record<Kind, string>> = { logs: "log group", api: "API", url: "URL", worker: "Worker" };

/** Actions that change nothing, or of which the plan does not know whether they do. */
const still: readonly Action[] = ["keep", "wait", "ask"];

/** `3 functions, 1 route`: how much of each kind is other than before. */
export function changesText({ changes }: Plan): string {
  const moved = changes.filter(({ action, kind }) => !still.includes(action) && kind !== "release");
  const counts = [...Map.groupBy(moved, ({ kind }) => kind)].map(([kind, { length }]) => {
    const word = kindNames[kind] ?? kind;
    return `${length} ${word}${length === 1 || kind === "assets" ? "" : "s"}`;
  });
  return counts.join(", ") || "nothing";
}
