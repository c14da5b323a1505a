/**
 * The local cloud as `deploy` meets it: another server on its port, a release that fails its smoke test, a stage that
 * nobody serves.
 */
// @module-tag check
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { CreateRoleCommand } from "@aws-sdk/client-iam";
import { CreateFunctionCommand } from "@aws-sdk/client-lambda";
import { describe, expect, it } from "vitest";
import { localRegion } from "../../framework/cloud/aws/arn.ts";
import { readOrCreateAccessKey } from "../../framework/cloud/access-key.ts";
import { clientsOf, functionInput, refusalOf, trust } from "../cloud/lab.ts";
import { appFolder, says } from "./app.ts";
import { run, start } from "./portico.ts";

const app = appFolder("cloud");
const released = /^release (\d+) {2}(http:\/\/127\.0\.0\.1:\d+)\//m;

describe("portico deploy --stage local", () => {
  it("uses a free port, and says so, when the default port is in use", async () => {
    const stranger = createServer((_, response) => response.end("not a cloud"));
    const usual = await new Promise<boolean>((ready) => {
      stranger.once("error", () => ready(false));
      stranger.listen(4000, "127.0.0.1", () => ready(true));
    });
    const root = await app("strange", { "functions/index.ts": says("here") });
    const running = start(["deploy", "--stage", "local"], root);
    const [, , url = ""] = await running.until(released);
    expect(await (await fetch(url)).text()).toBe("here");
    // Whoever else has port 4000 is as good a stranger as ours.
    if (usual) expect((stranger.address() as AddressInfo).port).toBe(4000);
    expect(running.output()).toContain("4000");
    expect(await running.stop()).toBe(0);
    stranger.close();
  });

  it("does not change the live release when the smoke test fails", async () => {
    const root = await app("smoke", {
      "functions/index.ts": says("good"),
      "hosting.json": `{ "name": "smoke", "smoke": [{ "path": "/", "status": 200 }] }`,
    });
    const running = start(["deploy", "--stage", "local", "--port", "0"], root);
    const [, , url = ""] = await running.until(released);
    await writeFile(join(root, "functions/index.ts"), `export const GET = () => { throw new Error("bad"); };\n`);
    const second = await run(["deploy", "--stage", "local"], root);
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/^error SMOKE_FAILED: .*\nfix: .*\n$/);
    expect(await (await fetch(url)).text()).toBe("good");
    await running.stop();
  });

  it("invoke says how to start the stage's cloud when it does not run", async () => {
    const root = await app("stopped", { "functions/index.ts": says("x") });
    const { code, stderr } = await run(["invoke", "/", "--stage", "local"], root);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error CLOUD_STOPPED: .*\nfix: .*\n$/);
  });

  it("invoke finds a deployed stage without flags", async () => {
    const root = await app("found", { "functions/index.ts": says("found") });
    const running = start(["deploy", "--stage", "local", "--port", "0"], root);
    await running.until(released);
    const { code, stdout } = await run(["invoke", "/", "--stage", "local"], root);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^200 OK .*found\n$/s);
    await running.stop();
  });
});

describe("portico cloud --realistic", () => {
  it("delays changes as AWS does: a new role cannot be assumed yet", async () => {
    const root = await app("slow", { "functions/index.ts": says("slow") });
    const running = start(["cloud", "--realistic", "--port", "0"], root);
    const [url] = await running.until(/http:\/\/127\.0\.0\.1:\d+/);
    const { iam, lambda } = clientsOf({
      url,
      region: localRegion,
      ...readOrCreateAccessKey(join(root, ".portico", "cloud")),
    });
    await iam.send(new CreateRoleCommand({ RoleName: "lab", AssumeRolePolicyDocument: trust }));
    const { message } = await refusalOf(lambda.send(new CreateFunctionCommand(functionInput("early"))));
    expect(message).toBe("The role defined for the function cannot be assumed by Lambda.");
    await running.stop();
  });
});
