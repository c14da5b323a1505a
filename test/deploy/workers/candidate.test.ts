/** A candidate is judged by its own answers, although some nodes do not know the last switch yet. */
// @module-tag check
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { seededRandom } from "../../../framework/cloud/seeded-random.ts";
import { release } from "../../../deploy/release.ts";
import { switchRelease } from "../../../deploy/switch.ts";
import { virtualClock } from "../virtual-clock.ts";
import { isWrite, openDeployFixture, page, type DeployFixture } from "./deploy-fixture.ts";

/** Every switch is known to half of the nodes for as long as the test runs. */
async function openSlow(random: () => number): Promise<DeployFixture> {
  const fixture = await openDeployFixture({ propagation: () => 600_000, random });
  onTestFinished(() => fixture.close());
  return fixture;
}

/** A road on which `old` says whether the next requests meet a node that does not know the last switch. */
async function openTurns() {
  let old: readonly boolean[] = [];
  // One look for the node, one for the version.
  let looks = 0;
  const fixture = await openSlow(() => (old[Math.floor(looks++ / 2)] ? 0 : 0.9));
  return {
    fixture,
    next(turns: readonly boolean[]): void {
      old = turns;
      looks = 0;
    },
  };
}

const failing = "export const GET = () => new Response(null, { status: 500 });\n";
const wait = () => ({ client: { clock: virtualClock() } });

test("the placeholder's 503 is no answer of a first release", async () => {
  const { fixture, next } = await openTurns();
  next([false, true, true, true]);
  expect(await fixture.deploy(wait())).toMatchObject({ changed: true, live: { number: 1 } });
});

test("the live release's good answer is none of a candidate that fails", async () => {
  const { fixture, next } = await openTurns();
  await fixture.deploy(wait());
  await fixture.write("functions/index.ts", failing);
  next([false, true, true, true]);
  await expect(fixture.deploy(wait())).rejects.toMatchObject({
    code: "SMOKE_FAILED",
    message: expect.stringContaining("status 500"),
  });
});

test("a static file is asked for again while it is not there, and costs no wait where it is", async () => {
  const { fixture, next } = await openTurns();
  await fixture.deploy(wait());
  await fixture.write("functions/_public/word.txt", "word");
  const app = { smoke: [{ path: "/word.txt?a", status: 200 }] };
  next([false, false, true, true]);
  const [slow, quick] = [virtualClock(), virtualClock()];
  await fixture.deploy({ app, client: { clock: slow } });
  expect(slow.pauses).toEqual([250, 250]);
  await fixture.write("functions/index.ts", page("other"));
  next([]);
  await fixture.deploy({ app, client: { clock: quick } });
  expect(quick.pauses).toEqual([]);
});

test("a folder's page and the app's own 404 page come through the Worker, and are proved", async () => {
  const fixture = await openDeployFixture();
  onTestFinished(() => fixture.close());
  await fixture.write("functions/index.ts", undefined);
  await fixture.write("functions/_public/index.html", "home");
  await fixture.write("functions/_public/404.html", "none");
  const clock = virtualClock();
  const smoke = [
    { path: "/", status: 200 },
    { path: "/none", status: 404 },
    { path: "/%zz", status: 400 },
  ];
  expect(await fixture.deploy({ app: { smoke }, client: { clock } })).toMatchObject({ changed: true });
  expect(clock.pauses).toEqual([]);
});

test("a candidate that no node knows is told of as that", async () => {
  const { fixture, next } = await openTurns();
  await fixture.deploy(wait());
  await fixture.write("functions/index.ts", page("other"));
  next([false, ...Array.from({ length: 200 }, () => true)]);
  await expect(fixture.deploy(wait())).rejects.toMatchObject({
    code: "CANDIDATE_UNSEEN",
    message: expect.stringMatching(
      /^GET \/ was not answered by release 2 .*status 200 by another release.*release 1 stays live$/,
    ),
  });
});

test("a canary is judged by its own answers when it is made, and again when it is promoted", async () => {
  const { fixture, next } = await openTurns();
  const smoke = [
    { path: "/", status: 200 },
    { path: "/word.txt", status: 200 },
  ];
  await fixture.write("functions/_public/word.txt", "word");
  await fixture.deploy(wait());
  await fixture.write("functions/index.ts", page("other"));
  await fixture.deploy({ ...wait(), app: { smoke }, canary: 10 });
  const clock = virtualClock();
  const switching = { command: "promote", smoke, sleep: clock.sleep, onSwitch: async () => undefined } as const;
  next([true, false, false, false]);
  const { live } = await switchRelease({ ...switching, platform: await fixture.platform({}, false) });
  expect([live.number, clock.pauses]).toEqual([2, []]);
});

describe("functions that were never asked anything are started by the candidate", () => {
  const open = async (): Promise<DeployFixture> => {
    const fixture = await openDeployFixture();
    onTestFinished(() => fixture.close());
    return fixture;
  };
  const probes = (fixture: DeployFixture): number =>
    fixture.takeAsked().filter((what) => what === "GET /.portico/version").length;
  const many = async (fixture: DeployFixture, files: Readonly<Record<string, string>> = {}): Promise<void> => {
    for (let at = 0; at < 20; at++) await fixture.write(`functions/r${at}.ts`, page("r"));
    for (const [file, text] of Object.entries(files)) await fixture.write(file, text);
  };

  test("a few per request: all of a first release, then the changed ones, all after changed settings", async () => {
    const fixture = await open();
    await many(fixture);
    await fixture.deploy();
    expect(probes(fixture)).toBe(3);
    await fixture.write("functions/index.ts", page("other"));
    await fixture.write("functions/added.ts", page("added"));
    await fixture.deploy();
    expect(probes(fixture)).toBe(1);
    await fixture.write("functions/_public/word.txt", "word");
    await fixture.deploy();
    expect(probes(fixture)).toBe(1);
    await fixture.deploy({ env: { WORD: "one" } });
    expect(probes(fixture)).toBe(3);
    expect(await (await fixture.platform({ env: { WORD: "one" } })).observe()).toMatchObject({ live: { number: 4 } });
  });

  test("all that throw are named, with their files and what they say, and nothing goes live", async () => {
    const fixture = await open();
    const first = await fixture.deploy();
    await many(fixture, {
      "functions/r3.ts": `throw new TypeError("three");\n${page("never")}`,
      "functions/r17.ts": `if (!process.env["WORD"]) throw new Error("no WORD");\n${page("seventeen")}`,
    });
    const refused = fixture.deploy();
    await expect(refused).rejects.toMatchObject({
      code: "PROBE_FAILED",
      message: expect.stringMatching(/^2 routes of release 2 /),
    });
    await expect(refused).rejects.toThrow(
      "/r17 (functions/r17.ts): Error: no WORD; /r3 (functions/r3.ts): TypeError: three",
    );
    expect(await (await fetch(first.live.url)).text()).toBe("home");
    expect((await fetch(new URL("/r3", first.live.url))).status).toBe(404);
    await fixture.write("functions/r3.ts", page("three"));
    expect(await fixture.deploy({ env: { WORD: "one" } })).toMatchObject({ changed: true });
  });

  test("one that never ends its start is one of them", async () => {
    const fixture = await open();
    await fixture.write("functions/r5.ts", `await new Promise(() => undefined);\n${page("never")}`);
    await expect(fixture.deploy(wait())).rejects.toThrow(
      /^a route of release 1 did not start: \/r5 \(functions\/r5\.ts\): Error: Top-level await/,
    );
  });

  test("one that changed is refused before it is uploaded when its folder is not what was built", async () => {
    const fixture = await open();
    await fixture.deploy();
    await fixture.write("functions/index.ts", page("other"));
    const platform = await fixture.platform();
    await appendFile(join(fixture.root, ".portico/build/workers/functions/index.js"), "//");
    fixture.takeCalls();
    const released = release({
      clouds: [platform],
      smoke: [],
      keep: 3,
      now: Date.now,
      onPlans: async () => undefined,
      onProgress: () => undefined,
      checkpoint: () => undefined,
    });
    await expect(released).rejects.toMatchObject({ code: "BUILD_CHANGED" });
    expect(fixture.takeCalls().filter(isWrite)).toEqual([]);
  });
});

test.each([1, 2, 3, 4])(
  "with nodes as seed %i has them, what works goes live and what fails does not",
  async (seed) => {
    const fixture = await openSlow(seededRandom(seed));
    expect(await fixture.deploy(wait())).toMatchObject({ live: { number: 1 } });
    await fixture.write("functions/index.ts", failing);
    await expect(fixture.deploy(wait())).rejects.toMatchObject({
      code: "SMOKE_FAILED",
      message: expect.stringContaining("status 500"),
    });
    await fixture.write("functions/index.ts", page("two"));
    expect(await fixture.deploy(wait())).toMatchObject({ changed: true, live: { number: 3 } });
  },
);
