/** Tests of access to the API: its token, its account, and the answers for unknown paths and methods. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { account, type CloudflareLab, openCloudflareLab } from "./cloudflare-lab.ts";

let lab: CloudflareLab;
beforeAll(async () => void (lab = await openCloudflareLab()));
afterAll(() => lab.close());

describe("the token", () => {
  it("is the cloud's secret key", async () => {
    expect(await lab.api("GET", "/user/tokens/verify")).toMatchObject({ status: 200, result: { status: "active" } });
  });

  it("is refused when it is another, malformed or missing", async () => {
    const authorization = `Bearer ${"x".repeat(40)}`;
    expect(await lab.api("GET", "/user/tokens/verify", undefined, { authorization })).toMatchObject({
      status: 401,
      code: 1000,
    });
    expect(await lab.call("GET", "/workers/scripts", undefined, { authorization })).toMatchObject({
      status: 403,
      code: 10000,
    });
    expect(await lab.call("GET", "/workers/scripts", undefined, { authorization: "Basic abc" })).toMatchObject({
      status: 400,
      code: 6003,
    });
    const bare = await fetch(`${lab.cloud.url}/client/v4/accounts/${account}/workers/scripts`);
    expect(bare.status).toBe(400);
    expect(await bare.json()).toMatchObject({ success: false, errors: [{ code: 9106 }], result: null });
  });

  it("does not matter for a web page, which is refused before", async () => {
    expect((await lab.call("GET", "/workers/scripts", undefined, { origin: "https://evil.example" })).status).toBe(403);
    expect((await lab.call("GET", "/workers/scripts", undefined, { "sec-fetch-site": "cross-site" })).status).toBe(403);
  });
});

describe("the account", () => {
  it("is one, and shown", async () => {
    expect((await lab.api("GET", "/accounts")).result).toEqual([expect.objectContaining({ id: account })]);
    expect((await lab.call("GET", "")).result).toMatchObject({ id: account });
  });

  it("refuses every other id", async () => {
    expect(await lab.api("GET", `/accounts/${"a".repeat(32)}/workers/scripts`)).toMatchObject({
      status: 403,
      code: 10000,
    });
    expect(await lab.api("GET", "/accounts/mine/workers/scripts")).toMatchObject({ status: 404, code: 7003 });
  });

  it("has a workers.dev subdomain", async () => {
    expect((await lab.call("GET", "/workers/subdomain")).result).toEqual({ subdomain: "local" });
  });
});

it("paths and methods that the API does not have are refused by name", async () => {
  const unknown = await lab.call("GET", "/workers/nothing");
  expect(unknown).toMatchObject({ status: 501, code: 7003 });
  expect(unknown.message).toContain("does not support this path");
  // A client must not take it for a thing that is not there: wrangler would say that it deleted it.
  expect((await lab.call("DELETE", "/r2/buckets/notes/lifecycle")).status).toBe(501);
  expect(await lab.call("PATCH", "/workers/scripts")).toMatchObject({ status: 405, code: 10405 });
  expect(await lab.call("PATCH", "/workers/scripts/one/settings")).toMatchObject({ status: 405, code: 10405 });
  expect((await lab.call("GET", "/workers/scripts/one/content/v2")).status).toBe(501);
  expect(await lab.call("GET", "/workers/scripts/%E0%A4/settings")).toMatchObject({ status: 400, code: 7003 });
});
