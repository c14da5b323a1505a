/** Operations on functions, called by the AWS SDK's client. */
// @module-tag check
import { createHash } from "node:crypto";
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  GetFunctionCommand,
  GetFunctionEventInvokeConfigCommand,
  GetFunctionConfigurationCommand,
  ListFunctionsCommand,
  type ListFunctionsCommandOutput,
  ListTagsCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answering, functionInput, type Lab, makeFunction, openLab, refusalOf, roleArn, trust } from "../../lab.ts";

let lab: Lab;
beforeAll(async () => void (lab = await openLab()));
afterAll(() => lab.close());

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("base64");
const create = (change: Partial<CreateFunctionCommandInput>) =>
  lab.lambda.send(new CreateFunctionCommand(functionInput("refused", change)));

describe("CreateFunction", () => {
  it("stores code and settings and returns them", async () => {
    const code = answering("made");
    const settings = {
      Description: "d",
      Timeout: 25,
      MemorySize: 1024,
      Architectures: ["arm64" as const],
      EphemeralStorage: { Size: 1024 },
    };
    const logging = { LogFormat: "JSON" as const, LogGroup: "/portico/app" };
    const made = await lab.lambda.send(
      new CreateFunctionCommand({
        ...functionInput("made"),
        ...settings,
        Code: { ZipFile: code },
        Environment: { Variables: { GREETING: "안녕" } },
        LoggingConfig: logging,
        Tags: { app: "guestbook" },
      }),
    );
    expect(made.$metadata.httpStatusCode).toBe(201);
    expect(made).toMatchObject({
      ...settings,
      FunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:made",
      Role: roleArn,
      CodeSha256: sha256(code),
      CodeSize: code.length,
      Version: "$LATEST",
      State: "Active",
      LastUpdateStatus: "Successful",
      Environment: { Variables: { GREETING: "안녕" } },
      LoggingConfig: { ...logging, ApplicationLogLevel: "INFO", SystemLogLevel: "INFO" },
    });
    expect(made.LastModified).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/);
    const read = await lab.lambda.send(new GetFunctionCommand({ FunctionName: made.FunctionArn! }));
    expect(read.Tags).toEqual({ app: "guestbook" });
    expect(read.Configuration?.RevisionId).toBe(made.RevisionId);
    const download = await fetch(read.Code!.Location!);
    expect(sha256(new Uint8Array(await download.arrayBuffer()))).toBe(made.CodeSha256);
    expect((await fetch(read.Code!.Location!.replace(/.$/, (last) => (last === "0" ? "1" : "0")))).status).toBe(403);
  });

  it("stores a VPC when the role may create network interfaces, and removes it again", async () => {
    await lab.iam.send(new CreateRoleCommand({ RoleName: "networked", AssumeRolePolicyDocument: trust }));
    const PolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: ["ec2:*NetworkInterface*"], Resource: "*" }],
    });
    await lab.iam.send(new PutRolePolicyCommand({ RoleName: "networked", PolicyName: "network", PolicyDocument }));
    const FunctionName = "networked";
    const VpcConfig = { SubnetIds: ["subnet-1", "subnet-2"], SecurityGroupIds: ["sg-1"] };
    const Role = "arn:aws:iam::000000000000:role/networked";
    const made = await lab.lambda.send(new CreateFunctionCommand(functionInput(FunctionName, { Role, VpcConfig })));
    expect(made.VpcConfig).toMatchObject({ ...VpcConfig, VpcId: expect.stringMatching(/^vpc-/) });
    const none = { SubnetIds: [], SecurityGroupIds: [] };
    const left = await lab.lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, VpcConfig: none }));
    expect(left.VpcConfig).toMatchObject({ ...none, VpcId: "" });
  });

  it("refuses an existing name", async () => {
    await makeFunction(lab, "taken");
    expect(await refusalOf(makeFunction(lab, "taken"))).toEqual({
      name: "ResourceConflictException",
      status: 409,
      message: "Function already exist: taken",
    });
  });

  it.each<[string, Partial<CreateFunctionCommandInput>, string]>([
    ["a name with a dot", { FunctionName: "a.b" }, "ValidationException"],
    ["a long name", { FunctionName: "a".repeat(65) }, "ValidationException"],
    ["a retired runtime", { Runtime: "nodejs20.x" }, "InvalidParameterValueException"],
    ["a runtime that is none", { Runtime: "nodejs99.x" as "nodejs24.x" }, "InvalidParameterValueException"],
    ["no runtime", { Runtime: undefined }, "InvalidParameterValueException"],
    ["a handler with a space", { Handler: "index handler" }, "ValidationException"],
    ["a handler that is too long", { Handler: "a".repeat(129) }, "ValidationException"],
    ["a role that is no ARN", { Role: "lab" }, "ValidationException"],
    ["a role that does not exist", { Role: `${roleArn}-not` }, "InvalidParameterValueException"],
    ["a role of another account", { Role: "arn:aws:iam::111111111111:role/lab" }, "AccessDeniedException"],
    ["two architectures", { Architectures: ["arm64", "x86_64"] }, "ValidationException"],
    ["too little memory", { MemorySize: 64 }, "ValidationException"],
    ["too much memory", { MemorySize: 10_241 }, "ValidationException"],
    ["a timeout of 0", { Timeout: 0 }, "ValidationException"],
    ["a timeout over 15 minutes", { Timeout: 901 }, "ValidationException"],
    ["a description over 256", { Description: "a".repeat(257) }, "ValidationException"],
    ["a reserved variable", { Environment: { Variables: { AWS_REGION: "x" } } }, "InvalidParameterValueException"],
    ["a variable's odd name", { Environment: { Variables: { "A-B": "x" } } }, "ValidationException"],
    [
      "over 4 KB of variables",
      { Environment: { Variables: { BIG: "x".repeat(4090) } } },
      "InvalidParameterValueException",
    ],
    ["no code", { Code: {} }, "InvalidParameterValueException"],
    ["code that is no zip", { Code: { ZipFile: Buffer.from("not a zip") } }, "InvalidParameterValueException"],
    [
      "a member that nothing would honour",
      { Layers: ["arn:aws:lambda:us-east-1:000000000000:layer:a:1"] },
      "ValidationException",
    ],
    [
      "a subnet that is none",
      { VpcConfig: { SubnetIds: ["net-1"], SecurityGroupIds: ["sg-1"] } },
      "ValidationException",
    ],
    ["a subnet without a security group", { VpcConfig: { SubnetIds: ["subnet-1"] } }, "InvalidParameterValueException"],
    [
      "a VPC that its role may not enter",
      { VpcConfig: { SubnetIds: ["subnet-1"], SecurityGroupIds: ["sg-1"] } },
      "InvalidParameterValueException",
    ],
    ["traces that its role may not send", { TracingConfig: { Mode: "Active" } }, "InvalidParameterValueException"],
    ["a system tag", { Tags: { "aws:x": "y" } }, "InvalidParameterValueException"],
  ])("refuses %s", async (_, change, name) => {
    const refusal = await refusalOf(create(change));
    expect(refusal).toMatchObject({ name });
    expect([400, 403]).toContain(refusal.status);
    expect(await refusalOf(lab.lambda.send(new GetFunctionCommand({ FunctionName: "refused" })))).toMatchObject({
      name: "ResourceNotFoundException",
      status: 404,
    });
  });

  it("refuses an invalid zip", async () => {
    const { message } = await refusalOf(create({ Code: { ZipFile: Buffer.from("not a zip") } }));
    expect(message).toBe("Could not unzip uploaded file. Please check your file, then try to upload again.");
  });

  it("refuses a role that does not trust Lambda", async () => {
    const other = trust.replace("lambda.amazonaws.com", "apigateway.amazonaws.com");
    await lab.iam.send(new CreateRoleCommand({ RoleName: "distrusting", AssumeRolePolicyDocument: other }));
    const { message } = await refusalOf(create({ Role: roleArn.replace("lab", "distrusting") }));
    expect(message).toBe("The role defined for the function cannot be assumed by Lambda.");
  });
});

describe("updates", () => {
  it("change code and configuration, each with a new RevisionId", async () => {
    await makeFunction(lab, "updated", { Environment: { Variables: { ONE: "1" } } });
    const before = await lab.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: "updated" }));
    const ZipFile = answering("second");
    const dry = await lab.lambda.send(
      new UpdateFunctionCodeCommand({ FunctionName: "updated", ZipFile, DryRun: true }),
    );
    expect(dry.CodeSha256).toBe(sha256(ZipFile));
    expect((await lab.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: "updated" }))).CodeSha256).toBe(
      before.CodeSha256,
    );
    const code = await lab.lambda.send(
      new UpdateFunctionCodeCommand({ FunctionName: "updated", ZipFile, RevisionId: before.RevisionId }),
    );
    expect(code.CodeSha256).toBe(sha256(ZipFile));
    expect(code.RevisionId).not.toBe(before.RevisionId);
    const stale = lab.lambda.send(
      new UpdateFunctionCodeCommand({ FunctionName: "updated", ZipFile, RevisionId: before.RevisionId }),
    );
    expect(await refusalOf(stale)).toMatchObject({ name: "PreconditionFailedException", status: 412 });
    const settings = await lab.lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: "updated", Timeout: 9 }),
    );
    expect(settings).toMatchObject({
      Timeout: 9,
      Environment: { Variables: { ONE: "1" } },
      CodeSha256: code.CodeSha256,
    });
    const odd = lab.lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: "updated", RevisionId: before.RevisionId }),
    );
    expect(await refusalOf(odd)).toMatchObject({ name: "PreconditionFailedException" });
  });

  it("are refused for versions, unknown functions and retired runtimes", async () => {
    await makeFunction(lab, "frozen", { Publish: true });
    const ZipFile = answering("x");
    expect(
      await refusalOf(lab.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: "frozen:1", ZipFile }))),
    ).toMatchObject({
      status: 400,
    });
    expect(
      await refusalOf(lab.lambda.send(new UpdateFunctionCodeCommand({ FunctionName: "nobody", ZipFile }))),
    ).toMatchObject({
      status: 404,
    });
    const old = lab.lambda.send(
      new UpdateFunctionConfigurationCommand({ FunctionName: "frozen", Runtime: "nodejs18.x" }),
    );
    expect(await refusalOf(old)).toMatchObject({ name: "InvalidParameterValueException" });
  });
});

describe("ListFunctions", () => {
  it("lists every function, and with FunctionVersion=ALL every version", async () => {
    await makeFunction(lab, "list-a", { Publish: true });
    await makeFunction(lab, "list-b");
    const names: string[] = [];
    let Marker: string | undefined;
    do {
      const page: ListFunctionsCommandOutput = await lab.lambda.send(
        new ListFunctionsCommand({ FunctionVersion: "ALL", MaxItems: 2, Marker }),
      );
      expect(page.Functions!.length).toBeLessThanOrEqual(2);
      names.push(...page.Functions!.map(({ FunctionArn = "" }) => FunctionArn.split(":function:")[1]!));
      Marker = page.NextMarker;
    } while (Marker !== undefined && names.length < 200);
    expect(names.filter((name) => name.startsWith("list-"))).toEqual(["list-a:$LATEST", "list-a:1", "list-b:$LATEST"]);
    const { Functions } = await lab.lambda.send(new ListFunctionsCommand({}));
    expect(Functions!.every(({ Version }) => Version === "$LATEST")).toBe(true);
  });
});

describe("tags", () => {
  it("are set with the function, and listed by its ARN", async () => {
    await makeFunction(lab, "tagged", { Tags: { a: "1" } });
    const Resource = "arn:aws:lambda:us-east-1:000000000000:function:tagged";
    expect((await lab.lambda.send(new ListTagsCommand({ Resource }))).Tags).toEqual({ a: "1" });
    expect(await refusalOf(lab.lambda.send(new ListTagsCommand({ Resource: `${Resource}:1` })))).toMatchObject({
      status: 400,
    });
    expect(await refusalOf(lab.lambda.send(new ListTagsCommand({ Resource: `${Resource}x` })))).toMatchObject({
      status: 404,
    });
  });
});

describe("names", () => {
  it("are a name, a partial ARN or an ARN, with at most one qualifier", async () => {
    await makeFunction(lab, "named", { Publish: true });
    const arn = "arn:aws:lambda:us-east-1:000000000000:function:named";
    for (const FunctionName of ["named:1", "000000000000:function:named:1", `${arn}:1`]) {
      expect((await lab.lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))).FunctionArn).toBe(
        `${arn}:1`,
      );
    }
    const twice = lab.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: "named:1", Qualifier: "2" }));
    expect(await refusalOf(twice)).toMatchObject({ name: "InvalidParameterValueException" });
    const missing = lab.lambda.send(new GetFunctionConfigurationCommand({ FunctionName: "named", Qualifier: "9" }));
    expect(await refusalOf(missing)).toMatchObject({
      name: "ResourceNotFoundException",
      message: `Function not found: ${arn}:9`,
    });
    const elsewhere = lab.lambda.send(
      new GetFunctionConfigurationCommand({ FunctionName: arn.replace("us-east-1", "eu-west-1") }),
    );
    expect(await refusalOf(elsewhere)).toMatchObject({ status: 400 });
  });
});

describe("an unsupported operation", () => {
  it("is refused by method and path", async () => {
    const call = lab.lambda.send(new GetFunctionEventInvokeConfigCommand({ FunctionName: "named" }));
    expect(await refusalOf(call)).toMatchObject({
      name: "UnknownOperationException",
      status: 404,
      message: "Portico's local cloud does not support GET /2019-09-25/functions/named/event-invoke-config",
    });
  });
});
