/** `"traces": true` on Lambda: functions and roles have it, the plan says so, and without it they have neither. */
import { GetFunctionCommand } from "@aws-sdk/client-lambda";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDeployFixture, type DeployFixture } from "./deploy-fixture.ts";

let fixture: DeployFixture;
beforeEach(async () => {
  fixture = await openDeployFixture();
});
afterEach(() => fixture.close());

/** Of the version that the live release calls. */
const modeOf = async ({ live }: Awaited<ReturnType<DeployFixture["deploy"]>>): Promise<string | undefined> => {
  const FunctionName = live.record?.functions.find((fn) => fn.function === "index")?.ref;
  return (await fixture.clients.lambda.send(new GetFunctionCommand({ FunctionName }))).Configuration?.TracingConfig
    ?.Mode;
};

test("traces are on with the release that wants them, and off with the next that does not", async () => {
  expect(await modeOf(await fixture.deploy())).toBe("PassThrough");
  const app = { traces: true } as const;
  const traced = await fixture.deploy({ app });
  expect(traced.text).toContain("xray:PutTraceSegments");
  expect(traced.text).toMatch(/traces.*X-Ray/);
  expect(await modeOf(traced)).toBe("Active");
  expect((await fixture.deploy({ app })).changed).toBe(false);
  expect(await modeOf(await fixture.deploy())).toBe("PassThrough");
});
