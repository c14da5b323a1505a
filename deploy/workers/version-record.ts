/** A release's record inside its own version: what is short in a JSON binding, the whole in a data module; written and read back. */
import type { DeployedPart, Part } from "../platform.ts";
import { readRecord, type ReleaseRecord } from "../record.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { own } from "./names.ts";
import { jsonBinding, type VersionDetail } from "./script.ts";

/** The whole record, every part that is no function and no route, and the paths of the static files as Cloudflare spells them. */
export interface WholeRecord extends ReleaseRecord {
  readonly detail: readonly Part[];
  readonly files: readonly string[];
}

/** The binding's value: at most 5 KB of JSON. */
export interface Summary {
  readonly schemaVersion: 1;
  readonly app: string;
  readonly stage: string;
  readonly number: number;
  readonly hash: string;
  readonly created: string;
  readonly changes: string;
  readonly message?: string;
  readonly commit?: string;
  /** Version numbers by name. */
  readonly secrets: Readonly<Record<string, number>>;
  /** Keys of what all releases share. */
  readonly parts: Readonly<Record<string, string>>;
  /** Numbers of the releases that had taken traffic by then and were kept, newest first: deployments are listed for a while only. */
  readonly before: readonly number[];
}

/** Bytes of a variable (docs: Workers limits), less some for its name and quotes. */
const most = 5 * 1024 - 64;

/** Kinds whose things are not versioned: a rollback leaves them as they are. */
const shared: ReadonlySet<string> = new Set(["domain", "url", "logs"]);

/** Of a record's keys, by `kind name`. */
const sharedParts = (parts: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(parts).filter(([name]) => shared.has(name.slice(0, name.indexOf(" ")))));

/** A message that is too long is cut; the whole one is in the module. Throws UserError RECORD_SIZE. */
export function toSummary(record: ReleaseRecord, before: readonly number[]): Summary {
  const { app, stage, number, hash, created, changes, message, commit, secrets } = record;
  const bare: Summary = {
    ...{ schemaVersion: 1, app, stage, number, hash, created, changes, secrets, parts: sharedParts(record.parts), before },
    ...(commit !== undefined && { commit }),
  };
  const room = most - bytesOf(bare);
  if (room < 100)
    throw new UserError(
      "RECORD_SIZE",
      "what is remembered of a release does not fit into the 5 KB that Cloudflare takes: too many secrets, domains and kept releases",
      'choose a smaller "keep", or fewer secrets and domains, in hosting.json',
    );
  return message === undefined ? bare : { ...bare, message: cut(message, room - 20) };
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** By characters, until its JSON fits. */
function cut(text: string, room: number): string {
  let end = Math.min(text.length, room);
  while (bytesOf(text.slice(0, end).toWellFormed()) > room) end -= Math.max(1, Math.ceil(end / 16));
  return end === text.length ? text : text.slice(0, end).toWellFormed();
}

/** The module's text: without what is only known later, or is derived. */
export function toModule(
  record: ReleaseRecord,
  { parts, files }: { readonly parts: readonly Part[]; readonly files: readonly string[] },
): string {
  const { ref: _, ...kept } = record;
  const detail = parts.filter(({ kind }) => kind !== "function" && kind !== "route");
  return JSON.stringify({ ...kept, functions: recordedFunctions(record, parts), detail, files });
}

/** Functions have no versions of their own here: they are the modules of one version. */
function recordedFunctions({ number }: ReleaseRecord, parts: readonly Part[]): ReleaseRecord["functions"] {
  return parts
    .filter(({ kind }) => kind === "function")
    .map(({ name, key, bytes = 0, facts = [] }) => ({ function: name, number: String(number), ref: "", key, bytes, facts }));
}

/** What the binding of a version says, undefined for a version that is no release. Throws UserError RECORD_NEWER. */
export function readSummary({
  id,
  bindings,
}: VersionDetail): { readonly record: ReleaseRecord; readonly before: readonly number[] } | undefined {
  const value = jsonBinding(bindings, own.release);
  if (typeof value !== "object" || value === null) return undefined;
  const { before, ...summary } = value as Summary;
  const text = JSON.stringify({ ...summary, state: "candidate", functions: [], routes: [], assets: [] });
  return { record: { ...readRecord(text, `the version ${id}`), ref: id }, before: Array.isArray(before) ? before : [] };
}

/** The module's text, read. Throws UserError RECORD_NEWER, RECORD_BROKEN. */
export function readWhole(text: string, id: string): WholeRecord {
  const record = readRecord(text, `the record in the version ${id}`) as WholeRecord;
  const functions = record.functions.map((fn) => ({ ...fn, ref: id }));
  return { ...record, ref: id, functions, detail: record.detail ?? [], files: record.files ?? [] };
}

/** The record as all platforms know it: its parts are those that a rollback leaves as they are. */
export const recordOf = ({ detail: _detail, files: _files, ...record }: WholeRecord): ReleaseRecord => ({
  ...record,
  parts: sharedParts(record.parts),
});

/** The parts that a live release has, but for what is asked of the cloud itself. */
export function recordedParts({ functions, routes, detail }: WholeRecord): readonly DeployedPart[] {
  const fns = functions.map(({ function: name, key, facts, bytes, number, ref }): DeployedPart => {
    const version = { function: name, number, ref, key };
    return { kind: "function", name, key, facts, bytes, version, versions: [version] };
  });
  const own = detail.filter(({ kind }) => !shared.has(kind));
  return [...own, ...fns, ...routes.map((route) => ({ kind: "route" as const, name: route.key, key: route.function }))];
}
