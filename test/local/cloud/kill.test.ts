/** A cloud killed in the middle of writes: what it had answered is there afterwards, and what is there is whole. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CreateRoleCommand, GetRoleCommand } from "@aws-sdk/client-iam";
import { CreateFunctionCommand, paginateListFunctions } from "@aws-sdk/client-lambda";
import { afterAll, expect, it } from "vitest";
import { localRegion } from "../../../framework/local/cloud/arn.ts";
import { startCloud } from "../../../framework/local/cloud/cloud.ts";
import { readOrMakeKey } from "../../../framework/local/cloud/key.ts";
import { clientsOf, functionInput, noRuntime, trust } from "./lab.ts";

const folder = mkdtempSync(join(tmpdir(), "portico-kill-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("loses nothing that it answered", async () => {
  const server = spawn(process.execPath, [fileURLToPath(new URL("fixtures/serve.ts", import.meta.url)), folder], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = once(server, "exit");
  try {
    const [port] = (await once(server.stdout, "data")) as [Buffer];
    const url = `http://127.0.0.1:${port.toString().trim()}`;
    const { lambda, iam } = clientsOf({ url, region: localRegion, ...readOrMakeKey(folder) });
    await iam.send(new CreateRoleCommand({ RoleName: "lab", AssumeRolePolicyDocument: trust }));
    const answered: string[] = [];
    // Eight writers, one call after the other each, until the server is gone.
    const writer = async (_: unknown, which: number): Promise<void> => {
      for (let at = 0; at < 200; at += 1) {
        await lambda.send(new CreateFunctionCommand(functionInput(`f${which}-${at}`)));
        answered.push(`f${which}-${at}`);
        if (answered.length === 40) server.kill("SIGKILL");
      }
    };
    const results = await Promise.allSettled(Array.from({ length: 8 }, writer));
    expect(results.every(({ status }) => status === "rejected")).toBe(true);
    await gone;
    const cloud = await startCloud({ folder, port: 0, runtime: noRuntime });
    try {
      const after = clientsOf(cloud);
      expect((await after.iam.send(new GetRoleCommand({ RoleName: "lab" }))).Role?.RoleName).toBe("lab");
      const names: (string | undefined)[] = [];
      for await (const { Functions = [] } of paginateListFunctions({ client: after.lambda }, {}))
        names.push(...Functions.map((one) => one.FunctionName));
      expect(names).toEqual(expect.arrayContaining(answered));
    } finally {
      await cloud.close();
    }
  } finally {
    server.kill("SIGKILL");
    await gone;
  }
});
