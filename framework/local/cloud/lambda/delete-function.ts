/** DeleteFunction: the whole function, or with `?Qualifier` one version of it. */
import type { Operation } from "../operation.ts";
import { environmentId } from "../loaded-function.ts";
import { findChangeable, findFunction, refOf } from "./find-function.ts";
import { conflict, invalid } from "./refusals.ts";

export const deleteFunction: Operation = async (call, region) => {
  const ref = refOf(call);
  const { record, version } = findFunction(ref, region);
  if (ref.qualifier !== undefined && Object.hasOwn(record.aliases, ref.qualifier))
    throw invalid("Deletion of aliases is not currently supported.");
  if (ref.qualifier === "$LATEST") throw invalid("$LATEST version cannot be deleted without deleting the function.");
  if (ref.qualifier === undefined) {
    region.state.functions.remove(record.name);
    for (const each of [record.latest, ...record.versions]) region.runtime.retire(environmentId(record.name, each));
    await Promise.all(Object.values(record.urls).map(({ urlId }) => region.fronts.close(urlId)));
    return { status: 204 };
  }
  findChangeable(ref, region);
  const users = Object.values(record.aliases).filter((alias) => alias.version === version.version);
  if (users.length > 0)
    throw conflict(`Unable to delete version because the following aliases reference it: [${users.map(({ name }) => name).join(", ")}]`);
  const { [ref.qualifier]: _, ...policies } = record.policies;
  region.state.functions.put(record.name, { ...record, policies, versions: record.versions.filter((one) => one !== version) });
  region.runtime.retire(environmentId(record.name, version));
  return { status: 204 };
};
