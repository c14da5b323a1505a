/** A release to AWS and Cloudflare together: both change, or neither does. */
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Platform } from "../../deploy/platform.ts";
import { release } from "../../deploy/release.ts";
import {
  openDeployFixture as openLambdaRoad,
  page,
  type DeployFixture as LambdaRoad,
} from "./lambda/deploy-fixture.ts";
import { openDeployFixture as openWorkersRoad, type DeployFixture as WorkersRoad } from "./workers/deploy-fixture.ts";

let aws: LambdaRoad;
let cloudflare: WorkersRoad;
beforeEach(async () => {
  [aws, cloudflare] = await Promise.all([openLambdaRoad(), openWorkersRoad()]);
});
afterEach(() => Promise.all([aws.close(), cloudflare.close()]));

const write = (word: string): Promise<unknown> =>
  Promise.all([aws, cloudflare].map((fixture) => fixture.write("functions/index.ts", page(word))));
const releaseTo = (clouds: readonly Platform[], smoke = [{ path: "/", status: 200 }]) =>
  release({
    clouds,
    smoke,
    keep: 3,
    now: () => Date.now(),
    onPlans: async () => undefined,
    onProgress: () => undefined,
    checkpoint: () => undefined,
  });
const live = async () => ({
  aws: (await (await aws.platform({}, false)).observe()).live,
  cloudflare: (await (await cloudflare.platform({}, false)).observe()).live,
});
const say = async (url: string | undefined): Promise<string> =>
  url === undefined ? "nothing" : (await fetch(url)).text();

/** Refuses the n-th call of an operation, and passes all others on. */
function refusing(operation: string, at: number) {
  let seen = 0;
  return async <T>(call: { readonly operation: string }, send: () => Promise<T>): Promise<T> => {
    if (call.operation === operation && ++seen === at) throw new Error(`${operation} is refused here`);
    return send();
  };
}

test("both go live, each with a record of its own", async () => {
  await write("one");
  const released = await releaseTo([await aws.platform(), await cloudflare.platform()]);
  expect(released.map(({ changed }) => changed)).toEqual([true, true]);
  expect(await Promise.all(released.map(({ live: one }) => say(one.url)))).toEqual(["one", "one"]);
  expect((await releaseTo([await aws.platform(), await cloudflare.platform()])).map(({ changed }) => changed)).toEqual([
    false,
    false,
  ]);
});

test("a smoke test that fails on one leaves both as they were", async () => {
  await write("one");
  await releaseTo([await aws.platform(), await cloudflare.platform()]);
  await write("two");
  await cloudflare.write("functions/index.ts", "export const GET = () => new Response(null, { status: 500 });\n");
  await expect(releaseTo([await aws.platform(), await cloudflare.platform()])).rejects.toMatchObject({
    code: "SMOKE_FAILED",
  });
  const now = await live();
  expect([now.aws?.number, now.cloudflare?.number, await say(now.aws?.url)]).toEqual([1, 1, "one"]);
});

test("when the second cannot be promoted the first goes back to what was live", { tags: ["check"] }, async () => {
  await write("one");
  await releaseTo([await aws.platform(), await cloudflare.platform()]);
  await write("two");
  const failing = await cloudflare.platform({ client: { transport: refusing("createDeployment", 2) } });
  await expect(releaseTo([await aws.platform(), failing])).rejects.toThrow("createDeployment is refused here");
  const now = await live();
  expect([await say(now.aws?.url), await say(now.cloudflare?.url)]).toEqual(["one", "one"]);
  const again = await releaseTo([await aws.platform(), await cloudflare.platform()]);
  expect(await Promise.all(again.map((one) => say(one.live.url)))).toEqual(["two", "two"]);
});

test("when taking back fails too, both failures are told, and no lock is left", { tags: ["check"] }, async () => {
  await write("one");
  await releaseTo([await aws.platform(), await cloudflare.platform()]);
  await write("two");
  const awsFailing = await aws.platform({ client: { transport: refusing("UpdateStage", 2) } });
  const failing = await cloudflare.platform({ client: { transport: refusing("createDeployment", 2) } });
  await expect(releaseTo([awsFailing, failing])).rejects.toMatchObject({
    name: "AggregateError",
    errors: [{ message: "createDeployment is refused here" }, { message: "UpdateStage is refused here" }],
  });
  const again = await releaseTo([await aws.platform(), await cloudflare.platform()]);
  expect(await Promise.all(again.map((one) => say(one.live.url)))).toEqual(["two", "two"]);
});

test(
  "a first release that fails on one cloud leaves no $default on AWS, the placeholder on Cloudflare",
  { tags: ["check"] },
  async () => {
    await write("one");
    const failing = await cloudflare.platform({ client: { transport: refusing("createDeployment", 2) } });
    await expect(releaseTo([await aws.platform(), failing])).rejects.toThrow("refused here");
    expect(await live()).toEqual({ aws: undefined, cloudflare: undefined });
    const awsFailing = await aws.platform({ client: { transport: refusing("CreateStage", 2) } });
    await expect(releaseTo([await cloudflare.platform(), awsFailing])).rejects.toThrow("refused here");
    expect(await live()).toEqual({ aws: undefined, cloudflare: undefined });
    const path = "/workers/workers/road--local";
    const { subdomain } = await cloudflare.client.call<{ subdomain: { url: string } }>({
      operation: "get",
      method: "GET",
      path,
    });
    expect((await fetch(subdomain.url)).status).toBe(503);
  },
);
