/** The records of event source mappings: finds them by id, and their state at the time. */
import type { Uses } from "../backends.ts";
import type { MappingRecord } from "../records.ts";
import { notFound } from "./errors.ts";

type MappingUses = Uses<"mappings" | "clock">;

/** A mapping, or undefined; one whose deletion is complete is removed. */
export function findMapping(uuid: string, { mappings, clock }: MappingUses): MappingRecord | undefined {
  const mapping = mappings.get(uuid);
  if (!mapping || mapping.change !== "Deleting" || clock.now() < mapping.readyAt) return mapping;
  mappings.remove(uuid);
  return undefined;
}

/** Throws ResourceNotFoundException. */
export function requireMapping(uuid: string, uses: MappingUses): MappingRecord {
  const mapping = findMapping(uuid, uses);
  if (!mapping) throw notFound("The resource you requested does not exist.");
  return mapping;
}

/** `Creating`, … while a change goes on, then `Enabled` or `Disabled`. */
export function stateOf({ change, readyAt, isEnabled }: MappingRecord, now: number): string {
  if (now < readyAt) return change;
  return isEnabled ? "Enabled" : "Disabled";
}
