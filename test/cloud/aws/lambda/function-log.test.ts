/** The output of deployed functions in the log group of their LoggingConfig, if their role allows it. */
// @module-tag check
import {
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { type CreateFunctionCommandInput, InvokeCommand, waitUntilFunctionActiveV2 } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LambdaRuntime } from "../../../../framework/emulation/lambda/invocation.ts";
import { createLambdaRuntime } from "../../../../framework/emulation/lambda/runtime.ts";
import { type Lab, makeFunction, moduleZip, openLab, trust } from "../../lab.ts";
import { patient } from "../../../emulation/lambda/patient.ts";

let runtime: LambdaRuntime;
let lab: Lab;
beforeAll(async () => {
  runtime = createLambdaRuntime({ ...patient, onLog: () => {} });
  lab = await openLab({ runtime });
  const own = "arn:aws:logs:us-east-1:000000000000:log-group:/portico/app/prod:*";
  await role("writer", { Effect: "Allow", Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: own });
  await role("maker", { Effect: "Allow", Action: "logs:*", Resource: "*" });
  await role(
    "muted",
    { Effect: "Allow", Action: "logs:*", Resource: "*" },
    { Effect: "Deny", Action: "logs:put*", Resource: "*" },
  );
});
afterAll(async () => {
  await lab.close();
  await runtime.close();
});

async function role(RoleName: string, ...Statement: object[]): Promise<void> {
  await lab.iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  await lab.iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "logs", PolicyDocument }));
}

const source = `console.log("init");
export const handler = async (event, context) => {
  console.log("said", event.word);
  return [process.env.AWS_LAMBDA_LOG_GROUP_NAME, context.logStreamName];
};`;

async function run(
  FunctionName: string,
  roleName: string,
  more: Partial<CreateFunctionCommandInput> = {},
): Promise<string[]> {
  const Role = `arn:aws:iam::000000000000:role/${roleName}`;
  await makeFunction(lab, FunctionName, { Role, Code: { ZipFile: moduleZip(source) }, ...more });
  await waitUntilFunctionActiveV2({ client: lab.lambda, maxWaitTime: 10 }, { FunctionName });
  const { Payload } = await lab.lambda.send(
    new InvokeCommand({ FunctionName, Payload: JSON.stringify({ word: "안녕" }) }),
  );
  return JSON.parse(Buffer.from(Payload!).toString()) as string[];
}

const groups = async (): Promise<(string | undefined)[]> =>
  (await lab.logs.send(new DescribeLogGroupsCommand({}))).logGroups!.map(({ logGroupName }) => logGroupName);
const events = async (logGroupName: string) =>
  (await lab.logs.send(new FilterLogEventsCommand({ logGroupName }))).events!;

describe("a function's log", () => {
  it("is in the group of its LoggingConfig, in a stream per environment, with Lambda's own lines", async () => {
    await lab.logs.send(new CreateLogGroupCommand({ logGroupName: "/portico/app/prod" }));
    const [group, stream] = await run("logging", "writer", {
      LoggingConfig: { LogGroup: "/portico/app/prod" },
      Publish: true,
    });
    expect(group).toBe("/portico/app/prod");
    const found = await events("/portico/app/prod");
    expect(new Set(found.map(({ logStreamName }) => logStreamName))).toEqual(new Set([stream]));
    expect(stream).toMatch(/^\d{4}\/\d\d\/\d\d\/logging\[\$LATEST\][0-9a-f]{32}$/);
    const text = found.map(({ message }) => message).join("");
    expect(text).toMatch(
      new RegExp(
        String.raw`^\S+\t\S+\tINFO\tinit\nSTART RequestId: \S+ Version: \$LATEST\n` +
          String.raw`\S+\t\S+\tINFO\tsaid 안녕\nEND RequestId: \S+\nREPORT RequestId: [^\n]+\n$`,
      ),
    );
  });

  it("creates the default group when the role allows it, in JSON if LoggingConfig says so", async () => {
    await run("making", "maker", { LoggingConfig: { LogFormat: "JSON" } });
    const lines = (await events("/aws/lambda/making")).map(
      ({ message }) => JSON.parse(message!) as { type?: string; message?: string },
    );
    expect(lines.map(({ type, message }) => type ?? message)).toEqual([
      "init",
      "platform.start",
      "said 안녕",
      "platform.report",
    ]);
  });

  it("is dropped when the role does not allow it", async () => {
    await run("silent", "writer");
    await run("muted", "muted");
    expect(await groups()).not.toContain("/aws/lambda/silent");
    expect(await events("/aws/lambda/muted")).toEqual([]);
  });
});
