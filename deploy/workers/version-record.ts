/** The record of a release inside its own version: a summary in a JSON binding, the full record in a data module. */
import type { DeployedPart, Part } from "../parts.ts";
import { readRecord, type ReleaseRecord } from "../record.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { bindingNames } from "./names.ts";
import { jsonBinding, type VersionDetail } from "./worker-reads.ts";

/**
 * The whole record, every part that is no function and no route, and the paths of the static files as Cloudflare spells
 * them.
 */
export interface FullRecord extends ReleaseRecord {
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
  readonly by?: string;
  /** Version numbers by name. */
  readonly secrets: Readonly<Record<string, number>>;
  /** Keys of parts that all releases share. */
  readonly parts: Readonly<Record<string, string>>;
  /**
   * Numbers of the releases that had taken traffic by then and were kept, newest first: deployments are listed for a
   * while only.
   */
  readonly before: readonly number[];
}

/** Bytes of a variable (docs: Workers limits), less some for its name and quotes. */
const most = 5 * 1024 - 64;

/** Kinds of unversioned parts, which a rollback leaves as they are. */
const unversionedKinds: ReadonlySet<string> = new Set([
  "domain",
  "url",
  "logs",
  "bucket",
  "table",
  "queue",
  "schedule",
]);

/** Of a record's keys, by `kind name`. */
const unversionedParts = (parts: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(parts).filter(([name]) => unversionedKinds.has(name.slice(0, name.indexOf(" ")))));

/** A message that is too long is cut; the whole one is in the module. Throws UserError RECORD_SIZE. */
export function toSummary(record: ReleaseRecord, before: readonly number[]): Summary {
  const { app, stage, number, hash, created, changes, message, commit, by, secrets } = record;
  const bare: Summary = {
    schemaVersion: 1,
    app,
    stage,
    number,
    hash,
    created,
    changes,
    secrets,
    parts: unversionedParts(record.parts),
    before,
    ...(commit !== undefined && { commit }),
    ...(by !== undefined && { by }),
  };
  const room = most - bytesOf(bare);
  if (room < 100)
    throw new UserError(
      "RECORD_SIZE",
      "the record of the release does not fit into the 5 KB that Cloudflare takes: too many secrets, domains and " +
        "kept releases",
      'Set a smaller "keep", or fewer secrets and domains, in hosting.json.',
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

/** The module's text, without derived values and the version's id. */
export function toRecordModule(
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
    .map(({ name, key, bytes = 0, facts = [] }) => ({
      function: name,
      number: String(number),
      ref: "",
      key,
      bytes,
      facts,
    }));
}

/** Reads the summary binding; undefined for a version that is no release. Throws UserError RECORD_NEWER. */
export function readSummary({
  id,
  bindings,
}: VersionDetail): { readonly record: ReleaseRecord; readonly before: readonly number[] } | undefined {
  const value = jsonBinding(bindings, bindingNames.release);
  if (typeof value !== "object" || value === null) return undefined;
  const { before, ...summary } = value as Summary;
  const text = JSON.stringify({ ...summary, state: "candidate", functions: [], routes: [], assets: [] });
  return { record: { ...readRecord(text, `the version ${id}`), ref: id }, before: Array.isArray(before) ? before : [] };
}

/** The module's text, read. Throws UserError RECORD_NEWER, RECORD_BROKEN. */
export function readFullRecord(text: string, id: string): FullRecord {
  const record = readRecord(text, `the record in the version ${id}`) as FullRecord;
  const functions = record.functions.map((fn) => ({ ...fn, ref: id }));
  return { ...record, ref: id, functions, detail: record.detail ?? [], files: record.files ?? [] };
}

/** The record as all platforms know it: its parts are those that a rollback leaves as they are. */
export const toReleaseRecord = ({ detail: _detail, files: _files, ...record }: FullRecord): ReleaseRecord => ({
  ...record,
  parts: unversionedParts(record.parts),
});

/** The parts of a live release, without those that are read from the cloud itself. */
export function recordedParts({ functions, routes, detail }: FullRecord): readonly DeployedPart[] {
  const fns = functions.map(({ function: name, key, facts, bytes, number, ref }): DeployedPart => {
    const version = { function: name, number, ref, key };
    return { kind: "function", name, key, facts, bytes, version, versions: [version] };
  });
  const own = detail.filter(({ kind }) => !unversionedKinds.has(kind));
  return [...own, ...fns, ...routes.map((route) => ({ kind: "route" as const, name: route.key, key: route.function }))];
}
