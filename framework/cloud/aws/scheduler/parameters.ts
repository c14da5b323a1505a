/** Names and tokens of EventBridge Scheduler's calls, in a path, a query or a body. */
import type { StructureReader, TextRule } from "../../structure-reader.ts";
import type { RestCall } from "../rest-operation.ts";
import { schedulerMembers, violation } from "./errors.ts";

const nameRule: TextRule = { min: 1, max: 64, pattern: /^[0-9a-zA-Z-_.]+$/ };
const tokenRule: TextRule = { min: 1, max: 64, pattern: /^[a-zA-Z0-9-_]+$/ };

/** The name in the path. */
export const nameOf = ({ path }: RestCall): string => schedulerMembers(path).requiredText("Name", nameRule);

/** The member ClientToken, which every SDK fills in. */
export const readToken = (members: StructureReader): string | undefined => members.text("ClientToken", tokenRule);

/** A parameter of the query; undefined when it is absent. */
export const queryText = ({ query }: RestCall, name: string, rule: TextRule = nameRule): string | undefined =>
  schedulerMembers({ [name]: query.get(name) }).text(name, rule);

/** A deletion may be repeated as it is: its token has no effect. */
export const checkQueryToken = (call: RestCall): void => void queryText(call, "clientToken", tokenRule);

/** The group of a schedule: the group that every account has does not exist here. */
export function requireGroupName(member: string, value: string | undefined): string {
  if (value !== undefined) return value;
  throw violation(member, null, "Portico's local cloud does not have the group 'default'");
}

/** The member GroupName. */
export const readGroupName = (members: StructureReader): string =>
  requireGroupName("GroupName", members.text("GroupName", nameRule));
