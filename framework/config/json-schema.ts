/** Conversion of hosting.json's rules to JSON Schema; the result is valid as draft 2020-12 and draft-07. */
import type { Rule, TextLimits } from "./rule.ts";

/** A schema's keys. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The whole file's schema. */
export const toSchemaFile = (rule: Rule): JsonSchema => ({
  $schema: "http://json-schema.org/draft-07/schema#",
  allowTrailingCommas: true,
  ...toJsonSchema(rule),
});

/** One rule's schema. */
export function toJsonSchema(rule: Rule): JsonSchema {
  return { ...(rule.description !== undefined && { description: rule.description }), ...body(rule) };
}

function body(rule: Rule): JsonSchema {
  switch (rule.kind) {
    case "text":
      return { type: "string", ...(rule.limits && textSchema(rule.limits)) };
    case "integer":
      return { type: "integer", minimum: rule.min, maximum: rule.max };
    case "boolean":
      return { type: "boolean" };
    case "choice":
      return { enum: rule.of };
    case "list":
      return {
        type: "array",
        items: toJsonSchema(rule.items),
        ...(rule.min !== undefined && { minItems: rule.min }),
        ...(rule.max !== undefined && { maxItems: rule.max }),
        ...(rule.unique && { uniqueItems: true }),
      };
    case "one-or-list": {
      const items = toJsonSchema(rule.items);
      return { anyOf: [items, { type: "array", items, minItems: 1, uniqueItems: true }] };
    }
    case "object": {
      const properties = Object.fromEntries(
        Object.entries(rule.keys).map(([key, value]) => [key, toJsonSchema(value)]),
      );
      return {
        type: "object",
        properties,
        additionalProperties: false,
        ...(rule.required && { required: rule.required }),
      };
    }
    case "map":
      return { type: "object", propertyNames: textSchema(rule.names), additionalProperties: toJsonSchema(rule.values) };
    case "platform-object":
      return { type: "object", ...(rule.required !== undefined && { required: [rule.required] }) };
  }
}

const textSchema = ({ pattern, not }: TextLimits): JsonSchema => ({
  pattern,
  ...(not && { not: { anyOf: not.map((one) => ({ pattern: one.pattern })) } }),
});
