/** Tests of injected faults, of the API's rate limit, and of a cloud that is killed during calls. */
// @module-tag check
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Fault } from "../../../framework/cloud/fault.ts";
import { readOrCreateAccessKey } from "../../../framework/cloud/access-key.ts";
import type { CloudOptions } from "../../../framework/cloud/cloud.ts";
import { cloudflareOperations } from "../../../framework/cloud/cloudflare/operations.ts";
import { sendSigned } from "../aws/signed.ts";
import {
  account,
  valueAt,
  deploy,
  deployWorker,
  type CloudflareLab,
  liveVersion,
  openCloudflareLab,
  type Reply,
  textWorker,
  upload,
  version,
} from "./cloudflare-lab.ts";

async function open(options: Partial<CloudOptions> = {}): Promise<CloudflareLab> {
  const lab = await openCloudflareLab(options);
  onTestFinished(() => lab.close());
  return lab;
}

describe("a fault", () => {
  it("is injected by operation, and operations tell whether they write", async () => {
    let fault: Fault | undefined;
    let wanted = "";
    const called: string[] = [];
    const lab = await open({
      fault: ({ service, operation }) => (service === "cloudflare" && operation === wanted ? fault : undefined),
      onCall: ({ service, operation, write }) => called.push(`${service} ${operation} ${write ? "writes" : "reads"}`),
    });
    const one = await deployWorker(lab, "app", textWorker("one"));
    expect(called).toEqual([
      "cloudflare uploadScript writes",
      "cloudflare postScriptSubdomain writes",
      "cloudflare listDeployments reads",
    ]);

    [wanted, fault] = [
      "createVersion",
      { kind: "refuse", status: 503, code: "10013", message: "try again", headers: { "retry-after": "1" } },
    ];
    const refused = await lab.call("POST", "/workers/scripts/app/versions", upload(textWorker("two")));
    expect(refused).toMatchObject({ status: 503, code: 10013, message: "try again" });
    expect(refused.headers.get("retry-after")).toBe("1");
    fault = { kind: "reset" };
    await expect(lab.call("POST", "/workers/scripts/app/versions", upload(textWorker("two")))).rejects.toThrow();
    expect(valueAt((await lab.call("GET", "/workers/scripts/app/versions")).result, "items")).toHaveLength(1);
    fault = { kind: "lose" };
    await expect(lab.call("POST", "/workers/scripts/app/versions", upload(textWorker("two")))).rejects.toThrow();
    expect(valueAt((await lab.call("GET", "/workers/scripts/app/versions")).result, "items")).toHaveLength(2);
    fault = { kind: "delay", milliseconds: 60_000 };
    expect((await lab.call("POST", "/workers/scripts/app/versions", upload(textWorker("three")))).status).toBe(200);
    expect(await liveVersion(lab, "app")).toBe(one);
  });
});

it("every operation can be refused, cut, lost and slowed over the control port", async () => {
  const ran: string[] = [];
  const slept: number[] = [];
  const lab = await open({
    onCall: ({ operation }) => ran.push(operation),
    clock: { now: () => Date.now(), sleep: async (milliseconds) => void slept.push(milliseconds) },
  });
  const set = (fault: object) =>
    sendSigned(
      lab.cloud,
      "portico",
      "PUT",
      "/portico/faults",
      JSON.stringify({ rules: [{ service: "cloudflare", fault }] }),
    );
  const values: Readonly<Record<string, string>> = { account };
  const each = async (check: (name: string, call: () => Promise<Reply>) => Promise<void>): Promise<void> => {
    for (const [name, { endpoint }] of Object.entries(cloudflareOperations)) {
      const [method = "", template = ""] = endpoint.split(" ");
      const path = template.replaceAll(/\{(\w+)\+?\}/g, (_, key: string) => values[key] ?? "x");
      ran.length = 0;
      await check(name, () => lab.api(method, path));
      expect(ran, name).toEqual([name]);
    }
  };
  expect((await set({ kind: "refuse", status: 503, code: "10013", headers: { "retry-after": "7" } })).status).toBe(200);
  await each(async (name, call) => {
    const refused = await call();
    expect([refused.status, refused.code, refused.headers.get("retry-after")], name).toEqual([503, 10013, "7"]);
  });
  for (const kind of ["reset", "lose"]) {
    await set({ kind });
    await each((name, call) => expect(call(), name).rejects.toThrow());
  }
  await set({ kind: "delay", milliseconds: 1234 });
  await each(async (name, call) => {
    slept.length = 0;
    await call();
    expect(slept, name).toEqual([1234]);
  });
});

describe("the rate limit", () => {
  it("of 1,200 calls in five minutes blocks every call for five more, on the cloud's clock", async () => {
    const lab = await open({ latency: { throttling: true } });
    const ask = () => lab.call("GET", "/workers/scripts");
    for (let count = 0; count < 1200; count += 1) await ask();
    const blocked = await ask();
    expect(blocked).toMatchObject({ status: 429, code: 971 });
    expect(blocked.headers.get("retry-after")).toBe("300");
    lab.clockOffset += 299_000;
    expect((await ask()).status).toBe(429);
    lab.clockOffset += 2000;
    expect((await ask()).status).toBe(200);
  });

  it("is off unless asked for", async () => {
    const lab = await open();
    for (let count = 0; count < 1201; count += 1) await lab.call("GET", "/workers/subdomain");
    expect((await lab.call("GET", "/workers/subdomain")).status).toBe(200);
  });
});

it("a cloud killed in the middle of calls has everything that it answered", async () => {
  const lab = await open();
  await lab.cloud.close();
  const serve = fileURLToPath(new URL("../fixtures/serve.ts", import.meta.url));
  const server = spawn(process.execPath, [serve, lab.folder], { stdio: ["ignore", "pipe", "inherit"] });
  const gone = once(server, "exit");
  onTestFinished(async () => {
    server.kill("SIGKILL");
    await gone;
  });
  const [port] = (await once(server.stdout, "data")) as [Buffer];
  const { secretAccessKey } = readOrCreateAccessKey(lab.folder);
  const call = async (method: string, path: string, body: FormData | string): Promise<unknown> => {
    const url = `http://127.0.0.1:${port.toString().trim()}/client/v4/accounts/${account}/workers/scripts/app${path}`;
    const response = await fetch(url, { method, headers: { authorization: `Bearer ${secretAccessKey}` }, body });
    return response.json();
  };
  await call("PUT", "", upload(textWorker("v0")));
  await call("POST", "/subdomain", JSON.stringify({ enabled: true }));
  const answered: string[] = [];
  const writing = async (): Promise<void> => {
    for (let number = 1; ; number += 1) {
      const id = String(valueAt(await call("POST", "/versions", upload(textWorker(`v${number}`))), "result", "id"));
      await call(
        "POST",
        "/deployments",
        JSON.stringify({ strategy: "percentage", versions: [{ version_id: id, percentage: 100 }] }),
      );
      answered.push(id);
      // Nobody waits for it: the kill comes while the next call is under way.
      if (answered.length === 8) setImmediate(() => server.kill("SIGKILL"));
    }
  };
  await expect(writing()).rejects.toThrow();
  await gone;
  await lab.restart();
  const { result } = await lab.call("GET", "/workers/scripts/app/versions?deployable=true");
  const kept = (valueAt(result, "items") as readonly { readonly id: string; readonly number: number }[]).map(
    ({ id }) => id,
  );
  expect(kept).toEqual(expect.arrayContaining(answered));
  const last = answered.at(-1) ?? "";
  const live = await liveVersion(lab, "app");
  // The call that the kill met may have taken effect, or not; nothing in between.
  expect([last, kept[0]]).toContain(live);
  expect(await (await lab.ask("app")).text()).toMatch(/^v[89]$/);
  expect((await deploy(lab, "app", { [await version(lab, "app", textWorker("after"))]: 100 })).status).toBe(200);
  expect(await (await lab.ask("app")).text()).toBe("after");
});
