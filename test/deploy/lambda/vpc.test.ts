/** `"vpc"` on Lambda: functions are in it with the release that wants it, and out of it with the next that does not. */
import { GetFunctionCommand } from "@aws-sdk/client-lambda";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDeployFixture, type DeployFixture } from "./deploy-fixture.ts";

let fixture: DeployFixture;
beforeEach(async () => {
  fixture = await openDeployFixture();
});
afterEach(() => fixture.close());

/** Of the version that the live release calls. */
const subnetsOf = async ({ live }: Awaited<ReturnType<DeployFixture["deploy"]>>): Promise<readonly string[]> => {
  const FunctionName = live.record?.functions.find((fn) => fn.function === "index")?.ref;
  const { Configuration } = await fixture.clients.lambda.send(new GetFunctionCommand({ FunctionName }));
  return Configuration?.VpcConfig?.SubnetIds ?? [];
};

test("new code is released outside of the VPC in which the function was before", async () => {
  const vpc = { subnets: ["subnet-1"], securityGroups: ["sg-1"] };
  const app = { lambda: { architecture: "arm64", logRetention: 30, policies: [], vpc } } as const;
  expect(await subnetsOf(await fixture.deploy({ app }))).toEqual(["subnet-1"]);
  await fixture.write("functions/index.ts", `export const GET = () => new Response("outside");\n`);
  const outside = await fixture.deploy();
  expect(await subnetsOf(outside)).toEqual([]);
  expect(await (await fetch(outside.live.url)).text()).toBe("outside");
  await fixture.write("functions/index.ts", `export const GET = () => new Response("inside");\n`);
  expect(await subnetsOf(await fixture.deploy({ app }))).toEqual(["subnet-1"]);
});
