/** Tests of deployments and their traffic: shares, overrides, affinity, a switch under load, and a restart. */
// @module-tag check
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { selectVersion } from "../../../framework/cloud/cloudflare/version-selection.ts";
import {
  valueAt,
  deploy,
  deployWorker,
  type CloudflareLab,
  liveVersion,
  openCloudflareLab,
  textWorker,
  upload,
  version,
} from "./cloudflare-lab.ts";

let lab: CloudflareLab;
let roll = 0;
let window = 0;
beforeAll(
  async () => void (lab = await openCloudflareLab({ cloudflare: { random: () => roll, propagation: () => window } })),
);
afterAll(() => lab.close());

const textOf = async (name: string, headers: Readonly<Record<string, string>> = {}): Promise<string> =>
  (await lab.ask(name, "/", { headers })).text();

describe("a deployment", () => {
  it("splits the traffic as it says", async () => {
    const one = await deployWorker(lab, "split", textWorker("one"));
    const two = await version(lab, "split", textWorker("two"));
    expect(await textOf("split")).toBe("one");
    expect((await deploy(lab, "split", { [two]: 10, [one]: 90 })).status).toBe(200);
    roll = 0.09;
    expect(await textOf("split")).toBe("two");
    roll = 0.11;
    expect(await textOf("split")).toBe("one");
    roll = 0;
  });

  it("honours an override only for a version that it has, 0 % included", async () => {
    const one = await deployWorker(lab, "override", textWorker("one"));
    const two = await version(lab, "override", textWorker("two"));
    const ask = (id: string, name = "override") =>
      textOf("override", { "cloudflare-workers-version-overrides": `${name}="${id}"` });
    expect(await ask(two)).toBe("one");
    await deploy(lab, "override", { [one]: 100, [two]: 0 });
    expect(await ask(two)).toBe("two");
    expect(await ask(two, "another")).toBe("one");
    expect(await textOf("override", { "cloudflare-workers-version-overrides": `other="x", override="${two}"` })).toBe(
      "two",
    );
    expect(await textOf("override", { "cloudflare-workers-version-overrides": `override=${two}` })).toBe("one");
    expect(await textOf("override")).toBe("one");
  });

  it("is refused when it could not be one", async () => {
    const one = await deployWorker(lab, "rules", textWorker("one"));
    const two = await version(lab, "rules", textWorker("two"));
    const three = await version(lab, "rules", textWorker("three"));
    const refused = async (shares: Readonly<Record<string, number>>) => (await deploy(lab, "rules", shares)).code;
    expect(await refused({ [one]: 50 })).toBe(10210);
    expect(await refused({ [one]: 50, [two]: 51 })).toBe(10210);
    expect(await refused({ [one]: 110, [two]: -10 })).toBe(10210);
    expect(await refused({ [one]: 33.333, [two]: 66.667 })).toBe(10210);
    expect(await refused({ [one]: 40, [two]: 40, [three]: 20 })).toBe(10210);
    expect(await refused({})).toBe(10210);
    expect(await refused({ "00000000-0000-4000-8000-000000000000": 100 })).toBe(10210);
    const twice = [
      { version_id: one, percentage: 50 },
      { version_id: one, percentage: 50 },
    ];
    expect(
      (await lab.call("POST", "/workers/scripts/rules/deployments", { strategy: "percentage", versions: twice })).code,
    ).toBe(10210);
    expect(
      (await lab.call("POST", "/workers/scripts/rules/deployments", { strategy: "canary", versions: [] })).code,
    ).toBe(10210);
    expect((await deploy(lab, "nobody", { [one]: 100 })).code).toBe(10007);
    expect(await liveVersion(lab, "rules")).toBe(one);
  });

  it("takes only the last hundred versions", async () => {
    const one = await deployWorker(lab, "hundred", textWorker("one"));
    for (let at = 0; at < 99; at += 1) await version(lab, "hundred", textWorker("one"));
    expect((await deploy(lab, "hundred", { [one]: 100 })).status).toBe(200);
    await version(lab, "hundred", textWorker("one"));
    expect((await deploy(lab, "hundred", { [one]: 100 })).code).toBe(10210);
    const { result } = await lab.call("GET", "/workers/scripts/hundred/versions?deployable=true");
    expect(valueAt(result, "items")).toHaveLength(100);
  });

  it("is listed newest first", async () => {
    const one = await deployWorker(lab, "list", textWorker("one"));
    const two = await version(lab, "list", textWorker("two"));
    await deploy(lab, "list", { [two]: 100 });
    const { result } = await lab.call("GET", "/workers/scripts/list/deployments");
    expect(result).toMatchObject({
      deployments: [
        { versions: [{ version_id: two, percentage: 100 }] },
        { versions: [{ version_id: one, percentage: 100 }] },
      ],
    });
  });
});

describe("version affinity", () => {
  const ids = ["a", "b"] as const;
  const shares = (first: number) => [
    { version_id: "b", percentage: first },
    { version_id: "a", percentage: 100 - first },
  ];

  it("gives a key one version, in proportion, and never takes a grown share away", () => {
    const keys = Array.from({ length: 2000 }, (_, at) => `user-${at}`);
    const chosen = (first: number) =>
      new Set(
        keys.filter(
          (key) => selectVersion("app", shares(first), [["cloudflare-workers-version-key", key]], 0.999) === ids[1],
        ),
      );
    const sets = [0, 10, 25, 50, 100].map(chosen);
    expect(sets.map(({ size }) => size)).toEqual([
      0,
      expect.closeTo(200, -2),
      expect.closeTo(500, -2),
      expect.closeTo(1000, -2),
      2000,
    ]);
    for (const [at, set] of sets.entries()) expect([...(sets[at - 1] ?? [])].every((key) => set.has(key))).toBe(true);
  });
});

describe("the switch", () => {
  it("drops no request, and each is answered by one version", async () => {
    const slow = (text: string) =>
      `export default { async fetch() {
        await new Promise((done) => setTimeout(done, 30));
        return new Response(${JSON.stringify(text)});
      } };`;
    let live = await deployWorker(lab, "prober", slow("v0"));
    let running = true;
    const seen: string[] = [];
    const prober = async (): Promise<void> => {
      while (running) {
        const response = await lab.ask("prober");
        seen.push(`${response.status} ${await response.text()}`);
      }
    };
    const probers = [prober(), prober(), prober(), prober()];
    for (let at = 1; at <= 6; at += 1) {
      live = await version(lab, "prober", slow(`v${at}`));
      await deploy(lab, "prober", { [live]: 100 });
      const before = seen.length;
      while (!seen.slice(before).includes(`200 v${at}`)) await new Promise((done) => setImmediate(done));
    }
    running = false;
    await Promise.all(probers);
    expect(seen.filter((one) => !/^200 v\d$/.test(one))).toEqual([]);
    expect(await textOf("prober")).toBe("v6");
  });

  it("takes until the propagation window has passed to be everywhere", async () => {
    const one = await deployWorker(lab, "window", textWorker("one"));
    const two = await version(lab, "window", textWorker("two"));
    window = 2000;
    await deploy(lab, "window", { [two]: 100 });
    window = 0;
    roll = 0;
    expect(await textOf("window")).toBe("one");
    roll = 0.6;
    expect(await textOf("window")).toBe("two");
    roll = 0;
    lab.clockOffset += 2000;
    expect(await textOf("window")).toBe("two");
    expect(one).not.toBe(two);
  });
});

it("a workerd that died is replaced, and the next request is answered", async () => {
  const id = await deployWorker(lab, "fallen", textWorker("up again"));
  const { versions, pool } = lab.cloud.cloudflare.versionSource;
  const record = versions.get(`fallen/${id}`);
  if (!record) throw new Error("the version was not stored");
  expect(await textOf("fallen")).toBe("up again");
  const lease = await pool.lease(record);
  await lease.version.close();
  lease.release();
  expect(await textOf("fallen")).toBe("up again");
});

it("a Worker answers only where workers.dev is on, and everything is there after a restart", async () => {
  await lab.call("PUT", "/workers/scripts/quiet", upload(textWorker("quiet")));
  expect((await lab.ask("quiet")).status).toBe(404);
  await lab.call("POST", "/workers/scripts/quiet/subdomain", { enabled: true });
  const url = lab.cloud.workers().find(({ name }) => name === "quiet")?.url;
  await lab.restart();
  expect(lab.cloud.workers().find(({ name }) => name === "quiet")).toEqual({ name: "quiet", url, answers: true });
  expect(await textOf("quiet")).toBe("quiet");
});
