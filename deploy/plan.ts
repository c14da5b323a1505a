/** The plan of a release: compares the desired state with the present one, and lists the changes in order. Pure. */
import type { Deployed, DesiredState } from "./platform.ts";
import type { DeployedPart, Kind, Part } from "./parts.ts";

/** The change to a part; `wait` is a removal that a later deploy makes, `ask` what is known after the upload alone. */
export type Action = "create" | "update" | "keep" | "remove" | "permit" | "wait" | "ask";

/** One line of a plan. */
export interface Change {
  readonly action: Action;
  readonly kind: Kind;
  readonly name: string;
  /** For people. */
  readonly reason: string;
  /** Of code that is uploaded. */
  readonly bytes?: number;
  /** For people: omitted files, and why. */
  readonly note?: string;
}

/** Everything that a deploy will do, in its order. */
export interface Plan {
  readonly schemaVersion: 1;
  readonly app: string;
  readonly stage: string;
  /** The draft it was made for. */
  readonly hash: string;
  /** The number that will be live. */
  readonly release: number;
  /** The number that is live now. */
  readonly live?: number;
  /** Of the deployed state that it was made for: when that has changed, the plan is refused. */
  readonly fingerprint: string;
  readonly changes: readonly Change[];
}

/** Compares, decides, and touches nothing. */
export function planRelease(desired: DesiredState, deployed: Deployed): Plan {
  const found = new Map(deployed.parts.map((part) => [`${part.kind} ${part.name}`, part]));
  const parts = desired.parts.map((part) => changeOf(part, found.get(`${part.kind} ${part.name}`)));
  const own = parts.filter((_, at) => !desired.parts[at]?.shared);
  const wanted = new Set(desired.parts.map(({ kind, name }) => `${kind} ${name}`));
  const unwanted = deployed.parts.filter(({ kind, name }) => !wanted.has(`${kind} ${name}`)).map(unwantedChange);
  const leftovers = deployed.leftovers.map(({ kind, name, reason }) =>
    change("update", kind, name, `finish: ${reason}`),
  );
  const taken = deployed.taken.map(({ kind, name }) =>
    change("keep", kind, name, "not ours: its tags name another app or stage; left alone"),
  );
  const moved = [...own, ...unwanted].some(({ action }) => action !== "keep");
  const { number, line } = releaseChange(desired, deployed, moved);
  const { app, stage, hash } = desired;
  return {
    schemaVersion: 1,
    app,
    stage,
    hash,
    release: number,
    ...(deployed.live && { live: deployed.live.number }),
    fingerprint: deployed.fingerprint,
    changes: [
      ...parts,
      ...unwanted,
      ...leftovers.filter(({ kind, name }) => kind !== line.kind || name !== line.name),
      ...taken,
      line,
    ],
  };
}

/** A plan with what becomes of the schema, before the line of the release. */
export const withSchema = (plan: Plan, changes: readonly Change[], fingerprint: string): Plan => ({
  ...plan,
  fingerprint: `${plan.fingerprint} ${fingerprint}`,
  changes: [...plan.changes.slice(0, -1), ...changes, ...plan.changes.slice(-1)],
});

/** True when the plan changes nothing. */
export const isDone = ({ changes }: Plan): boolean =>
  changes.every(({ action }) => action === "keep" || action === "wait");

/** The line of the release itself: keep when it is live, update when it was made before, else create. */
export const releaseLine = ({ changes, release }: Plan): Change | undefined =>
  changes.find(({ kind, name }) => kind === "release" && name === String(release));

/** The changes that a person should confirm: removals, new permissions, and migrations that are not known yet. */
export const changesToConfirm = ({ changes }: Plan): readonly Change[] =>
  changes.filter(({ action }) => action === "remove" || action === "permit" || action === "ask");

function change(action: Action, kind: Kind, name: string, reason: string, bytes?: number): Change {
  return { action, kind, name, reason, ...(bytes !== undefined && { bytes }) };
}

function changeOf(part: Part, found: DeployedPart | undefined): Change {
  const { note } = part;
  return { ...bareChange(part, found), ...(note !== undefined && { note }) };
}

function bareChange(part: Part, found: DeployedPart | undefined): Change {
  const { kind, name, key, bytes } = part;
  if (part.items) return permissionChange(part, found);
  if (!found) return change("create", kind, name, kind === "route" ? `to ${key}` : "new", bytes);
  if (found.key === key && (kind !== "function" || found.version)) return change("keep", kind, name, "unchanged");
  const there = found.versions?.find((version) => version.key === key);
  if (there) return change("update", kind, name, `to version ${there.number}, which is there already`);
  return change("update", kind, name, kind === "route" ? `${found.key} → ${key}` : differences(part, found), bytes);
}

/** A permission is `!` when it allows anything more, `~` when it only allows less. */
function permissionChange(
  { kind, name, key, items = [], origins = {} }: Part,
  found: DeployedPart | undefined,
): Change {
  const before = new Set(found?.items);
  const added = items.filter((item) => !before.has(item));
  const removed = [...before].filter((item) => !items.includes(item));
  if (found?.key === key) return change("keep", kind, name, "unchanged");
  const byOrigin = Map.groupBy(added, (item) => (Object.hasOwn(origins, item) ? `for ${origins[item]} it ` : ""));
  const own = byOrigin.get("") ?? [];
  const others = [...byOrigin].filter(([origin]) => origin !== "");
  const reason = [["", own] as const, ...others]
    .map(([origin, texts]) => (texts.length ? `${origin}may ${list(texts)}` : ""))
    .concat(removed.length ? `may no longer ${list(removed)}` : "")
    .filter(Boolean)
    .join("; ");
  return change(added.length ? "permit" : "update", kind, name, reason || "rewritten, with the same meaning");
}

/** Earlier releases may need a function or a role; they are collected with the last release that does. */
function unwantedChange({ kind, name }: DeployedPart): Change {
  if (kind === "function")
    return change("remove", kind, name, "no longer in the app; deleted when no kept release needs it");
  if (["route", "domain", "binding", "permission", "job"].includes(kind))
    return change("remove", kind, name, "no longer in the app");
  if (kind === "bucket" || kind === "table")
    return change("keep", kind, name, "not used any more; its data stays until portico remove");
  return change("keep", kind, name, "not used any more; kept for earlier releases");
}

function differences({ facts = [] }: Part, found: DeployedPart): string {
  const before = new Map(found.facts?.map((fact) => [fact.label, fact]));
  const changed = facts.filter(({ label, value }) => before.get(label)?.value !== value);
  const gone = [...before.keys()].filter((label) => !facts.some((fact) => fact.label === label));
  const words = changed.map(({ label, value, hidden }) => {
    const old = before.get(label);
    return hidden ? (old ? label : `${label} added`) : `${label} ${old ? `${old.value} → ` : ""}${value}`;
  });
  return [...words, ...gone.map((label) => `${label} removed`)].join(", ") || "secrets";
}

/**
 * No change when the live release is equal; the newest release when that one is equal, be it one that an interrupted
 * run made or one that was rolled back from; else a new one.
 */
function releaseChange(
  { hash }: DesiredState,
  { live, releases, lastNumber }: Deployed,
  moved: boolean,
): { number: number; line: Change } {
  const newest = releases.at(-1);
  if (!moved && live?.hash === hash)
    return { number: live.number, line: change("keep", "release", String(live.number), "live") };
  if (newest && newest.number !== live?.number && newest.number === lastNumber && newest.hash === hash) {
    return {
      number: newest.number,
      line: change("update", "release", String(newest.number), "made before, not live now"),
    };
  }
  const number = lastNumber + 1;
  return { number, line: change("create", "release", String(number), live ? `after ${live.number}` : "the first") };
}

/** `a, b, c and 12 more`. */
function list(items: readonly string[], most = 6): string {
  const shown = items.length > most + 1 ? [...items.slice(0, most), `${items.length - most} more`] : items;
  return shown.length > 1 ? `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}` : shown.join("");
}

const signs: Readonly<Record<Action, string>> = {
  create: "+",
  update: "~",
  keep: "=",
  remove: "-",
  permit: "!",
  wait: "-",
  ask: "?",
};

/** The plan as text: a heading, one line per change, one line per kind of unchanged parts. */
export function planText({ app, stage, release, live, changes }: Plan): string {
  const kept = Map.groupBy(
    changes.filter(({ action, kind }) => action === "keep" && kind !== "release"),
    ({ kind, reason }) => `${kind}\n${reason}`,
  );
  const rows = changes.flatMap((line) => {
    const group = kept.get(`${line.kind}\n${line.reason}`);
    if (line.action !== "keep" || !group) return [line];
    return group[0] === line ? [{ ...line, name: list(group.map(({ name }) => name)) }] : [];
  });
  const notes = rows.map(({ reason, note }) => (note ? `${reason}; ${note}` : reason));
  const sizes = rows.map(({ bytes }) => (bytes === undefined ? "" : `  ${(bytes / 1024).toFixed(1)} KB`));
  const width = Math.min(40, Math.max(...rows.map(({ name }) => name.length)));
  const sizeWidth = Math.max(...sizes.map(({ length }) => length));
  const lines = rows.map(({ action, kind, name }, at) => {
    const size = (sizes[at] ?? "").padStart(sizeWidth);
    return `${signs[action]} ${kind.padEnd(10)}  ${name.padEnd(width)}${size}  ${notes[at]}`;
  });
  const liveNow = live === undefined || live === release ? "" : `, ${live} is live now`;
  const heading = `${app} at stage ${stage}: release ${release}${liveNow}`;
  return [heading, ...lines].join("\n");
}
