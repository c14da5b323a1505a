/** The input of PutParameter: reads it and checks it against the rules for types, tiers and values. */
import type { StructureReader } from "../../structure-reader.ts";
import type { ParameterRecord } from "../records.ts";
import { memberError, ssmError, validation } from "./errors.ts";

/** Characters of a value, by tier. */
const maxValue = { Standard: 4096, Advanced: 8192 } as const;
const defaultKey = "alias/aws/ssm";

export type Tier = keyof typeof maxValue;

/** The input of PutParameter, besides name and tags. */
export interface ParameterInput {
  readonly type: string | undefined;
  readonly value: string;
  readonly description: string | undefined;
  readonly pattern: string | undefined;
  readonly tier: Tier | undefined;
  readonly overwrite: boolean;
}

export function readInput(members: StructureReader): ParameterInput {
  const type = members.text("Type", { oneOf: ["String", "StringList", "SecureString"] });
  const value = members.requiredText("Value", { min: 1 });
  const description = members.text("Description", { max: 1024 });
  const pattern = members.text("AllowedPattern", { max: 1024 });
  const overwrite = members.flag("Overwrite") ?? false;
  members.text("DataType", { oneOf: ["text"] });
  const key = members.text("KeyId");
  if (key !== undefined && key !== defaultKey)
    throw memberError("KeyId", key, `Portico's local cloud has only the key ${defaultKey}`);
  const tier = readTier(members.text("Tier", { oneOf: ["Standard", "Advanced", "Intelligent-Tiering"] }), value);
  return { type, value, description, pattern, tier, overwrite };
}

function readTier(tier: string | undefined, value: string): Tier | undefined {
  if (tier === "Intelligent-Tiering") return value.length > maxValue.Standard ? "Advanced" : "Standard";
  return tier as Tier | undefined;
}

/** Throws ValidationException or ParameterPatternMismatchException. */
export function checkValue(value: string, tier: Tier, pattern: string | undefined): void {
  if (value.length > maxValue[tier]) {
    throw validation(
      `${tier} tier parameters support a maximum parameter value of ${maxValue[tier]} characters.` +
        (tier === "Standard"
          ? " To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier."
          : ""),
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
    throw ssmError(
      "ParameterPatternMismatchException",
      "Parameter value, cannot be validated against allowedPattern: " + pattern,
    );
}

/** The type of the new version. It cannot differ from the type of the versions before. */
export function typeOf({ type }: ParameterInput, before: ParameterRecord | undefined): string {
  if (!before && type === undefined) throw validation("A parameter type is required when you create a parameter.");
  if (before && type !== undefined && type !== before.type)
    throw ssmError(
      "HierarchyTypeMismatchException",
      "The parameter already exists with another type, and its type cannot be changed.",
    );
  return type ?? before?.type ?? "String";
}

/** The tier of the new version. A parameter never returns from the advanced to the standard tier. */
export function tierOf({ tier }: ParameterInput, before: ParameterRecord | undefined): Tier {
  if (before?.tier === "Advanced" && tier === "Standard")
    throw validation(
      "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the " +
        "advanced-parameter tier to the standard-parameter tier.",
    );
  return tier ?? before?.tier ?? "Standard";
}

/** Throws when the call may not overwrite the parameter that exists. */
export function checkExisting(
  input: ParameterInput,
  tags: object | undefined,
  before: ParameterRecord | undefined,
): void {
  if (tags && input.overwrite)
    throw validation(
      "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove " +
        "overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or " +
        "RemoveTagsFromResource.",
    );
  if (before && !input.overwrite)
    throw ssmError(
      "ParameterAlreadyExists",
      "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.",
    );
}
