/** Parameters of the Parameter Store: PutParameter, the Get operations and DeleteParameters. */
import { randomBytes } from "node:crypto";
import type { Collection } from "../../collection.ts";
import type { JsonOperation } from "../json-protocol.ts";
import { pageOf } from "../pagination.ts";
import type { ParameterRecord, ParameterVersion } from "../records.ts";
import { parameterNotFound, readNames, ssmError, validation } from "./errors.ts";
import { checkExisting, checkValue, readInput, tierOf, typeOf } from "./parameter-input.ts";
import { checkName, parameterArn, readRef } from "./parameter-name.ts";
import { readTags } from "./tags.ts";

/** A new version beyond this number removes the oldest one. */
const maxVersions = 100;

export const putParameter: JsonOperation<"parameters" | "clock"> = (members, { parameters, clock }) => {
  const name = checkName(members.requiredText("Name", { min: 1, max: 2048 }));
  const input = readInput(members);
  const tags = readTags(members);
  members.end();
  const before = parameters.get(name);
  checkExisting(input, tags, before);
  const type = typeOf(input, before);
  const tier = tierOf(input, before);
  const { value, description = before?.description, pattern = before?.allowedPattern } = input;
  checkValue(value, tier, pattern);
  const version: ParameterVersion = {
    version: (before?.versions.at(-1)?.version ?? 0) + 1,
    value,
    // Random text: a read without decryption returns it instead of the value.
    ...(type === "SecureString" && { sealed: randomBytes(150 + value.length).toString("base64") }),
    modified: clock.now(),
  };
  parameters.put(name, {
    name,
    type,
    tier,
    ...(description !== undefined && { description }),
    ...(pattern !== undefined && { allowedPattern: pattern }),
    tags: before?.tags ?? tags ?? {},
    versions: [...(before?.versions ?? []), version].slice(-maxVersions),
  });
  return { Version: version.version, Tier: tier };
};

/** The newest version; a parameter has at least one. */
function lastOf({ versions }: ParameterRecord): ParameterVersion {
  const last = versions.at(-1);
  if (!last) throw new Error("a parameter without versions");
  return last;
}

const valueOf = ({ value, sealed }: ParameterVersion, decrypt: boolean): string =>
  decrypt ? value : (sealed ?? value);

function describe(
  parameter: ParameterRecord,
  version: ParameterVersion,
  decrypt: boolean,
  selector?: string,
): Record<string, unknown> {
  return {
    ARN: parameterArn(parameter.name),
    DataType: "text",
    // Epoch seconds, as the protocol writes times.
    LastModifiedDate: version.modified / 1000,
    Name: parameter.name,
    Selector: selector,
    Type: parameter.type,
    Value: valueOf(version, decrypt),
    Version: version.version,
  };
}

/** Throws ParameterNotFound or ParameterVersionNotFound. */
function findParameter(
  reference: string,
  decrypt: boolean,
  parameters: Collection<ParameterRecord>,
): Record<string, unknown> {
  const { name, version, selector } = readRef(reference);
  const parameter = parameters.get(name);
  if (!parameter) throw parameterNotFound(reference);
  const found =
    version === undefined ? lastOf(parameter) : parameter.versions.find((stored) => stored.version === version);
  if (!found)
    throw ssmError(
      "ParameterVersionNotFound",
      `Systems Manager could not find version ${version} of ${name}. Verify the version and try again.`,
    );
  return describe(parameter, found, decrypt, selector);
}

export const getParameter: JsonOperation<"parameters"> = (members, { parameters }) => {
  const name = members.requiredText("Name", { min: 1 });
  const decrypt = members.flag("WithDecryption") ?? false;
  members.end();
  return { Parameter: findParameter(name, decrypt, parameters) };
};

export const getParameters: JsonOperation<"parameters"> = (members, { parameters }) => {
  const names = readNames(members, "Names", 10);
  const decrypt = members.flag("WithDecryption") ?? false;
  members.end();
  const missing: string[] = [];
  const found = [...new Set(names)].flatMap((name) => {
    if (parameters.get(readRef(name).name)) return [findParameter(name, decrypt, parameters)];
    missing.push(name);
    return [];
  });
  return { Parameters: found, InvalidParameters: missing };
};

export const getParametersByPath: JsonOperation<"parameters"> = (members, { parameters }) => {
  const path = members.requiredText("Path", { min: 1, max: 2048 });
  if (!/^\/(?:[a-zA-Z0-9_.-]+(?:\/[a-zA-Z0-9_.-]+)*\/?)?$/.test(path)) {
    throw validation(
      "The parameter doesn't meet the parameter name requirements. " +
        'The parameter name must begin with a forward slash "/". ' +
        'It can\'t be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, ' +
        "or the following symbols: . (period), - (hyphen), _ (underscore).",
    );
  }
  const recursive = members.flag("Recursive") ?? false;
  const decrypt = members.flag("WithDecryption") ?? false;
  const maxResults = members.integer("MaxResults", 1, 10) ?? 10;
  const token = members.text("NextToken");
  members.end();
  const all = parameters.all().filter(({ name }) => isBelow(name, path, recursive));
  const page = pageOf(all, ({ name }) => name, maxResults, token);
  if (!page) throw ssmError("InvalidNextToken", "The specified token is not valid.");
  return {
    Parameters: page.items.map((parameter) => describe(parameter, lastOf(parameter), decrypt)),
    NextToken: page.next,
  };
};

/** A name without a slash is in the root of the hierarchy. */
function isBelow(name: string, path: string, recursive: boolean): boolean {
  const folder = path.endsWith("/") ? path : `${path}/`;
  const full = name.startsWith("/") ? name : `/${name}`;
  return full.startsWith(folder) && (recursive || !full.slice(folder.length).includes("/"));
}

export const deleteParameters: JsonOperation<"parameters"> = (members, { parameters }) => {
  const names = readNames(members, "Names", 10);
  members.end();
  const deleted = names.filter((name) => parameters.get(name));
  for (const name of deleted) parameters.remove(name);
  return { DeletedParameters: deleted, InvalidParameters: names.filter((name) => !deleted.includes(name)) };
};
