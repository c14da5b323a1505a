/** What development tells of resources: answers that are not what their schema says, and schemas that throw. */
// @module-tag isolated
import { expect, test } from "vitest";
import { parse, run } from "./gateway-app.ts";

const route = `import { resource } from "portico/resource";

const issues = [{ message: "is no number", path: ["a"] }];
const isNumber = (value) => (typeof value === "number" ? { value } : { issues });
const schema = { "~standard": { version: 1, vendor: "test", validate: isNumber } };
const broken = { "~standard": { version: 1, vendor: "test", validate: () => {
  throw new Error("this schema throws");
} } };

export const GET = resource({ response: schema }, ({ query }) => (query.right ? 1 : new Date(0)));

export const POST = resource({ query: broken }, () => 1);
`;

test("a wrong answer is told at its export, a schema that throws at its line", async () => {
  await using app = await run({ "functions/index.ts": route });
  const right = await app.get("/?right=1");
  expect([right.status, right.text]).toEqual([200, "1"]);

  const wrong = await app.get("/", { headers: { accept: "application/json" } });
  expect(wrong.status).toBe(500);
  expect(parse(wrong.text)).toMatchObject({
    failure: {
      message: "The response is not what its schema says:\n#/a: is no number",
      at: { file: "functions/index.ts", line: 10 },
    },
  });

  const thrown = await app.get("/", { method: "POST", headers: { accept: "application/json" } });
  expect(parse(thrown.text)).toMatchObject({
    failure: { message: "this schema throws", at: { file: "functions/index.ts", line: 7 } },
  });
});
