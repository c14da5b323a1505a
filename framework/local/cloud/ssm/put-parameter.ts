/** PutParameter: a name, a type and a value in, one more version of that parameter out. */
import { randomBytes } from "node:crypto";
import type { JsonOperation } from "../json-protocol.ts";
import type { Members } from "../members.ts";
import type { ParameterRecord, ParameterVersion } from "../records.ts";
import { checkName } from "./parameter-name.ts";
import { complain, ssmError, validation } from "./ssm-error.ts";
import { readTags } from "./ssm-tags.ts";

/** Characters of a value, by tier. */
const maxValue = { Standard: 4096, Advanced: 8192 } as const;
/** The oldest version makes room for the one after. */
const maxVersions = 100;
const defaultKey = "alias/aws/ssm";

type Tier = keyof typeof maxValue;

/** What a call asks for. */
interface Put {
  readonly type: string | undefined;
  readonly value: string;
  readonly description: string | undefined;
  readonly pattern: string | undefined;
  readonly tier: Tier | undefined;
  readonly overwrite: boolean;
}

function readPut(members: Members): Put {
  const type = members.text("Type", { oneOf: ["String", "StringList", "SecureString"] });
  const value = members.requiredText("Value", { min: 1 });
  const description = members.text("Description", { max: 1024 });
  const pattern = members.text("AllowedPattern", { max: 1024 });
  const overwrite = members.flag("Overwrite") ?? false;
  members.text("DataType", { oneOf: ["text"] });
  const key = members.text("KeyId");
  if (key !== undefined && key !== defaultKey) throw complain("KeyId", key, `Portico's local cloud has no key but ${defaultKey}`);
  const tier = readTier(members.text("Tier", { oneOf: ["Standard", "Advanced", "Intelligent-Tiering"] }), value);
  return { type, value, description, pattern, tier, overwrite };
}

function readTier(given: string | undefined, value: string): Tier | undefined {
  if (given === "Intelligent-Tiering") return value.length > maxValue.Standard ? "Advanced" : "Standard";
  return given as Tier | undefined;
}

function checkValue(value: string, tier: Tier, pattern: string | undefined): void {
  if (value.length > maxValue[tier]) {
    throw validation(
      `${tier} tier parameters support a maximum parameter value of ${maxValue[tier]} characters.` +
        (tier === "Standard" ? " To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier." : ""),
    );
  }
  if (pattern === undefined) return;
  let expression: RegExp;
  try {
    expression = new RegExp(`^(?:${pattern})$`);
  } catch {
    throw ssmError("InvalidAllowedPatternException", `The regular expression ${pattern} is not valid.`);
  }
  if (!expression.test(value))
    throw ssmError("ParameterPatternMismatchException", "Parameter value, cannot be validated against allowedPattern: " + pattern);
}

/** A parameter's type is for ever, and it does not come down from the advanced tier. */
function typeOf({ type }: Put, before: ParameterRecord | undefined): string {
  if (!before && type === undefined) throw validation("A parameter type is required when you create a parameter.");
  if (before && type !== undefined && type !== before.type)
    throw ssmError("HierarchyTypeMismatchException", "The parameter already exists with another type, and its type cannot be changed.");
  return type ?? before?.type ?? "String";
}

function tierOf({ tier }: Put, before: ParameterRecord | undefined): Tier {
  if (before?.tier === "Advanced" && tier === "Standard")
    throw validation(
      "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier.",
    );
  return tier ?? before?.tier ?? "Standard";
}

function checkExisting(put: Put, tags: object | undefined, before: ParameterRecord | undefined): void {
  if (tags && put.overwrite)
    throw validation(
      "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. " +
        "To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.",
    );
  if (before && !put.overwrite)
    throw ssmError(
      "ParameterAlreadyExists",
      "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
    );
}

export const putParameter: JsonOperation = (members, region) => {
  const name = checkName(members.requiredText("Name", { min: 1, max: 2048 }));
  const put = readPut(members);
  const tags = readTags(members);
  members.end();
  const before = region.state.parameters.get(name);
  checkExisting(put, tags, before);
  const type = typeOf(put, before);
  const tier = tierOf(put, before);
  const { value, description = before?.description, pattern = before?.allowedPattern } = put;
  checkValue(value, tier, pattern);
  const shared = { tier, ...(description !== undefined && { description }) };
  const version: ParameterVersion = {
    version: (before?.versions.at(-1)?.version ?? 0) + 1,
    value,
    ...shared,
    // What a read without decryption shows instead of the value; nothing can be told from it.
    ...(type === "SecureString" && { sealed: randomBytes(150 + value.length).toString("base64") }),
    modified: region.clock.now(),
  };
  region.state.parameters.put(name, {
    ...{ name, type, ...shared },
    ...(pattern !== undefined && { allowedPattern: pattern }),
    tags: before?.tags ?? tags ?? {},
    versions: [...(before?.versions ?? []), version].slice(-maxVersions),
  });
  return { Version: version.version, Tier: tier };
};
