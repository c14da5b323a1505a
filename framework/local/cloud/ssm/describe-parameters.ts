/** DescribeParameters: filters in, what parameters are (never their values) out, in pages. */
import { account } from "../arn.ts";
import type { JsonOperation } from "../json-protocol.ts";
import { isRecord, Members } from "../members.ts";
import type { ParameterRecord } from "../records.ts";
import { parameterArn } from "./parameter-name.ts";
import { isBelow, lastOf, readPage, seconds } from "./read-parameters.ts";
import { complain, readNames, ssmError } from "./ssm-error.ts";

type Filter = (parameter: ParameterRecord) => boolean;

function readFilter(source: unknown): Filter {
  if (!isRecord(source)) throw complain("ParameterFilters", source, "Member must be a structure");
  const members = new Members(source, complain);
  const key = members.requiredText("Key", { min: 1, max: 132 });
  const option = members.text("Option", { min: 1, max: 10 });
  const values = readNames(members, "Values", 50);
  members.end();
  const isOneOf = (value: string | undefined): boolean => value !== undefined && values.includes(value);
  switch (`${key.startsWith("tag:") ? "tag" : key} ${option ?? (key === "Path" ? "OneLevel" : "Equals")}`) {
    case "Name Equals":
      return ({ name }) => isOneOf(name);
    case "Name BeginsWith":
      return ({ name }) => values.some((value) => name.startsWith(value));
    case "Name Contains":
      return ({ name }) => values.some((value) => name.includes(value));
    case "Type Equals":
      return ({ type }) => isOneOf(type);
    case "Tier Equals":
      return ({ tier }) => isOneOf(tier);
    case "Path OneLevel":
      return ({ name }) => values.some((value) => isBelow(name, value, false));
    case "Path Recursive":
      return ({ name }) => values.some((value) => isBelow(name, value, true));
    case "tag Equals":
      return ({ tags }) => isOneOf(Object.hasOwn(tags, key.slice(4)) ? tags[key.slice(4)] : undefined);
    default:
      throw ssmError("InvalidFilterOption", `Portico's local cloud does not speak the filter ${key} with the option ${option}`);
  }
}

function describe(parameter: ParameterRecord): Record<string, unknown> {
  const last = lastOf(parameter);
  return {
    ARN: parameterArn(parameter.name),
    AllowedPattern: parameter.allowedPattern,
    DataType: "text",
    Description: parameter.description,
    KeyId: parameter.type === "SecureString" ? "alias/aws/ssm" : undefined,
    LastModifiedDate: seconds(last.modified),
    LastModifiedUser: `arn:aws:iam::${account}:root`,
    Name: parameter.name,
    Policies: [],
    Tier: parameter.tier,
    Type: parameter.type,
    Version: last.version,
  };
}

export const describeParameters: JsonOperation = (members, region) => {
  const filters = (members.list("ParameterFilters") ?? []).map(readFilter);
  const all = region.state.parameters.all().filter((parameter) => filters.every((filter) => filter(parameter)));
  const page = readPage(members, all, ({ name }) => name, { usual: 10, most: 50 });
  return { Parameters: page.items.map(describe), NextToken: page.next };
};
