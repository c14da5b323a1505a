/** Operations on versions of functions, called by the AWS SDK's client. */
// @module-tag check
import { createHash } from "node:crypto";
import {
  DeleteFunctionCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Lab, makeFunction, openLab, refusalOf } from "../../lab.ts";

let lab: Lab;
beforeAll(async () => void (lab = await openLab()));
afterAll(() => lab.close());

it("publishes immutable, numbered versions only after a change", async () => {
  await makeFunction(lab, "versioned");
  const publish = (change = {}) => lab.lambda.send(new PublishVersionCommand({ FunctionName: "versioned", ...change }));
  const one = await publish({ Description: "first" });
  expect(one).toMatchObject({
    Version: "1",
    Description: "first",
    FunctionArn: expect.stringMatching(/:versioned:1$/),
  });
  expect(await publish({ Description: "again" })).toMatchObject({
    Version: "1",
    Description: "first",
    RevisionId: one.RevisionId,
  });
  await lab.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: "versioned", MemorySize: 256 }));
  expect(await publish()).toMatchObject({ Version: "2", MemorySize: 256 });
  const read = await lab.lambda.send(
    new GetFunctionConfigurationCommand({ FunctionName: "versioned", Qualifier: "1" }),
  );
  expect(read).toMatchObject({ Version: "1", MemorySize: 128, RevisionId: one.RevisionId });
});

it("checks CodeSha256 and RevisionId first", async () => {
  await makeFunction(lab, "guarded");
  const code = lab.lambda.send(
    new PublishVersionCommand({
      FunctionName: "guarded",
      CodeSha256: createHash("sha256").update("other").digest("base64"),
    }),
  );
  expect(await refusalOf(code)).toMatchObject({ name: "InvalidParameterValueException" });
  const revision = lab.lambda.send(
    new PublishVersionCommand({ FunctionName: "guarded", RevisionId: "5a4b52f4-0000-4000-8000-000000000000" }),
  );
  expect(await refusalOf(revision)).toMatchObject({ name: "PreconditionFailedException", status: 412 });
  const { Versions } = await lab.lambda.send(new ListVersionsByFunctionCommand({ FunctionName: "guarded" }));
  expect(Versions?.map(({ Version }) => Version)).toEqual(["$LATEST"]);
});

it("lists versions in pages, deletes one, and does not reuse its number", async () => {
  await makeFunction(lab, "listed", { Publish: true });
  for (const Description of ["b", "c"]) {
    await lab.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: "listed", Description }));
    await lab.lambda.send(new PublishVersionCommand({ FunctionName: "listed" }));
  }
  const first = await lab.lambda.send(new ListVersionsByFunctionCommand({ FunctionName: "listed", MaxItems: 3 }));
  expect(first.Versions?.map(({ Version }) => Version)).toEqual(["$LATEST", "1", "2"]);
  expect(first.Versions?.[0]).not.toHaveProperty("State");
  const second = await lab.lambda.send(
    new ListVersionsByFunctionCommand({ FunctionName: "listed", Marker: first.NextMarker }),
  );
  expect(second.Versions?.map(({ Version }) => Version)).toEqual(["3"]);
  expect(second.NextMarker).toBeUndefined();
  const badMarker = lab.lambda.send(new ListVersionsByFunctionCommand({ FunctionName: "listed", Marker: "x" }));
  expect(await refusalOf(badMarker)).toMatchObject({ name: "InvalidParameterValueException" });
  await lab.lambda.send(new DeleteFunctionCommand({ FunctionName: "listed", Qualifier: "3" }));
  await lab.lambda.send(new PublishVersionCommand({ FunctionName: "listed" }));
  const left = await lab.lambda.send(new ListVersionsByFunctionCommand({ FunctionName: "listed" }));
  expect(left.Versions?.map(({ Version }) => Version)).toEqual(["$LATEST", "1", "2", "4"]);
  const latest = lab.lambda.send(new DeleteFunctionCommand({ FunctionName: "listed", Qualifier: "$LATEST" }));
  expect(await refusalOf(latest)).toMatchObject({ name: "InvalidParameterValueException" });
  await lab.lambda.send(new DeleteFunctionCommand({ FunctionName: "listed" }));
  expect(await refusalOf(lab.lambda.send(new GetFunctionCommand({ FunctionName: "listed" })))).toMatchObject({
    status: 404,
  });
});
