/** A state without what two apps of equal content do not share: names and the hashes that they go into; comparable between apps. */
import type { Owner } from "../../../deploy/lambda/names.ts";
import type { CloudState } from "./world.ts";

export function toShape(state: CloudState, { app, stage }: Owner): CloudState {
  const functionNames = new RegExp(`${app}--${stage}--([a-z0-9-]*)-[a-z0-9]{6}(?![a-z0-9-])`, "g");
  const text = JSON.stringify(state).replace(functionNames, "function $1").replaceAll(app, "APP");
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
