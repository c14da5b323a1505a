/** Rollback, promotion, canaries and removal on the local Cloudflare. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createRollbackJournal } from "../../../deploy/rollback-journal.ts";
import type { ClientOptions } from "../../../deploy/workers/client.ts";
import { setSecrets } from "../../../deploy/workers/secrets.ts";
import { switchRelease, type Switch } from "../../../deploy/switch.ts";
import { isWrite, openDeployFixture, page, type DeployFixture } from "./deploy-fixture.ts";

let fixture: DeployFixture;
beforeEach(async () => {
  fixture = await openDeployFixture();
});
afterEach(() => fixture.close());

const owner = { app: "road", stage: "local" };
const answer = async (url: string, headers: Record<string, string> = {}): Promise<string> =>
  (await fetch(url, { headers })).text();
const deployWord = async (word: string, options: Parameters<DeployFixture["deploy"]>[0] = {}) => {
  await fixture.write("functions/index.ts", page(word));
  return fixture.deploy(options);
};
const smoke = [{ path: "/", status: 200 }];
const move = async (
  command: "rollback" | "promote",
  number?: number,
  options: Partial<{ smoke: typeof smoke }> = {},
) => {
  let seen: Switch | undefined;
  const platform = await fixture.platform({}, false);
  const moved = await switchRelease({
    platform,
    command,
    smoke,
    ...options,
    ...(number !== undefined && { number }),
    onSwitch: async (change) => void (seen = change),
  });
  return { ...moved, seen };
};
const observed = async () => (await fixture.platform({}, false)).observe();

test("a rollback is one writing call, and needs no build", async () => {
  const first = await deployWord("a");
  await deployWord("b");
  fixture.takeCalls();
  const { live, changed } = await move("rollback");
  const writes = fixture.takeCalls().filter(isWrite);
  expect([changed, live.number, live.url]).toEqual([true, 1, first.live.url]);
  expect(writes.map(({ path }) => path.replace(/^.*scripts\//, ""))).toEqual(["road--local/deployments?force=true"]);
  expect(await answer(live.url)).toBe("a");
  expect((await move("promote", 2)).live.number).toBe(2);
  expect(await answer(live.url)).toBe("b");
  expect((await move("promote", 2)).changed).toBe(false);
  await expect(move("promote", 9)).rejects.toMatchObject({
    code: "RELEASE_UNKNOWN",
    message: expect.stringContaining("1, 2"),
  });
});

test(
  "after a rollback the next release has a number of its own, and what was rolled back from can be promoted",
  { tags: ["check"] },
  async () => {
    for (const word of ["a", "b", "c"]) await deployWord(word);
    await move("rollback", 1);
    expect((await observed()).releases.map(({ number, record }) => [number, record?.state])).toEqual([
      [1, "live"],
      [2, "live"],
      [3, "live"],
    ]);
    const next = await deployWord("d");
    expect([next.live.number, await answer(next.live.url)]).toEqual([4, "d"]);
    await expect(move("rollback")).resolves.toMatchObject({ live: { number: 3 } });
  },
);

test(
  "a rollback that was cut off after its call is not done twice where it ran, and then goes further",
  { tags: ["check"] },
  async () => {
    for (const word of ["a", "b", "c"]) await deployWord(word);
    const journal = createRollbackJournal(join(fixture.root, "rollback.json"), Date.now);
    const roll = async (client: ClientOptions = {}) =>
      switchRelease({
        platform: await fixture.platform({ client }, false),
        command: "rollback",
        smoke,
        journal,
        onSwitch: async () => undefined,
      });
    const cut: ClientOptions["transport"] = async ({ operation }, send) => {
      const answer = await send();
      if (operation === "createDeployment") throw new Error("killed");
      return answer;
    };
    await expect(roll({ transport: cut })).rejects.toThrow("killed");
    expect(await roll()).toMatchObject({ live: { number: 2 }, changed: false, cutOffFrom: 3 });
    const again = await roll();
    expect(again).toMatchObject({ live: { number: 1 }, changed: true });
    expect(again).not.toHaveProperty("cutOffFrom");
    // What was released since is another state: then it is no repeat.
    await move("promote", 3);
    await expect(roll({ transport: cut })).rejects.toThrow("killed");
    await deployWord("d");
    await move("promote", 2);
    expect(await roll()).toMatchObject({ live: { number: 1 }, changed: true });
  },
);

test("a rollback over changed secrets says which", { tags: ["check"] }, async () => {
  const app = { secrets: ["KEY"] };
  const client = fixture.client;
  await setSecrets(client, owner, new Map([["KEY", "one"]]), { compatibilityDate: "2026-07-01" });
  await fixture.deploy({ app });
  await setSecrets(client, owner, new Map([["KEY", "two"]]), { compatibilityDate: "2026-07-01" });
  await fixture.deploy({ app });
  const { seen, live } = await move("rollback");
  expect([seen?.secrets, seen?.stays, live.number]).toEqual([["KEY"], [], 1]);
});

describe("what moved since it was looked at", { tags: ["check"] }, () => {
  test("is not deployed over: the plan is refused, nothing is written", async () => {
    await deployWord("a");
    await fixture.write("functions/index.ts", page("b"));
    const platform = await fixture.platform();
    const seen = await platform.observe();
    const { live } = await deployWord("c");
    fixture.takeCalls();
    await expect(platform.records.lock({ command: "deploy", functions: [] }, seen)).rejects.toMatchObject({
      code: "MOVED",
    });
    expect(fixture.takeCalls().filter(isWrite)).toEqual([]);
    expect(await answer(live.url)).toBe("c");
  });

  test("is seen just before the traffic would move", async () => {
    await deployWord("a");
    const platform = await fixture.platform();
    const seen = await platform.observe();
    const lease = await platform.records.lock({ command: "promote", functions: [] }, seen);
    await lease.confirm();
    const { live } = await deployWord("b");
    await expect(lease.confirm()).rejects.toMatchObject({ code: "MOVED" });
    expect(await answer(live.url)).toBe("b");
  });

  test("a plan that was written is refused", async () => {
    await deployWord("a");
    const { plan } = await deployWord("b");
    await expect(fixture.deploy({ expected: [plan] })).rejects.toMatchObject({ code: "PLAN_STALE" });
  });
});

describe("a canary", { tags: ["check"] }, () => {
  const shares = async (url: string): Promise<Record<string, number>> => {
    const words = await Promise.all(
      Array.from({ length: 60 }, (_, at) => answer(url, { "cloudflare-workers-version-key": `visitor-${at}` })),
    );
    return Object.fromEntries([...Map.groupBy(words, (word) => word)].map(([word, all]) => [word, all.length]));
  };

  test("has its part of the traffic, visitors keep their version, and nothing is deployed meanwhile", async () => {
    const { live } = await deployWord("a");
    const made = await deployWord("b", { canary: 40 });
    expect([made.live.number, made.canary?.release.number, made.canary?.percentage, made.changed]).toEqual([
      1,
      2,
      40,
      true,
    ]);
    const seen = await shares(live.url);
    expect(Object.keys(seen).toSorted()).toEqual(["a", "b"]);
    expect(await shares(live.url)).toEqual(seen);
    expect(await observed()).toMatchObject({
      live: { number: 1 },
      canary: { release: { number: 2 }, percentage: 40 },
      leftovers: [],
    });
    await expect(deployWord("c")).rejects.toMatchObject({
      code: "CANARY_RUNNING",
      fix: expect.stringMatching(/portico promote 2 .*portico rollback 1 /),
    });
    expect(await move("promote")).toMatchObject({ changed: true, live: { number: 2 } });
    expect(await shares(live.url)).toEqual({ b: 60 });
    expect((await deployWord("c")).live.number).toBe(3);
  });

  test("is taken back by a rollback", async () => {
    const { live } = await deployWord("a");
    await deployWord("b", { canary: 40 });
    expect(await move("rollback")).toMatchObject({ changed: true, live: { number: 1 } });
    expect(await shares(live.url)).toEqual({ a: 60 });
    expect(await observed()).not.toHaveProperty("canary");
  });

  test("that does not pass when it is promoted loses its part", async () => {
    const { live } = await deployWord("a");
    await deployWord("b", { canary: 40 });
    await expect(move("promote", 2, { smoke: [{ path: "/", status: 418 }] })).rejects.toMatchObject({
      code: "SMOKE_FAILED",
    });
    expect(await shares(live.url)).toEqual({ a: 60 });
  });

  test("cannot be the first release", async () => {
    await expect(fixture.deploy({ canary: 10 })).rejects.toMatchObject({ code: "CANARY_FIRST" });
    expect(fixture.takeCalls().filter(isWrite)).toEqual([]);
  });
});

describe("secrets", { tags: ["check"] }, () => {
  test("are set without a deployment, before and after the first release, and come with the next one", async () => {
    await fixture.write(
      "functions/index.ts",
      "export const GET = (_: Request, { env }: { env: unknown }) => Response.json(env);\n",
    );
    const app = { secrets: ["KEY"] };
    expect([
      ...(await setSecrets(
        fixture.client,
        owner,
        new Map([
          ["KEY", "one"],
          ["LATER", "x"],
        ]),
        { compatibilityDate: "2026-07-01" },
      )),
    ]).toEqual([
      ["KEY", 1],
      ["LATER", 1],
    ]);
    const { live, text } = await fixture.deploy({ app });
    expect(text).toMatch(/\+ secret {6}KEY/);
    expect(JSON.parse(await answer(live.url))).toEqual({ KEY: "one" });
    fixture.takeCalls();
    await setSecrets(fixture.client, owner, new Map([["KEY", "two"]]), { compatibilityDate: "2026-07-01" });
    const writes = fixture.takeCalls().filter(isWrite);
    expect(writes.map(({ method, path }) => `${method} ${path.replace(/^.*workers\/workers\//, "")}`)).toEqual([
      "PATCH road--local/versions/latest",
    ]);
    expect(JSON.parse(await answer(live.url))).toEqual({ KEY: "one" });
    const second = await fixture.deploy({ app: { secrets: ["KEY", "LATER"] } });
    expect(JSON.parse(await answer(live.url))).toEqual({ KEY: "two", LATER: "x" });
    expect(JSON.stringify(second)).not.toContain("two");
  });

  test("one that is set while a release is uploaded stops it, and is not lost", async () => {
    const app = { secrets: ["KEY"] };
    await setSecrets(fixture.client, owner, new Map([["KEY", "one"]]), { compatibilityDate: "2026-07-01" });
    const { live } = await fixture.deploy({ app });
    await fixture.write("functions/index.ts", page("next"));
    let isSet = false;
    const transport = async <T>({ operation }: { operation: string }, send: () => Promise<T>): Promise<T> => {
      if (operation === "createVersion" && !isSet) {
        isSet = true;
        await setSecrets(fixture.client, owner, new Map([["KEY", "two"]]), { compatibilityDate: "2026-07-01" });
      }
      return send();
    };
    await expect(fixture.deploy({ app, client: { transport } })).rejects.toMatchObject({ code: "MOVED" });
    expect(await answer(live.url)).toBe("home");
    const again = await fixture.deploy({ app });
    expect([again.plan.changes.find(({ kind }) => kind === "secret")?.reason, await answer(live.url)]).toEqual([
      "version 1 → 2",
      "next",
    ]);
  });
});

describe("rounds of calls, one after the other", { tags: ["check"] }, () => {
  /** Calls that overlap are one round. */
  const rounds = async (
    work: (client: NonNullable<Parameters<DeployFixture["deploy"]>[0]>["client"]) => Promise<unknown>,
  ): Promise<number> => {
    let running = 0;
    let count = 0;
    await work({
      transport: async (_call, send) => {
        if (running === 0) count += 1;
        running += 1;
        try {
          return await send();
        } finally {
          running -= 1;
        }
      },
    });
    return count;
  };

  test("an unchanged deploy has at most 6, a changed route 10, a rollback 4", async () => {
    await fixture.write("functions/_public/style.css", "body{}");
    await deployWord("a");
    await deployWord("b");
    const unchanged = await rounds((client) => fixture.deploy({ ...(client && { client }) }));
    await fixture.write("functions/index.ts", page("c"));
    const changed = await rounds((client) => fixture.deploy({ ...(client && { client }) }));
    const roll = async (client: Parameters<Parameters<typeof rounds>[0]>[0]) => {
      const platform = await fixture.platform({ ...(client && { client }) }, false);
      await switchRelease({ platform, command: "rollback", smoke, onSwitch: async () => undefined });
    };
    const rollback = await rounds(roll);
    // Beside the API a changed route asks its candidate twice: which version it is, and the smoke test. One of the nine
    // looks whether the candidate's place would still be beside what is live (test/deploy/promises/stale-plan.test.ts).
    expect({ unchanged, changed, rollback }).toEqual({ unchanged: 2, changed: 9, rollback: 4 });
  });
});
