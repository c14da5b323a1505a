/** GetParameter, GetParameters, GetParametersByPath and GetParameterHistory: names in, values out; secrets only when decryption is asked for. */
import { account } from "../arn.ts";
import type { JsonOperation } from "../json-protocol.ts";
import type { Members } from "../members.ts";
import { pageOf } from "../page.ts";
import type { ParameterRecord, ParameterVersion } from "../records.ts";
import type { Region } from "../region.ts";
import { parameterArn, readRef } from "./parameter-name.ts";
import { parameterNotFound, readNames, ssmError, validation } from "./ssm-error.ts";

/** Epoch seconds, as the protocol writes times. */
export const seconds = (milliseconds: number): number => milliseconds / 1000;

/** The last version; a parameter has at least one. */
export function lastOf({ versions }: ParameterRecord): ParameterVersion {
  const last = versions.at(-1);
  if (!last) throw new Error("a parameter without versions");
  return last;
}

const valueOf = ({ value, sealed }: ParameterVersion, decrypt: boolean): string => (decrypt ? value : (sealed ?? value));

function describe(parameter: ParameterRecord, version: ParameterVersion, decrypt: boolean, selector?: string): Record<string, unknown> {
  return {
    ARN: parameterArn(parameter.name),
    DataType: "text",
    LastModifiedDate: seconds(version.modified),
    Name: parameter.name,
    Selector: selector,
    Type: parameter.type,
    Value: valueOf(version, decrypt),
    Version: version.version,
  };
}

function find(given: string, decrypt: boolean, { state }: Region): Record<string, unknown> {
  const { name, version, selector } = readRef(given);
  const parameter = state.parameters.get(name);
  if (!parameter) throw parameterNotFound(given);
  const found = version === undefined ? lastOf(parameter) : parameter.versions.find((one) => one.version === version);
  if (!found)
    throw ssmError(
      "ParameterVersionNotFound",
      `Systems Manager could not find version ${version} of ${name}. Verify the version and try again.`,
    );
  return describe(parameter, found, decrypt, selector);
}

export const getParameter: JsonOperation = (members, region) => {
  const name = members.requiredText("Name", { min: 1 });
  const decrypt = members.flag("WithDecryption") ?? false;
  members.end();
  return { Parameter: find(name, decrypt, region) };
};

export const getParameters: JsonOperation = (members, region) => {
  const names = readNames(members, "Names", 10);
  const decrypt = members.flag("WithDecryption") ?? false;
  members.end();
  const missing: string[] = [];
  const found = [...new Set(names)].flatMap((name) => {
    if (region.state.parameters.get(readRef(name).name)) return [find(name, decrypt, region)];
    missing.push(name);
    return [];
  });
  return { Parameters: found, InvalidParameters: missing };
};

/** One page of a list by the members MaxResults and NextToken. */
export function readPage<T>(
  members: Members,
  list: readonly T[],
  keyOf: (item: T) => string,
  size: { readonly usual: number; readonly most: number },
) {
  const most = members.integer("MaxResults", 1, size.most) ?? size.usual;
  const token = members.text("NextToken");
  members.end();
  const page = pageOf(list, keyOf, most, token);
  if (!page) throw ssmError("InvalidNextToken", "The specified token is not valid.");
  return page;
}

export const getParametersByPath: JsonOperation = (members, region) => {
  const path = members.requiredText("Path", { min: 1, max: 2048 });
  if (!/^\/(?:[a-zA-Z0-9_.-]+(?:\/[a-zA-Z0-9_.-]+)*\/?)?$/.test(path)) {
    throw validation(
      "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\". It can't be " +
        'prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore).',
    );
  }
  const recursive = members.flag("Recursive") ?? false;
  const decrypt = members.flag("WithDecryption") ?? false;
  const all = region.state.parameters.all().filter(({ name }) => isBelow(name, path, recursive));
  const page = readPage(members, all, ({ name }) => name, { usual: 10, most: 10 });
  return { Parameters: page.items.map((one) => describe(one, lastOf(one), decrypt)), NextToken: page.next };
};

/** Names without a slash are in no hierarchy but the root's. */
export function isBelow(name: string, path: string, recursive: boolean): boolean {
  const folder = path.endsWith("/") ? path : `${path}/`;
  const full = name.startsWith("/") ? name : `/${name}`;
  return full.startsWith(folder) && (recursive || !full.slice(folder.length).includes("/"));
}

export const getParameterHistory: JsonOperation = (members, region) => {
  const name = members.requiredText("Name", { min: 1 });
  const decrypt = members.flag("WithDecryption") ?? false;
  const parameter = region.state.parameters.get(readRef(name).name);
  if (!parameter) throw parameterNotFound(name);
  const page = readPage(members, parameter.versions, ({ version }) => String(version), { usual: 50, most: 50 });
  const items = page.items.map((version) => ({
    DataType: "text",
    Description: version.description,
    KeyId: parameter.type === "SecureString" ? "alias/aws/ssm" : undefined,
    Labels: [],
    LastModifiedDate: seconds(version.modified),
    LastModifiedUser: `arn:aws:iam::${account}:root`,
    Name: parameter.name,
    Policies: [],
    Tier: version.tier,
    Type: parameter.type,
    Value: valueOf(version, decrypt),
    Version: version.version,
  }));
  return { Parameters: items, NextToken: page.next };
};
