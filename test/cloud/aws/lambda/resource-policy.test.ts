/** Resource policies of functions: one per qualifier. */
// @module-tag check
import {
  AddPermissionCommand,
  type AddPermissionCommandInput,
  GetPolicyCommand,
  RemovePermissionCommand,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Lab, makeFunction, openLab, refusalOf } from "../../lab.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
  await makeFunction(lab, "granted", { Publish: true });
});
afterAll(() => lab.close());

const SourceArn = "arn:aws:execute-api:us-east-1:000000000000:api/*/*";
const grant = (change: Partial<AddPermissionCommandInput>) =>
  lab.lambda.send(
    new AddPermissionCommand({
      FunctionName: "granted",
      StatementId: "s",
      Action: "lambda:InvokeFunction",
      Principal: "apigateway.amazonaws.com",
      ...change,
    }),
  );
const policy = async (Qualifier?: string, FunctionName = "granted") =>
  lab.lambda.send(new GetPolicyCommand({ FunctionName, Qualifier }));

it("separates the permissions of a version from those of the function", async () => {
  await makeFunction(lab, "apart", { Publish: true });
  const which = { FunctionName: "apart", Qualifier: "1" };
  const { Statement } = await grant({ ...which, StatementId: "apigw", SourceArn, SourceAccount: "000000000000" });
  const statement = {
    Sid: "apigw",
    Effect: "Allow",
    Principal: { Service: "apigateway.amazonaws.com" },
    Action: "lambda:InvokeFunction",
    Resource: "arn:aws:lambda:us-east-1:000000000000:function:apart:1",
    Condition: { ArnLike: { "AWS:SourceArn": SourceArn }, StringEquals: { "AWS:SourceAccount": "000000000000" } },
  };
  expect(JSON.parse(Statement!)).toEqual(statement);
  expect(JSON.parse((await policy("1", "apart")).Policy!)).toEqual({
    Version: "2012-10-17",
    Id: "default",
    Statement: [statement],
  });
  expect(await refusalOf(policy(undefined, "apart"))).toEqual({
    name: "ResourceNotFoundException",
    status: 404,
    message: "The resource you requested does not exist.",
  });
});

it("writes an account principal as its root user", async () => {
  const { Statement } = await grant({ StatementId: "account", Principal: "111122223333" });
  expect(JSON.parse(Statement!)).toMatchObject({ Principal: { AWS: "arn:aws:iam::111122223333:root" } });
});

it("refuses a duplicate statement id, an old revision and a missing statement", async () => {
  await grant({ StatementId: "twice" });
  expect(await refusalOf(grant({ StatementId: "twice" }))).toMatchObject({
    name: "ResourceConflictException",
    status: 409,
  });
  const { RevisionId } = await policy();
  await grant({ StatementId: "more", RevisionId });
  expect(await refusalOf(grant({ StatementId: "stale", RevisionId }))).toMatchObject({
    name: "PreconditionFailedException",
    status: 412,
  });
  const remove = (StatementId: string, revision?: string) =>
    lab.lambda.send(new RemovePermissionCommand({ FunctionName: "granted", StatementId, RevisionId: revision }));
  expect(await refusalOf(remove("more", RevisionId))).toMatchObject({ name: "PreconditionFailedException" });
  await remove("more");
  expect(await refusalOf(remove("more"))).toMatchObject({ name: "ResourceNotFoundException", status: 404 });
});

it.each<[string, Partial<AddPermissionCommandInput>, string]>([
  ["an odd statement id", { StatementId: "a b" }, "ValidationException"],
  ["an action of another service", { Action: "s3:GetObject" }, "ValidationException"],
  ["a principal that is none", { Principal: "somebody" }, "InvalidParameterValueException"],
  ["a source that is no ARN", { SourceArn: "api" }, "ValidationException"],
  ["$LATEST", { Qualifier: "$LATEST" }, "InvalidParameterValueException"],
  ["a version that does not exist", { Qualifier: "7" }, "ResourceNotFoundException"],
  ["a condition that nothing would honour", { EventSourceToken: "x" }, "ValidationException"],
])("refuses %s", async (_, change, name) => {
  expect(await refusalOf(grant({ StatementId: "odd", ...change }))).toMatchObject({ name });
});

it("refuses a policy over 20 KB", async () => {
  await makeFunction(lab, "crowded");
  const fill = async () => {
    for (let at = 0; at < 100; at += 1)
      await grant({ FunctionName: "crowded", StatementId: `s${at}`, SourceArn: `${SourceArn}${"x".repeat(500)}` });
  };
  expect(await refusalOf(fill())).toMatchObject({ name: "PolicyLengthExceededException", status: 400 });
});
