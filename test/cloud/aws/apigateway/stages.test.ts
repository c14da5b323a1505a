/** Operations on deployments and stages, called by the AWS SDK's client. */
// @module-tag check
import {
  CreateApiCommand,
  CreateDeploymentCommand,
  CreateStageCommand,
  DeleteDeploymentCommand,
  DeleteStageCommand,
  GetDeploymentCommand,
  GetDeploymentsCommand,
  GetStageCommand,
  GetStagesCommand,
  UpdateStageCommand,
} from "@aws-sdk/client-apigatewayv2";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defineRoutes, type Lab, openLab, refusalOf } from "../../lab.ts";

let lab: Lab;
beforeAll(async () => void (lab = await openLab()));
afterAll(() => lab.close());

const makeApi = async () =>
  (await lab.gateway.send(new CreateApiCommand({ Name: "api", ProtocolType: "HTTP" }))).ApiId!;
const route = (ApiId: string, key: string) => defineRoutes(lab, ApiId, { [key]: undefined });

describe("deployments and stages", () => {
  it("need a route, are listed in pages, and cannot be deleted while a stage uses them", async () => {
    const ApiId = await makeApi();
    const deploy = (change = {}) => lab.gateway.send(new CreateDeploymentCommand({ ApiId, ...change }));
    expect(await refusalOf(deploy())).toEqual({
      name: "BadRequestException",
      status: 400,
      message: "At least one route is required before deploying the Api.",
    });
    await route(ApiId, "$default");
    const { DeploymentId: first, ...made } = await deploy({ Description: "release 1" });
    expect(made).toMatchObject({ DeploymentStatus: "DEPLOYED", AutoDeployed: false, Description: "release 1" });
    const { DeploymentId: second } = await deploy();
    await lab.gateway.send(
      new CreateStageCommand({ ApiId, StageName: "$default", DeploymentId: first, Tags: { app: "a" } }),
    );
    const remove = (DeploymentId = first) => lab.gateway.send(new DeleteDeploymentCommand({ ApiId, DeploymentId }));
    expect(await refusalOf(remove())).toEqual({
      name: "BadRequestException",
      status: 400,
      message: "Active stages pointing to this deployment must be moved or deleted",
    });
    const switched = await lab.gateway.send(
      new UpdateStageCommand({ ApiId, StageName: "$default", DeploymentId: second }),
    );
    expect(switched).toMatchObject({
      StageName: "$default",
      DeploymentId: second,
      AutoDeploy: false,
      Tags: { app: "a" },
    });
    await remove();
    expect(
      (await lab.gateway.send(new GetDeploymentsCommand({ ApiId }))).Items!.map(({ DeploymentId }) => DeploymentId),
    ).toEqual([second]);
    expect(await refusalOf(lab.gateway.send(new GetDeploymentCommand({ ApiId, DeploymentId: first })))).toMatchObject({
      status: 404,
    });
  });

  it("are created, listed and deleted by name; unknown deployments and invalid names are refused", async () => {
    const ApiId = await makeApi();
    const stage = (StageName: string, change = {}) =>
      lab.gateway.send(new CreateStageCommand({ ApiId, StageName, ...change }));
    await stage("$default");
    await stage("candidate-1");
    expect(await refusalOf(stage("candidate-1"))).toMatchObject({ name: "ConflictException", status: 409 });
    expect(await refusalOf(stage("a/b"))).toMatchObject({ name: "BadRequestException" });
    expect(await refusalOf(stage("other", { DeploymentId: "nope" }))).toMatchObject({
      name: "NotFoundException",
      status: 404,
    });
    for (const StageVariables of [{ "a-b": "c" }, { a: "b c" }, { a: "" }])
      expect(await refusalOf(stage("other", { StageVariables }))).toMatchObject({ name: "BadRequestException" });
    const unknown = lab.gateway.send(new UpdateStageCommand({ ApiId, StageName: "nobody", Description: "x" }));
    expect(await refusalOf(unknown)).toMatchObject({ name: "NotFoundException", status: 404 });
    await lab.gateway.send(new DeleteStageCommand({ ApiId, StageName: "candidate-1" }));
    expect((await lab.gateway.send(new GetStagesCommand({ ApiId }))).Items!.map(({ StageName }) => StageName)).toEqual([
      "$default",
    ]);
    for (let at = 1; at < 10; at += 1) await stage(`s${at}`);
    expect(await refusalOf(stage("eleventh"))).toMatchObject({ name: "ConflictException", status: 429 });
  });

  it("do not deploy automatically: autoDeploy is refused", async () => {
    const ApiId = await makeApi();
    const auto = lab.gateway.send(new CreateStageCommand({ ApiId, StageName: "$default", AutoDeploy: true }));
    expect(await refusalOf(auto)).toMatchObject({
      name: "BadRequestException",
      status: 400,
      message: "Portico's local cloud does not support autoDeploy",
    });
  });

  it("switch a stage when CreateDeployment names it", async () => {
    const ApiId = await makeApi();
    await route(ApiId, "$default");
    await lab.gateway.send(new CreateStageCommand({ ApiId, StageName: "s" }));
    const { DeploymentId } = await lab.gateway.send(new CreateDeploymentCommand({ ApiId, StageName: "s" }));
    expect((await lab.gateway.send(new GetStageCommand({ ApiId, StageName: "s" }))).DeploymentId).toBe(DeploymentId);
    expect(await refusalOf(lab.gateway.send(new CreateDeploymentCommand({ ApiId, StageName: "t" })))).toMatchObject({
      status: 404,
    });
  });
});
