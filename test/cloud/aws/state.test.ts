/** The state on disk: what survives a kill, what is cleaned up, and which versions are refused. */
// @module-tag check
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  CreateApiCommand,
  CreateDeploymentCommand,
  CreateStageCommand,
  GetApisCommand,
} from "@aws-sdk/client-apigatewayv2";
import { DeleteFunctionCommand, GetFunctionCommand } from "@aws-sdk/client-lambda";
import { afterEach, expect, it } from "vitest";
import { startCloud } from "../../../framework/cloud/cloud.ts";
import { type Lab, makeFunction, noRuntime, openLab, defineRoutes } from "../lab.ts";

const labs: Lab[] = [];
afterEach(async () => {
  for (const lab of labs.splice(0)) await lab.close();
});
async function open(): Promise<Lab> {
  const lab = await openLab();
  labs.push(lab);
  return lab;
}

it("keeps an app's port and URL over a clean restart", async () => {
  const lab = await open();
  const { ApiEndpoint } = await lab.gateway.send(new CreateApiCommand({ Name: "kept", ProtocolType: "HTTP" }));
  await lab.cloud.close();
  await lab.restart();
  const { Items } = await lab.gateway.send(new GetApisCommand({}));
  expect(Items).toMatchObject([{ Name: "kept", ApiEndpoint }]);
  expect((await fetch(ApiEndpoint!)).status).toBe(404);
});

it("has every record on disk when the call returns, and removes what a kill left incomplete", async () => {
  const lab = await open();
  await makeFunction(lab, "kept");
  const { ApiId } = await lab.gateway.send(new CreateApiCommand({ Name: "gone", ProtocolType: "HTTP" }));
  await defineRoutes(lab, ApiId, { $default: undefined });
  const { DeploymentId } = await lab.gateway.send(new CreateDeploymentCommand({ ApiId }));
  await lab.gateway.send(new CreateStageCommand({ ApiId, StageName: "$default", DeploymentId }));
  const state = join(lab.folder, "state");
  // The leftovers of a kill in the middle of DeleteApi, of a write and of an upload.
  rmSync(join(state, "apis", `${ApiId}.json`));
  writeFileSync(join(state, "functions", "kept.json.tmp"), '{"schemaVersion":3,"id":"kept","rec');
  const half = join(lab.folder, "code", "0".repeat(64));
  mkdirSync(half);
  writeFileSync(join(lab.folder, "zips", `${"0".repeat(64)}.zip.x.tmp`), "half");
  await lab.restart();
  expect((await lab.lambda.send(new GetFunctionCommand({ FunctionName: "kept" }))).Configuration?.State).toBe("Active");
  expect(readdirSync(join(state, "stages"))).toEqual([]);
  expect(readdirSync(join(state, "deployments"))).toEqual([]);
  expect(readdirSync(join(state, "functions"))).toEqual(["kept.json"]);
  expect(existsSync(half)).toBe(false);
  expect(readdirSync(join(lab.folder, "zips"))).toHaveLength(1);
});

it("unpacks code read-only and removes it when no function needs it", async () => {
  const lab = await open();
  await makeFunction(lab, "code");
  const [name = ""] = readdirSync(join(lab.folder, "code"));
  const file = join(lab.folder, "code", name, "index.mjs");
  expect(statSync(file).mode & 0o777).toBe(0o444);
  expect(readFileSync(file, "utf8")).toContain("export const handler");
  await lab.lambda.send(new DeleteFunctionCommand({ FunctionName: "code" }));
  await lab.restart();
  expect(readdirSync(join(lab.folder, "code"))).toEqual([]);
  expect(readdirSync(join(lab.folder, "zips"))).toEqual([]);
});

it("lets only the owner read a function's environment variables", async () => {
  const lab = await open();
  await makeFunction(lab, "secret", { Environment: { Variables: { SESSION_KEY: "hidden" } } });
  const file = join(lab.folder, "state", "functions", "secret.json");
  expect(readFileSync(file, "utf8")).toContain("hidden");
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

it("refuses a second cloud on the same folder", async () => {
  const lab = await open();
  const again = startCloud({ folder: lab.folder, port: 0, runtime: noRuntime });
  await expect(again).rejects.toMatchObject({ code: "CLOUD_RUNNING" });
});

it("refuses state and keys of another version", async () => {
  const lab = await open();
  await lab.cloud.close();
  const file = join(lab.folder, "state", "roles", "lab.json");
  writeFileSync(file, readFileSync(file, "utf8").replace('"schemaVersion":4', '"schemaVersion":5'));
  await expect(startCloud({ folder: lab.folder, port: 0, runtime: noRuntime })).rejects.toMatchObject({
    code: "CLOUD_STATE",
  });
  writeFileSync(join(lab.folder, "key"), '{"schemaVersion":2}');
  await expect(startCloud({ folder: lab.folder, port: 0, runtime: noRuntime })).rejects.toMatchObject({
    code: "CLOUD_KEY",
  });
});

it("leaves no listener behind when it cannot start", async () => {
  const lab = await open();
  const other = await open();
  await other.cloud.close();
  await expect(startCloud({ folder: other.folder, port: lab.cloud.port, runtime: noRuntime })).rejects.toMatchObject({
    code: "PORT_IN_USE",
  });
});
