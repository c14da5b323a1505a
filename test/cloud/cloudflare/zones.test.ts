/** Tests of zones, routes, custom domains and cron triggers. */
// @module-tag check
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isDue, parseCron } from "../../../framework/cloud/cloudflare/cron-expression.ts";
import { parsePattern, scriptForUrl } from "../../../framework/cloud/cloudflare/zone-routing.ts";
import { valueAt, deployWorker, type CloudflareLab, openCloudflareLab, textWorker, upload } from "./cloudflare-lab.ts";

let lab: CloudflareLab;
let zone = "";
const printed: string[] = [];
beforeAll(async () => {
  lab = await openCloudflareLab({ onWorkerLog: ({ text }) => printed.push(text) });
  zone = String(valueAt((await lab.api("POST", "/zones", { name: "example.com" })).result, "id"));
  await deployWorker(lab, "one", textWorker("one"));
  await deployWorker(lab, "two", textWorker("two"));
});
afterAll(() => lab.close());

/** Asks a script's port under another name. */
function askHost(script: string, host: string, path: string): Promise<string> {
  const url = new URL(lab.cloud.workers().find(({ name }) => name === script)?.url ?? "");
  return new Promise((done, fail) => {
    const call = request({ host: "127.0.0.1", port: url.port, path, headers: { host }, agent: false }, (message) => {
      const chunks: Buffer[] = [];
      message.on("data", (chunk: Buffer) => chunks.push(chunk));
      message.on("end", () => done(`${message.statusCode} ${Buffer.concat(chunks).toString().trim()}`));
    });
    call.on("error", fail);
    call.end();
  });
}

describe("routes", () => {
  it("send a zone's requests to Workers, the most specific first", async () => {
    expect(await askHost("one", "example.com", "/")).toMatch(/^403 /);
    const put = (script: string, ...patterns: string[]) =>
      lab.call(
        "PUT",
        `/workers/scripts/${script}/routes`,
        patterns.map((pattern) => ({ pattern, zone_name: "example.com" })),
      );
    expect((await put("one", "example.com/*")).status).toBe(200);
    expect((await put("two", "example.com/api/*", "example.com/api")).status).toBe(200);
    expect(await askHost("one", "example.com", "/api/x")).toBe("200 two");
    expect(await askHost("two", "example.com", "/other")).toBe("200 one");
    expect((await put("two", "example.com/api/*")).status).toBe(200);
    expect((await lab.api("GET", `/zones/${zone}/workers/routes`)).result).toHaveLength(2);
    expect((await put("two", "example.com/*")).code).toBe(10020);
  });

  it("are checked", async () => {
    const path = `/zones/${zone}/workers/routes`;
    const refused = async (pattern: string, script = "one") => (await lab.api("POST", path, { pattern, script })).code;
    expect(await refused("other.org/*")).toBe(10022);
    expect(await refused("example.com/*/x")).toBe(10022);
    expect(await refused("example.com/new", "nobody")).toBe(10019);
    expect(await refused("example.com/*")).toBe(10020);
    const { result } = await lab.api("POST", path, { pattern: "example.com/newer" });
    const one = `${path}/${String(valueAt(result, "id"))}`;
    expect(await askHost("one", "example.com", "/newer")).toMatch(/^404 /);
    expect((await lab.api("DELETE", one)).status).toBe(200);
    expect((await lab.api("DELETE", one)).status).toBe(404);
  });

  it("match hosts and paths as the documentation has it", () => {
    expect(parsePattern("*.example.com/a*")).toEqual({ host: "*.example.com", path: "/a*", scheme: undefined });
    expect(parsePattern("https://example.com")).toEqual({ host: "example.com", path: "/", scheme: "https" });
    for (const bad of ["", "example.com/a*b", "exa*mple.com/", "example.com/?q"])
      expect(parsePattern(bad)).toBeUndefined();
    const routes = ["*.example.com/*", "a.example.com/*", "a.example.com/x*", "*example.com/only"].map(
      (pattern, id) => ({
        id: String(id),
        zone,
        pattern,
        script: pattern,
      }),
    );
    const state = {
      routes: { all: () => routes },
      domains: { all: () => [{ id: "d", hostname: "d.example.org", zone, service: "domain" }] },
    };
    const find = (url: string) => scriptForUrl(new URL(url), state as unknown as Parameters<typeof scriptForUrl>[1]);
    expect(find("http://a.example.com/xy")).toBe("a.example.com/x*");
    expect(find("http://a.example.com/y")).toBe("a.example.com/*");
    expect(find("http://b.example.com/y")).toBe("*.example.com/*");
    expect(find("http://example.com/only")).toBe("*example.com/only");
    expect(find("http://example.com/other")).toBeUndefined();
    expect(find("http://d.example.org/any")).toBe("domain");
  });
});

describe("custom domains", () => {
  it("are set together, as wrangler does it, and taken away", async () => {
    const body = [{ hostname: "app.example.com" }];
    const change = await lab.call("POST", "/workers/scripts/one/domains/changeset?replace_state=true", body);
    expect(change.result).toMatchObject({
      added: [{ hostname: "app.example.com" }],
      removed: [],
      updated: [],
      conflicting: [],
    });
    expect((await lab.call("GET", "/workers/domains")).result).toEqual([]);
    await lab.call("PUT", "/workers/scripts/one/domains/records", { override_scope: true, origins: body });
    expect(await askHost("two", "app.example.com", "/")).toBe("200 one");
    const { result } = await lab.call("GET", "/workers/domains?service=one");
    expect(result).toMatchObject([{ hostname: "app.example.com", service: "one", zone_name: "example.com" }]);
    expect((await lab.call("PUT", "/workers/scripts/two/domains/records", { origins: body })).code).toBe(100116);
    await lab.call("DELETE", `/workers/domains/${String(valueAt(result, 0, "id"))}`);
    expect(await askHost("two", "app.example.com", "/")).toMatch(/^403 /);
  });

  it("are put one by one, in an existing zone", async () => {
    expect(
      (await lab.call("PUT", "/workers/domains", { hostname: "app.other.org", service: "one", zone_name: "other.org" }))
        .code,
    ).toBe(10022);
    expect(
      (await lab.call("PUT", "/workers/domains", { hostname: "app.example.com", service: "nobody", zone_id: zone }))
        .code,
    ).toBe(10007);
    expect(
      (await lab.call("PUT", "/workers/domains", { hostname: "app.example.com", service: "two", zone_id: zone }))
        .status,
    ).toBe(200);
    await lab.restart();
    expect(await askHost("one", "app.example.com", "/")).toBe("200 two");
  });
});

describe("cron triggers", () => {
  const due = (text: string, time: string): boolean => {
    const cron = parseCron(text);
    if (!cron) throw new Error(`${text} is no expression`);
    return isDue(cron, Date.parse(time));
  };

  it("read minutes, ranges, steps and names; Sunday is 1", () => {
    expect(due("*/15 * * * *", "2026-11-25T10:30:00Z")).toBe(true);
    expect(due("*/15 * * * *", "2026-11-25T10:31:00Z")).toBe(false);
    expect(due("0 9-17/4 * NOV mon-FRI", "2026-11-25T13:00:00Z")).toBe(true);
    expect(due("0 0 * * 1", "2026-11-22T00:00:00Z")).toBe(true);
    expect(due("0 0 * * 1", "2026-11-23T00:00:00Z")).toBe(false);
    expect(due("0 0 1 * SUN", "2026-11-22T00:00:00Z")).toBe(true);
    for (const bad of ["* * * *", "60 * * * *", "* * * * 0", "* * L * *", "5-1 * * * *", "*/0 * * * *", "a * * * *"])
      expect(parseCron(bad), bad).toBeUndefined();
  });

  it("are set, counted and run", async () => {
    const code = `export default { scheduled: ({ cron, scheduledTime }) =>
      console.log("ran", cron, new Date(scheduledTime).toISOString()) };`;
    await lab.call("PUT", "/workers/scripts/timed", upload(code));
    const path = "/workers/scripts/timed/schedules";
    expect((await lab.call("PUT", path, [{ cron: "not one" }])).code).toBe(10100);
    expect((await lab.call("PUT", path, [{ cron: "*/5 * * * *" }])).result).toMatchObject({
      schedules: [{ cron: "*/5 * * * *" }],
    });
    expect((await lab.call("GET", path)).result).toMatchObject({ schedules: [{ cron: "*/5 * * * *" }] });
    // Only the cloud's clock says what is due: its ticks are the lab's, whatever the machine's time is.
    const five = 5 * 60_000;
    lab.advance(five - ((Date.now() + lab.clockOffset) % five) + 1000);
    const first = new Date(Math.floor((Date.now() + lab.clockOffset) / five) * five).toISOString();
    await expect.poll(() => printed).toEqual([`ran */5 * * * * ${first}`]);
    lab.advance(30_000);
    lab.advance(five);
    const second = new Date(Date.parse(first) + five).toISOString();
    await expect.poll(() => printed).toEqual([`ran */5 * * * * ${first}`, `ran */5 * * * * ${second}`]);
    expect(
      (
        await lab.call(
          "PUT",
          path,
          Array.from({ length: 251 }, (_, minute) => ({ cron: `${minute % 60} ${Math.trunc(minute / 60)} * * *` })),
        )
      ).code,
    ).toBe(10072);
  });
});
