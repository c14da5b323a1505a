/** Reduces a cloud's state to what two apps of equal content share, for comparison between apps. */
import type { Owner } from "../../../deploy/parts.ts";
import type { CloudState } from "./row.ts";

export function toShape(state: CloudState, { app, stage }: Owner): CloudState {
  const functionNames = new RegExp(`${app}--${stage}--([a-z0-9-]*)-[a-z0-9]{6}(?![a-z0-9-])`, "g");
  const roleNames = new RegExp(`${app}--${stage}--[a-z0-9]{9}(?![a-z0-9-])`, "g");
  const bucketNames = new RegExp(`portico-${app}--${stage}-[a-z0-9]{9}`, "g");
  const buckets = JSON.stringify(state).replace(bucketNames, "bucket");
  const named = buckets.replace(functionNames, "function $1").replace(roleNames, "role");
  const text = named.replaceAll(app, "APP");
  return sorted(JSON.parse(text.replace(/[0-9a-f]{64}/g, "hash"))) as CloudState;
}

/** Lists were in the order of what is not there any more. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    const all = value.map((one) => [JSON.stringify(sorted(one)), sorted(one)] as const);
    return all.toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, one]) => one);
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, sorted(one)]));
}
