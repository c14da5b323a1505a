/**
 * Triggers of a Worker: workers.dev, domains and routes are added before the candidate and removed after the switch.
 */
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { App } from "../../../framework/model/app.ts";
import { isWrite, openDeployFixture, type DeployFixture } from "./deploy-fixture.ts";

let fixture: DeployFixture;
beforeEach(async () => {
  fixture = await openDeployFixture();
  await fixture.client.call({
    operation: "createZone",
    method: "POST",
    path: "~/zones",
    json: { name: "example.com" },
  });
  fixture.takeCalls();
});
afterEach(() => fixture.close());

const workers = (change: Partial<App["workers"]>): Pick<App, "workers"> => ({
  workers: { compatibilityDate: "2026-07-01", bindings: {}, domains: [], routes: [], workersDev: true, ...change },
});

/** As a client that was led there by DNS asks. */
const ask = (url: string, host: string, path = "/"): Promise<string> =>
  new Promise((done, fail) => {
    const { port } = new URL(url);
    const asked = request({ host: "127.0.0.1", port, path, headers: { host } }, (answer) => {
      text(answer).then((body) => done(`${answer.statusCode} ${body.trim()}`), fail);
    });
    asked.on("error", fail).end();
  });

const workersDev = async (): Promise<{ enabled: boolean; url: string }> => {
  const path = "/workers/workers/road--local";
  const { subdomain } = await fixture.client.call<{ subdomain: { enabled: boolean; url: string } }>({
    operation: "get",
    method: "GET",
    path,
  });
  return subdomain;
};

test("traces are on with the release that wants them, the first one too, and off with the next without", async () => {
  const observability = async () =>
    (
      await fixture.client.call<{ readonly observability?: object }>({
        operation: "get",
        method: "GET",
        path: "/workers/scripts/road--local/script-settings",
      })
    ).observability;
  const app = { traces: true } as const;
  await fixture.deploy({ app });
  expect(await observability()).toEqual({ enabled: true, traces: { enabled: true } });
  expect((await fixture.deploy({ app })).changed).toBe(false);
  expect((await fixture.deploy()).text).toMatch(/~ logs +road--local/);
  expect(await observability()).toEqual({ enabled: true, traces: { enabled: false } });
  expect((await fixture.deploy()).changed).toBe(false);
});

test("a custom domain and a route answer, are named in the plan, and go when they are no longer wanted", async () => {
  const app = workers({
    domains: ["app.example.com"],
    routes: [{ pattern: "www.example.com/users/*", zone: "example.com" }],
  });
  const { text: plan, live } = await fixture.deploy({ app });
  expect(plan).toMatch(/\+ domain +app\.example\.com/);
  expect(plan).toMatch(/\+ domain +www\.example\.com\/users\/\*/);
  expect(live.url).toBe("https://app.example.com/");
  const { url } = await workersDev();
  expect(await ask(url, "app.example.com")).toBe("200 home");
  expect(await ask(url, "www.example.com", "/users/7")).toBe("200 user");
  expect((await fixture.deploy({ app })).changed).toBe(false);

  const less = await fixture.deploy({ app: workers({ domains: ["app.example.com"] }) });
  expect(less.text).toMatch(/- domain +www\.example\.com\/users\/\*/);
  expect(await ask(url, "app.example.com")).toBe("200 home");
  expect((await fixture.deploy({ app: workers({}) })).text).toMatch(/- domain +app\.example\.com/);
  expect((await fixture.deploy({ app: workers({}) })).changed).toBe(false);
});

test(
  "workers.dev is switched off after the switch, and on again before a candidate is tried",
  { tags: ["check"] },
  async () => {
    await fixture.deploy();
    const app = { ...workers({ workersDev: false }), smoke: [] };
    expect((await fixture.deploy({ app })).text).toMatch(/~ url +workers\.dev/);
    expect((await workersDev()).enabled).toBe(false);
    expect((await fixture.deploy({ app })).changed).toBe(false);
    const { live } = await fixture.deploy();
    expect([(await workersDev()).enabled, await (await fetch(live.url)).text()]).toEqual([true, "home"]);
  },
);

test("a host that another Worker has is refused before any change", async () => {
  await fixture.deploy({ app: { name: "other", ...workers({ domains: ["app.example.com"] }) } });
  fixture.takeCalls();
  await expect(fixture.deploy({ app: workers({ domains: ["app.example.com"] }) })).rejects.toMatchObject({
    code: "NAME_TAKEN",
    message: expect.stringContaining("app.example.com"),
  });
  expect(fixture.takeCalls().filter(isWrite)).toEqual([]);
});

test("a zone that the token does not see is refused before any change", async () => {
  const app = workers({ routes: [{ pattern: "example.org/*", zone: "example.org" }] });
  await expect(fixture.deploy({ app })).rejects.toMatchObject({ code: "ZONE_UNKNOWN" });
  expect(fixture.takeCalls().filter(isWrite)).toEqual([]);
});

test("what is removed takes its addresses along", { tags: ["check"] }, async () => {
  await fixture.deploy({
    app: workers({ domains: ["app.example.com"], routes: [{ pattern: "example.com/x/*", zone: "example.com" }] }),
  });
  const removed = await (await fixture.platform({}, false)).operations.remove(true);
  expect(removed.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    "domain app.example.com",
    "domain example.com/x/*",
    "worker road--local",
  ]);
});
