/** Publishing of versions: freezes a function's code and settings under the next number. */
import { createHash, randomUUID } from "node:crypto";
import type { Uses } from "../backends.ts";
import type { FunctionRecord, FunctionVersion } from "../records.ts";

/** A hash of code and settings: equal for two versions that differ in neither. */
export function fingerprint(version: FunctionVersion): string {
  const {
    version: _version,
    revisionId: _revision,
    lastModified: _modified,
    readyAt: _ready,
    source: _source,
    ...content
  } = version;
  return createHash("sha256")
    .update(JSON.stringify(Object.entries(content).toSorted(([left], [right]) => (left < right ? -1 : 1))))
    .digest("hex");
}

/**
 * The record with one more version. Without a change since the last version, returns that one, like PublishVersion.
 */
export function publish(
  record: FunctionRecord,
  description: string | undefined,
  { clock, latency }: Uses<"clock" | "latency">,
): { record: FunctionRecord; version: FunctionVersion } {
  const source = fingerprint(record.latest);
  const last = record.versions.at(-1);
  if (last?.source === source) return { record, version: last };
  const version: FunctionVersion = {
    ...record.latest,
    version: String(record.nextVersion),
    revisionId: randomUUID(),
    description: description ?? record.latest.description,
    lastModified: timestamp(clock.now()),
    readyAt: Math.max(record.latest.readyAt, clock.now() + latency.function),
    source,
  };
  return {
    record: { ...record, versions: [...record.versions, version], nextVersion: record.nextVersion + 1 },
    version,
  };
}

/** Lambda's format of times (epoch ms): `2026-11-20T18:02:30.187+0000`. */
export function timestamp(now: number): string {
  return new Date(now).toISOString().replace("Z", "+0000");
}
