/** DeleteFunction: the whole function, or with `?Qualifier` one version of it. */
import type { Operation } from "../operation.ts";
import { environmentId } from "../loaded-function.ts";
import { findChangeable, findFunction, refOf } from "./find-function.ts";
import { invalid } from "./refusals.ts";

export const deleteFunction: Operation = (call, region) => {
  const ref = refOf(call);
  const { record, version } = findFunction(ref, region);
  if (ref.qualifier === "$LATEST") throw invalid("$LATEST version cannot be deleted without deleting the function.");
  if (ref.qualifier === undefined) {
    region.state.functions.remove(record.name);
    for (const each of [record.latest, ...record.versions]) region.runtime.retire(environmentId(record.name, each));
    return { status: 204 };
  }
  findChangeable(ref, region);
  const { [ref.qualifier]: _, ...policies } = record.policies;
  region.state.functions.put(record.name, { ...record, policies, versions: record.versions.filter((one) => one !== version) });
  region.runtime.retire(environmentId(record.name, version));
  return { status: 204 };
};
