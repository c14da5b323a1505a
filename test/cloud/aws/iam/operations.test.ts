/** IAM's operations, called by the AWS SDK's client. */
// @module-tag check
import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListUsersCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, openLab, refusalOf, trust } from "../../lab.ts";

let lab: Lab;
beforeAll(async () => void (lab = await openLab()));
afterAll(() => lab.close());

const document = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "logs:PutLogEvents", Resource: "*" }],
});

describe("roles", () => {
  it("are created with tags, read, changed and deleted", async () => {
    const input = {
      RoleName: "made",
      AssumeRolePolicyDocument: trust,
      Description: "a <small> & 작은 role",
      Tags: [{ Key: "app", Value: "guestbook" }],
    };
    const { Role: made } = await lab.iam.send(new CreateRoleCommand(input));
    expect(made).toMatchObject({
      RoleName: "made",
      Path: "/",
      Arn: "arn:aws:iam::000000000000:role/made",
      Description: input.Description,
    });
    expect(made?.RoleId).toMatch(/^AROA[A-Z0-9]{17}$/);
    const { Role: read } = await lab.iam.send(new GetRoleCommand({ RoleName: "made" }));
    expect(decodeURIComponent(read?.AssumeRolePolicyDocument ?? "")).toBe(trust);
    expect(read?.CreateDate).toBeInstanceOf(Date);
    expect(read?.Tags).toEqual([{ Key: "app", Value: "guestbook" }]);
    const other = trust.replace("lambda", "scheduler");
    await lab.iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: "made", PolicyDocument: other }));
    const { Role: changed } = await lab.iam.send(new GetRoleCommand({ RoleName: "made" }));
    expect(decodeURIComponent(changed?.AssumeRolePolicyDocument ?? "")).toBe(other);
    await lab.iam.send(new DeleteRoleCommand({ RoleName: "made" }));
    expect(await refusalOf(lab.iam.send(new GetRoleCommand({ RoleName: "made" })))).toMatchObject({
      name: "NoSuchEntityException",
      status: 404,
    });
  });

  it("are refused when their name exists in any case, or is invalid", async () => {
    const taken = lab.iam.send(new CreateRoleCommand({ RoleName: "LAB", AssumeRolePolicyDocument: trust }));
    expect(await refusalOf(taken)).toMatchObject({ name: "EntityAlreadyExistsException", status: 409 });
    const odd = lab.iam.send(new CreateRoleCommand({ RoleName: "no spaces", AssumeRolePolicyDocument: trust }));
    expect(await refusalOf(odd)).toMatchObject({ name: "ValidationError", status: 400 });
    const long = lab.iam.send(new CreateRoleCommand({ RoleName: "a".repeat(65), AssumeRolePolicyDocument: trust }));
    expect(await refusalOf(long)).toMatchObject({ name: "ValidationError", status: 400 });
  });

  it("need a valid trust policy", async () => {
    for (const AssumeRolePolicyDocument of ["{", "{}", document]) {
      const call = lab.iam.send(new CreateRoleCommand({ RoleName: "odd", AssumeRolePolicyDocument }));
      expect(await refusalOf(call)).toMatchObject({ name: "MalformedPolicyDocumentException", status: 400 });
    }
  });

  it("have a permissions boundary", async () => {
    const boundary = "arn:aws:iam::000000000000:policy/boundary";
    await lab.iam.send(
      new CreateRoleCommand({
        RoleName: "bounded",
        Path: "/apps/",
        AssumeRolePolicyDocument: trust,
        PermissionsBoundary: boundary,
      }),
    );
    const read = async () =>
      (await lab.iam.send(new GetRoleCommand({ RoleName: "bounded" }))).Role?.PermissionsBoundary;
    expect(await read()).toEqual({ PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: boundary });
    await lab.iam.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: "bounded" }));
    expect(await read()).toBeUndefined();
    const other = boundary.replace("boundary", "other");
    await lab.iam.send(new PutRolePermissionsBoundaryCommand({ RoleName: "bounded", PermissionsBoundary: other }));
    expect((await read())?.PermissionsBoundaryArn).toBe(other);
    const odd = lab.iam.send(
      new PutRolePermissionsBoundaryCommand({ RoleName: "bounded", PermissionsBoundary: "arn:aws:iam::1:role/x" }),
    );
    expect(await refusalOf(odd)).toMatchObject({ name: "ValidationError", status: 400 });
  });

  it("have no attached policies", async () => {
    const attach = lab.iam.send(
      new AttachRolePolicyCommand({ RoleName: "lab", PolicyArn: "arn:aws:iam::aws:policy/x" }),
    );
    expect(await refusalOf(attach)).toMatchObject({
      name: "InvalidAction",
      message: expect.stringContaining("AttachRolePolicy"),
    });
  });
});

describe("inline policies", () => {
  it("are put, read and deleted; a role that has some cannot be deleted", async () => {
    await lab.iam.send(new CreateRoleCommand({ RoleName: "policies", AssumeRolePolicyDocument: trust }));
    for (const PolicyName of ["b", "a", "c"]) {
      await lab.iam.send(new PutRolePolicyCommand({ RoleName: "policies", PolicyName, PolicyDocument: document }));
    }
    const { PolicyDocument } = await lab.iam.send(new GetRolePolicyCommand({ RoleName: "policies", PolicyName: "a" }));
    expect(decodeURIComponent(PolicyDocument ?? "")).toBe(document);
    const held = lab.iam.send(new DeleteRoleCommand({ RoleName: "policies" }));
    expect(await refusalOf(held)).toMatchObject({ name: "DeleteConflictException", status: 409 });
    for (const PolicyName of ["a", "b", "c"])
      await lab.iam.send(new DeleteRolePolicyCommand({ RoleName: "policies", PolicyName }));
    await lab.iam.send(new DeleteRoleCommand({ RoleName: "policies" }));
  });

  it("are refused when they do not exist, name a principal or are too long", async () => {
    const missing = lab.iam.send(new GetRolePolicyCommand({ RoleName: "lab", PolicyName: "constructor" }));
    expect(await refusalOf(missing)).toMatchObject({ name: "NoSuchEntityException", status: 404 });
    const principal = lab.iam.send(
      new PutRolePolicyCommand({ RoleName: "lab", PolicyName: "p", PolicyDocument: trust }),
    );
    expect(await refusalOf(principal)).toMatchObject({ name: "MalformedPolicyDocumentException" });
    const PolicyDocument = document.replace("logs:PutLogEvents", "x".repeat(10_240));
    expect(
      await refusalOf(lab.iam.send(new PutRolePolicyCommand({ RoleName: "lab", PolicyName: "p", PolicyDocument }))),
    ).toMatchObject({
      name: "LimitExceededException",
    });
  });
});

describe("an unsupported parameter", () => {
  it("is refused by name", async () => {
    expect(await refusalOf(lab.iam.send(new ListUsersCommand({})))).toMatchObject({
      name: "InvalidAction",
      status: 400,
      message: expect.stringContaining("ListUsers"),
    });
  });
});
