/** ListFunctions: every function, with `?FunctionVersion=ALL` every version of each too. */
import type { Operation } from "../operation.ts";
import { listedFunction } from "./describe-function.ts";
import { lambdaPage } from "./lambda-page.ts";
import { violation } from "./refusals.ts";

export const listFunctions: Operation = (call, region) => {
  const which = call.query.get("FunctionVersion");
  if (which !== null && which !== "ALL") throw violation("FunctionVersion", which, "Member must satisfy enum value set: [ALL]");
  const all = region.state.functions
    .all()
    .flatMap((record) => [record.latest, ...(which ? record.versions : [])].map((version) => ({ record, version })));
  const { items, next } = lambdaPage(call, all, ({ record, version }) => `${record.name}:${version.version}`);
  return {
    status: 200,
    body: {
      Functions: items.map(({ record, version }) => listedFunction(record, version, which === null ? undefined : version.version)),
      NextMarker: next,
    },
  };
};
