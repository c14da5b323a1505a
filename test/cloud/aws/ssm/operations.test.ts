/** The operations of Parameter Store, called by the AWS SDK's client. */
// @module-tag check
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  AddTagsToResourceCommand,
  DeleteParametersCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  LabelParameterVersionCommand,
  PutParameterCommand,
  type PutParameterCommandInput,
  paginateGetParametersByPath,
} from "@aws-sdk/client-ssm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, openLab, refusalOf } from "../../lab.ts";

let lab: Lab;
beforeAll(async () => void (lab = await openLab()));
afterAll(() => lab.close());

const put = (Name: string, Value: string, more: Partial<PutParameterCommandInput> = {}) =>
  lab.ssm.send(new PutParameterCommand({ Name, Value, Type: "SecureString", ...more }));
const get = async (Name: string, WithDecryption = true) =>
  (await lab.ssm.send(new GetParameterCommand({ Name, WithDecryption }))).Parameter!;

describe("PutParameter and GetParameter", () => {
  it("store the versions of a secret, and return it only with decryption", async () => {
    const Name = "/portico/app/prod/SESSION_KEY";
    expect(await put(Name, "first", { Tags: [{ Key: "app", Value: "guestbook" }] })).toMatchObject({
      Version: 1,
      Tier: "Standard",
    });
    expect(await refusalOf(put(Name, "second"))).toMatchObject({ name: "ParameterAlreadyExists", status: 400 });
    expect(await put(Name, "둘째", { Overwrite: true })).toMatchObject({ Version: 2 });
    const read = await get(Name);
    expect(read).toMatchObject({ Name, Value: "둘째", Version: 2, Type: "SecureString", DataType: "text" });
    expect(read.ARN).toBe("arn:aws:ssm:us-east-1:000000000000:parameter/portico/app/prod/SESSION_KEY");
    expect(Math.abs(read.LastModifiedDate!.getTime() - Date.now())).toBeLessThan(60_000);
    const sealed = await get(Name, false);
    expect(sealed.Value).toMatch(/^[A-Za-z0-9+/=]{200,}$/);
    expect((await get(Name, false)).Value).toBe(sealed.Value);
    expect(await get(`${Name}:1`)).toMatchObject({ Value: "first", Version: 1, Selector: ":1" });
    expect(await get(read.ARN!)).toMatchObject({ Version: 2 });
    expect(await refusalOf(get(`${Name}:9`))).toMatchObject({ name: "ParameterVersionNotFound", status: 400 });
    expect(await refusalOf(get("/nothing"))).toMatchObject({ name: "ParameterNotFound", status: 400 });
  });

  it("keep the last hundred versions", async () => {
    for (let at = 1; at <= 102; at += 1) await put("/history", String(at), { Overwrite: true });
    expect(await refusalOf(get("/history:2"))).toMatchObject({ name: "ParameterVersionNotFound" });
    expect(await get("/history:3")).toMatchObject({ Value: "3", Version: 3 });
  });

  it("refuse invalid names, types, tiers and sizes", async () => {
    const odd: [string, Partial<PutParameterCommandInput>, string][] = [
      ["a/b", {}, "ValidationException"],
      ["/a//b", {}, "ValidationException"],
      ["/a/", {}, "ValidationException"],
      ["/a b", {}, "ValidationException"],
      ["aws-x", {}, "ValidationException"],
      ["/ssm/x", {}, "ValidationException"],
      [`/${"a/".repeat(15)}a`, {}, "HierarchyLevelLimitExceededException"],
      ["/new", { Type: undefined }, "ValidationException"],
      ["/new", { Value: "" }, "ValidationException"],
      ["/new", { Value: "x".repeat(4097) }, "ValidationException"],
      ["/new", { Value: "x".repeat(8193), Tier: "Advanced" }, "ValidationException"],
      ["/new", { KeyId: "alias/mine" }, "ValidationException"],
      ["/new", { AllowedPattern: "\\d+", Value: "x" }, "ParameterPatternMismatchException"],
      ["/new", { Overwrite: true, Tags: [{ Key: "a", Value: "b" }] }, "ValidationException"],
      ["/new", { Policies: "[]" }, "ValidationException"],
    ];
    for (const [name, change, error] of odd) {
      expect(
        await refusalOf(put(name, "value", change)),
        `${name} ${JSON.stringify(change).slice(0, 80)}`,
      ).toMatchObject({
        name: error,
        status: 400,
      });
    }
    await put("/tiers", "x".repeat(4096));
    await put("/tiers", "x".repeat(8192), { Overwrite: true, Tier: "Intelligent-Tiering" });
    expect(await refusalOf(put("/tiers", "x", { Overwrite: true, Tier: "Standard" }))).toMatchObject({
      name: "ValidationException",
    });
    expect(await refusalOf(put("/tiers", "x", { Overwrite: true, Type: "String" }))).toMatchObject({
      name: "HierarchyTypeMismatchException",
    });
  });

  it("write files that only their owner can read, and that survive a restart", async () => {
    await put("/kept", "kept value");
    const folder = join(lab.folder, "state", "parameters");
    const [file] = readdirSync(folder).filter((name) => name.includes("kept"));
    expect(statSync(join(folder, file!)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, file!), "utf8")).toContain("kept value");
    await lab.restart();
    expect((await get("/kept")).Value).toBe("kept value");
  });
});

describe("several parameters", () => {
  it("are read and deleted; missing ones are listed", async () => {
    await put("/many/a", "1");
    await put("/many/b", "2", { Type: "String" });
    const read = await lab.ssm.send(
      new GetParametersCommand({ Names: ["/many/b", "/many/a", "/many/c"], WithDecryption: true }),
    );
    expect(read.Parameters?.map(({ Value }) => Value)).toEqual(["2", "1"]);
    expect(read.InvalidParameters).toEqual(["/many/c"]);
    const many = Array.from({ length: 11 }, (_, at) => `/n${at}`);
    expect(await refusalOf(lab.ssm.send(new GetParametersCommand({ Names: many })))).toMatchObject({
      name: "ValidationException",
    });
    const gone = await lab.ssm.send(new DeleteParametersCommand({ Names: ["/many/a", "/many/c"] }));
    expect(gone).toMatchObject({ DeletedParameters: ["/many/a"], InvalidParameters: ["/many/c"] });
    await lab.ssm.send(new DeleteParametersCommand({ Names: ["/many/b"] }));
    expect(await put("/many/b", "again")).toMatchObject({ Version: 1 });
  });

  it("are listed by path, at most ten a page", async () => {
    for (let at = 10; at < 35; at += 1) await put(`/walk/${at}`, String(at));
    await put("/walk/deep/er", "x");
    await put("/walked/x", "x");
    const values: (string | undefined)[] = [];
    for await (const { Parameters } of paginateGetParametersByPath(
      { client: lab.ssm },
      { Path: "/walk", WithDecryption: true },
    )) {
      expect(Parameters!.length).toBeLessThanOrEqual(10);
      values.push(...Parameters!.map(({ Value }) => Value));
    }
    expect(values).toEqual(Array.from({ length: 25 }, (_, at) => String(at + 10)));
    const deep = await lab.ssm.send(new GetParametersByPathCommand({ Path: "/walk/deep/", Recursive: true }));
    expect(deep.Parameters?.map(({ Name }) => Name)).toEqual(["/walk/deep/er"]);
    const by = (more: object) => refusalOf(lab.ssm.send(new GetParametersByPathCommand({ Path: "/walk", ...more })));
    expect(await by({ Path: "walk" })).toMatchObject({ name: "ValidationException" });
    expect(await by({ MaxResults: 11 })).toMatchObject({ name: "ValidationException" });
    expect(await by({ NextToken: "x" })).toMatchObject({ name: "InvalidNextToken" });
  });
});

it("tags are added to an existing parameter", async () => {
  await put("/tagged", "x");
  const add = (ResourceId: string) =>
    lab.ssm.send(
      new AddTagsToResourceCommand({ ResourceType: "Parameter", ResourceId, Tags: [{ Key: "a", Value: "1" }] }),
    );
  await add("/tagged");
  expect(await refusalOf(add("/nothing"))).toMatchObject({ name: "InvalidResourceId", status: 400 });
});

it("refuses unsupported members by name", async () => {
  const label = lab.ssm.send(new LabelParameterVersionCommand({ Name: "/tagged", Labels: ["live"] }));
  expect(await refusalOf(label)).toMatchObject({
    name: "UnknownOperationException",
    message: expect.stringContaining("LabelParameterVersion"),
  });
});
