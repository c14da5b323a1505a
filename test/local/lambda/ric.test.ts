import { expect, it } from "vitest";
import { functionOf, start } from "./harness.ts";
import { ricClient } from "./client/ric.ts";

it("runs", async () => {
  const { call, lines } = start({ client: ricClient });
  const fn = functionOf(`export const handler = async (event, context) => ({ event, id: context.awsRequestId });`);
  console.log(await call(fn, { a: "한" }), lines);
  console.log(await call(fn, { a: "한" }), lines);
  const bad = functionOf(`export const handler = async (event, context) => {throw new TypeError("안녕")}`, { hash: "2" });
  console.log(await call(bad, { a: "한" }), lines);
  console.log(await call(bad, { a: "한" }));
  expect(1).toBe(1);
});
