/** The JSON Schema file is what the rules say. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { hosting } from "../../framework/config/hosting.ts";
import { type JsonSchema, toSchemaFile } from "../../framework/config/json-schema.ts";

const written: unknown = JSON.parse(readFileSync(new URL("../../framework/config/hosting.schema.json", import.meta.url), "utf8"));

test("hosting.schema.json is in step (else run: npx node framework/config/write-schema.ts)", () => {
  expect(written).toEqual(JSON.parse(JSON.stringify(toSchemaFile(hosting))));
});

test("every key has a description, and objects are closed", () => {
  const keys: string[] = [];
  const visit = (schema: JsonSchema, path: string): void => {
    for (const [key, value] of Object.entries((schema["properties"] ?? {}) as Record<string, JsonSchema>)) {
      keys.push(path + key);
      expect(value["description"], path + key).toMatch(/\.$/);
      visit(value, `${path}${key}.`);
    }
    if (schema["properties"]) expect(schema["additionalProperties"], path).toBe(false);
    const inner = [schema["items"], schema["additionalProperties"]].filter((one) => typeof one === "object" && one !== null);
    for (const one of inner) visit(one as JsonSchema, path);
  };
  visit(written as JsonSchema, "");
  expect(keys).toEqual(
    expect.arrayContaining(["$schema", "name", "target", "routes.memory", "lambda.vpc.subnets", "stages.protected", "stages.env"]),
  );
  expect(keys).not.toContain("stages.name");
});
