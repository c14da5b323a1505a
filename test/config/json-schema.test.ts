/** hosting.schema.json matches the rules that it is generated from. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { hosting } from "../../framework/config/hosting-rules.ts";
import { type JsonSchema, toSchemaFile } from "../../framework/config/json-schema.ts";

const written: unknown = JSON.parse(
  readFileSync(new URL("../../framework/config/hosting.schema.json", import.meta.url), "utf8"),
);

test("hosting.schema.json is up to date (else run: npx node framework/config/write-schema.ts)", () => {
  expect(written).toEqual(JSON.parse(JSON.stringify(toSchemaFile(hosting))));
});

/** Every key of the schema by its path, with its description; objects with keys that let others in. */
function keysOf(
  schema: JsonSchema,
  path = "",
): readonly { readonly key: string; readonly about: unknown; readonly open: boolean }[] {
  const own = Object.entries((schema["properties"] ?? {}) as Readonly<Record<string, JsonSchema>>);
  const inner = [schema["items"], schema["additionalProperties"]].filter(
    (one) => typeof one === "object" && one !== null,
  );
  return [
    ...own.flatMap(([name, value]) => [
      { key: path + name, about: value["description"], open: schema["additionalProperties"] !== false },
      ...keysOf(value, `${path}${name}.`),
    ]),
    ...inner.flatMap((one) => keysOf(one as JsonSchema, path)),
  ];
}

test("every key has a description, and objects are closed", () => {
  const found = keysOf(written as JsonSchema);
  expect(found.filter(({ about, open }) => open || !/^[A-Z].*\.$/.test(String(about)))).toEqual([]);
  const keys = found.map(({ key }) => key);
  expect(keys).toEqual(
    expect.arrayContaining([
      "$schema",
      "name",
      "target",
      "routes.memory",
      "lambda.vpc.subnets",
      "smoke.path",
      "stages.protected",
      "stages.env",
    ]),
  );
  expect(keys).not.toContain("stages.name");
});
