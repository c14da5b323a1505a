/** test/apps/conduit as an example: its types are current, its description is valid, and a build warns of nothing. */
// @module-tag check
import { join } from "node:path";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { run } from "../e2e/portico.ts";

const root = join(import.meta.dirname, "conduit");

test("routes.d.ts is current", async () => {
  expect(await run(["types", "--check"], root)).toMatchObject({ code: 0, stderr: "" });
});

test("the migrations are what the schema says: drizzle-kit finds nothing to write", async () => {
  const { stdout, code } = await run(["migrate", "new", "nothing"], root);
  expect([stdout, code]).toEqual(["the schema did not change: no migration was written\n", 0]);
});

test("a build warns of nothing, and of its migrations least of all", async () => {
  expect(await run(["build"], root)).toMatchObject({ code: 0, stderr: "" });
});

test("portico openapi describes every operation of RealWorld, by the rules of two validators", async () => {
  const { stdout, stderr } = await run(["openapi"], root);
  expect(stderr).toBe("");
  const document = JSON.parse(stdout) as { readonly paths: Readonly<Record<string, object>> };
  const operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path.replace("/api", "")}`),
  );
  expect(operations.toSorted()).toEqual([
    "DELETE /articles/{slug}",
    "DELETE /articles/{slug}/comments/{id}",
    "DELETE /articles/{slug}/favorite",
    "DELETE /profiles/{username}/follow",
    "GET /articles",
    "GET /articles/feed",
    "GET /articles/{slug}",
    "GET /articles/{slug}/comments",
    "GET /profiles/{username}",
    "GET /tags",
    "GET /user",
    "POST /articles",
    "POST /articles/{slug}/comments",
    "POST /articles/{slug}/favorite",
    "POST /profiles/{username}/follow",
    "POST /users",
    "POST /users/login",
    "PUT /articles/{slug}",
    "PUT /user",
  ]);
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  expect([valid, errors]).toEqual([true, undefined]);
  const config = await createConfig({ extends: ["spec"], rules: { "no-unresolved-refs": "error" } });
  const problems = await lintFromString({ source: JSON.stringify(document), config });
  expect(problems.map(({ ruleId, message }) => [ruleId, message])).toEqual([]);
});
