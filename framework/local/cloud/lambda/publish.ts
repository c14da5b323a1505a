/** Making versions: a function's current state in, the record with one more immutable version (or the last one, if nothing changed) out. */
import { createHash, randomUUID } from "node:crypto";
import type { FunctionRecord, FunctionVersion } from "../records.ts";
import type { Region } from "../region.ts";

/** A state's identity: equal when code and settings are. */
export function fingerprint(version: FunctionVersion): string {
  const { version: _version, revisionId: _revision, lastModified: _modified, readyAt: _ready, source: _source, ...content } = version;
  return createHash("sha256")
    .update(JSON.stringify(Object.entries(content).toSorted(([left], [right]) => (left < right ? -1 : 1))))
    .digest("hex");
}

/** Idempotent like PublishVersion: without a change since the last version that one is returned, whatever the description. */
export function publish(
  record: FunctionRecord,
  description: string | undefined,
  region: Region,
): { record: FunctionRecord; version: FunctionVersion } {
  const source = fingerprint(record.latest);
  const last = record.versions.at(-1);
  if (last?.source === source) return { record, version: last };
  const version: FunctionVersion = {
    ...record.latest,
    version: String(record.nextVersion),
    revisionId: randomUUID(),
    description: description ?? record.latest.description,
    lastModified: timestamp(region),
    readyAt: Math.max(record.latest.readyAt, region.clock.now() + region.pace.function),
    source,
  };
  return { record: { ...record, versions: [...record.versions, version], nextVersion: record.nextVersion + 1 }, version };
}

/** As Lambda writes LastModified: `2026-11-20T18:02:30.187+0000`. */
export function timestamp(region: Region): string {
  return new Date(region.clock.now()).toISOString().replace("Z", "+0000");
}
