/** DeleteParameter and DeleteParameters: names in, what was there and what was not out. */
import type { JsonOperation } from "../json-protocol.ts";
import { parameterNotFound, readNames } from "./ssm-error.ts";

export const deleteParameter: JsonOperation = (members, region) => {
  const name = members.requiredText("Name", { min: 1 });
  members.end();
  if (!region.state.parameters.get(name)) throw parameterNotFound(name);
  region.state.parameters.remove(name);
  return {};
};

export const deleteParameters: JsonOperation = (members, region) => {
  const names = readNames(members, "Names", 10);
  members.end();
  const there = names.filter((name) => region.state.parameters.get(name));
  for (const name of there) region.state.parameters.remove(name);
  return { DeletedParameters: there, InvalidParameters: names.filter((name) => !there.includes(name)) };
};
