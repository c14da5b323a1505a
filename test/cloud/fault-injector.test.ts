/** Injected faults as clients see them: from the hook of a test, and from the rules of `/portico/faults`. */
// @module-tag check
import { CreateApiCommand, GetApisCommand } from "@aws-sdk/client-apigatewayv2";
import { CreateRoleCommand, GetRoleCommand } from "@aws-sdk/client-iam";
import { GetFunctionCommand, ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Fault } from "../../framework/cloud/fault.ts";
import type { ServiceCall } from "../../framework/cloud/fault-injector.ts";
import { type Lab, openLab, refusalOf, trust } from "./lab.ts";
import { sendSigned } from "./aws/signed.ts";

let lab: Lab;
let next: Fault | undefined;
let now = Date.now();
const slept: number[] = [];
const calls: ServiceCall[] = [];
const indexes: number[] = [];
beforeAll(async () => {
  lab = await openLab({
    clock: { now: () => now, sleep: async (milliseconds) => void (slept.push(milliseconds), (now += milliseconds)) },
    fault: ({ index }) => (indexes.push(index), next),
    onCall: (call) => calls.push(call),
  });
});
afterEach(async () => {
  next = undefined;
  await sendSigned(lab.cloud, "portico", "DELETE", "/portico/faults");
});
afterAll(() => lab.close());

const makeApi = (Name: string) => lab.gateway.send(new CreateApiCommand({ Name, ProtocolType: "HTTP" }));
const apiNames = async () => (await lab.gateway.send(new GetApisCommand({}))).Items!.map(({ Name }) => Name);
const brokenBy = (call: Promise<unknown>) =>
  call.then(
    () => "answered",
    (error: NodeJS.ErrnoException) => error.code,
  );

describe("a fault", () => {
  it("refuses in the service's own protocol, without effect", async () => {
    next = {
      kind: "refuse",
      status: 429,
      code: "TooManyRequestsException",
      message: "Rate exceeded",
      headers: { "retry-after": "1" },
    };
    expect(await refusalOf(makeApi("refused"))).toEqual({
      name: "TooManyRequestsException",
      status: 429,
      message: "Rate exceeded",
    });
    next = { kind: "refuse", status: 503, code: "ServiceUnavailable", message: "later" };
    const role = lab.iam.send(new CreateRoleCommand({ RoleName: "refused", AssumeRolePolicyDocument: trust }));
    expect(await refusalOf(role)).toMatchObject({ name: "ServiceUnavailable", status: 503 });
    next = undefined;
    expect(await apiNames()).not.toContain("refused");
    expect(await refusalOf(lab.iam.send(new GetRoleCommand({ RoleName: "refused" })))).toMatchObject({ status: 404 });
  });

  it("cuts the connection before the effect, or after it", async () => {
    next = { kind: "reset" };
    expect(await brokenBy(makeApi("reset"))).toBe("ECONNRESET");
    next = { kind: "lose" };
    expect(await brokenBy(makeApi("lost"))).toBe("ECONNRESET");
    next = undefined;
    expect((await apiNames()).filter((name) => name === "lost" || name === "reset")).toEqual(["lost"]);
  });

  it("drops an error response, too", async () => {
    next = { kind: "lose" };
    expect(await brokenBy(lab.lambda.send(new GetFunctionCommand({ FunctionName: "nothing" })))).toBe("ECONNRESET");
  });

  it("delays on the cloud's clock, which every response shows as its Date", async () => {
    next = { kind: "delay", milliseconds: 7_200_000 };
    const { headers } = await sendSigned(lab.cloud, "lambda", "GET", "/2015-03-31/functions");
    expect(slept).toContain(7_200_000);
    expect(Date.parse(headers.get("date")!)).toBe(Math.floor(now / 1000) * 1000);
    next = undefined;
    // The SDK uses that Date when it signs; signatures by either clock are valid.
    await lab.lambda.send(new ListFunctionsCommand({}));
    await lab.lambda.send(new ListFunctionsCommand({}));
  });
});

describe("onCall and the hook", () => {
  it("see each call with its name, in order, and whether it writes", async () => {
    calls.length = 0;
    const before = indexes.at(-1)!;
    await makeApi("seen");
    await apiNames();
    await lab.iam.send(new GetRoleCommand({ RoleName: "lab" }));
    expect(calls).toEqual([
      { service: "apigateway", operation: "CreateApi", write: true },
      { service: "apigateway", operation: "GetApis", write: false },
      { service: "iam", operation: "GetRole", write: false },
    ]);
    expect(indexes.slice(-3)).toEqual([before + 1, before + 2, before + 3]);
  });
});

describe("/portico/faults", () => {
  const put = (plan: unknown) => sendSigned(lab.cloud, "portico", "PUT", "/portico/faults", JSON.stringify(plan));
  const list = () => lab.lambda.send(new ListFunctionsCommand({}));

  it("counts, refuses and lets calls pass according to the rule", async () => {
    const fault = { kind: "refuse", status: 500, code: "ServiceException", message: "down" };
    expect(
      (await put({ rules: [{ service: "lambda", operation: "ListFunctions", after: 1, times: 2, fault }] })).status,
    ).toBe(200);
    await apiNames();
    await list();
    expect(await refusalOf(list())).toMatchObject({ name: "ServiceException", status: 500, message: "down" });
    expect(await refusalOf(list())).toMatchObject({ status: 500 });
    await list();
    const { text } = await sendSigned(lab.cloud, "portico", "GET", "/portico/faults");
    expect(JSON.parse(text)).toMatchObject({
      latency: 0,
      rules: [{ operation: "ListFunctions", seen: 4, applied: 2, fault }],
    });
    await sendSigned(lab.cloud, "portico", "DELETE", "/portico/faults");
    await list();
  });

  it("repeats a random run by its seed", async () => {
    const run = async (seed: number): Promise<string> => {
      await put({ rules: [{ probability: 0.5, seed, fault: { kind: "reset" } }] });
      const results: string[] = [];
      for (let at = 0; at < 16; at += 1) results.push((await brokenBy(list())) === "answered" ? "-" : "x");
      return results.join("");
    };
    const first = await run(1);
    expect(first).toMatch(/x.*-|-.*x/);
    expect(await run(1)).toBe(first);
    expect(await run(2)).not.toBe(first);
  });

  it("delays every call", async () => {
    await put({ latency: 50 });
    slept.length = 0;
    await list();
    await apiNames();
    expect(slept).toEqual([50, 50]);
  });

  it("refuses invalid plans, and requests without a signature", async () => {
    const odd = [
      { rule: [] },
      { latency: -1 },
      { rules: {} },
      { rules: [{ fault: { kind: "explode" } }] },
      { rules: [{ probability: 2, fault: { kind: "reset" } }] },
      { rules: [{ fault: { kind: "reset", milliseconds: 1 } }] },
      { rules: [{ serivce: "lambda", fault: { kind: "reset" } }] },
      { rules: [{}] },
    ];
    for (const plan of odd) {
      const { status, headers } = await put(plan);
      expect([status, headers.get("x-amzn-errortype")]).toEqual([400, "InvalidFaults"]);
    }
    expect((await sendSigned(lab.cloud, "lambda", "PUT", "/portico/faults", "{}")).status).toBe(404);
    expect((await sendSigned(lab.cloud, "portico", "PUT", "/portico/other", "{}")).status).toBe(404);
    expect(await sendSigned(lab.cloud, "s3", "GET", "/portico/faults")).toMatchObject({
      text: expect.stringContaining("NoSuchBucket"),
    });
    expect((await fetch(`${lab.cloud.url}/portico/faults`)).status).toBe(403);
    expect((await sendSigned(lab.cloud, "portico", "POST", "/portico/faults", "{}")).status).toBe(405);
  });
});
