/** Deploys to Cloudflare that are killed at any writing call and repeated. */
// @module-tag check
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ClientOptions } from "../../../deploy/workers/client.ts";
import { putPlaceholder } from "../../../deploy/workers/placeholder.ts";
import { isWrite, openDeployFixture, page, type DeployFixture } from "./deploy-fixture.ts";

let fixture: DeployFixture;
beforeEach(async () => {
  fixture = await openDeployFixture();
});
afterEach(() => fixture.close());

const reads = /^(get|list|find)/;

/** From its k-th writing call on nothing of the process reaches the cloud; that call did, or did not. */
function dying(at: number, effect: "before" | "after"): ClientOptions & { readonly isDead: () => boolean } {
  let writes = 0;
  let isDead = false;
  const die = (): never => {
    isDead = true;
    throw new Error("killed");
  };
  return {
    isDead: () => isDead,
    async transport({ operation }, send) {
      if (isDead) die();
      const isLast = !reads.test(operation) && ++writes === at;
      if (isLast && effect === "before") die();
      const answer = await send();
      return isLast ? die() : answer;
    },
  };
}

/** Any other failure is one of the test. */
async function dies(run: Promise<unknown>, { isDead }: { readonly isDead: () => boolean }): Promise<boolean> {
  try {
    await run;
    return false;
  } catch (error) {
    if (isDead()) return true;
    throw error;
  }
}

const change = async (word: string): Promise<void> => {
  await fixture.write("functions/index.ts", page(word));
  await fixture.write("functions/_public/word.txt", word);
};
const observe = async () => (await fixture.platform({}, false)).observe();
const say = async (url: string): Promise<readonly string[]> =>
  Promise.all(["/", "/word.txt"].map(async (path) => (await fetch(new URL(path, url))).text()));

describe.each(["before", "after"] as const)("killed %s a call took effect", (effect) => {
  test("a first deploy", async () => {
    await change("one");
    let deaths = 0;
    for (let at = 1; ; at++) {
      const client = dying(at, effect);
      if (!(await dies(fixture.deploy({ client }), client))) break;
      deaths = at;
      const again = await fixture.deploy();
      expect([again.live.number, await say(again.live.url)], `call ${at}`).toEqual([1, ["one", "one"]]);
      expect((await fixture.deploy()).changed, `call ${at}`).toBe(false);
      expect((await observe()).leftovers, `call ${at}`).toEqual([]);
      await (await fixture.platform({}, false)).operations.remove(true);
    }
    // An asset session and its files (which the account keeps), the placeholder, workers.dev, the version, the
    // candidate, the switch.
    expect(deaths).toBe(6);
  });

  test("an update", async () => {
    await change("0");
    let { live } = await fixture.deploy();
    let deaths = 0;
    for (let at = 1; ; at++) {
      const before = await say(live.url);
      await change(String(at));
      const client = dying(at, effect);
      if (!(await dies(fixture.deploy({ client }), client))) break;
      deaths = at;
      expect([before, [String(at), String(at)]], `call ${at}`).toContainEqual(await say(live.url));
      fixture.takeCalls();
      const again = await fixture.deploy();
      expect([again.live.number, await say(again.live.url)], `call ${at}`).toEqual([at + 1, [String(at), String(at)]]);
      expect(again.plan.changes.filter(({ kind }) => kind === "function").map(({ name }) => name)).toEqual([
        "index",
        "users-id",
      ]);
      expect((await observe()).leftovers, `call ${at}`).toEqual([]);
      fixture.takeCalls();
      expect((await fixture.deploy()).changed, `call ${at}`).toBe(false);
      expect(fixture.takeCalls().filter(isWrite)).toEqual([]);
      ({ live } = again);
    }
    // An asset session, a file, the version, the candidate, the switch.
    expect(deaths).toBe(5);
  });

  test("a rollback to a number, and remove", async () => {
    await change("one");
    await fixture.deploy();
    await change("two");
    await fixture.deploy();
    const client = dying(1, effect);
    const platform = await fixture.platform({ client }, false);
    const { releases } = await platform.observe();
    await expect(platform.promote(releases[0]!)).rejects.toThrow("killed");
    const { live } = await observe();
    expect([live?.number, await say(live?.url ?? "")]).toEqual(
      effect === "after" ? [1, ["one", "one"]] : [2, ["two", "two"]],
    );
    const removing = dying(1, effect);
    await expect((await fixture.platform({ client: removing }, false)).operations.remove(true)).rejects.toThrow(
      "killed",
    );
    await (await fixture.platform({}, false)).operations.remove(true);
    expect(await observe()).toMatchObject({ parts: [], releases: [], leftovers: [] });
  });
});

test("when the first answer to every call is lost, nothing is made twice", async () => {
  const lost = new Set<string>();
  const transport: ClientOptions["transport"] = async ({ operation }, send) => {
    const answer = await send();
    if (lost.has(operation)) return answer;
    lost.add(operation);
    throw Object.assign(new Error("the answer is lost"), { code: "ECONNRESET" });
  };
  await change("one");
  const { live } = await fixture.deploy({ client: { transport } });
  expect([lost.size > 8, await say(live.url)]).toEqual([true, ["one", "one"]]);
  expect((await observe()).releases.map(({ number }) => number)).toEqual([1]);
  const calls = fixture.takeCalls().filter(({ method }) => method === "POST");
  const made = (path: RegExp): number => calls.filter((call) => path.test(call.path)).length;
  expect([made(/\/versions\?/), made(/\/deployments\?/)]).toEqual([1, 2]);
});

test("a placeholder whose answer is lost is put once; a foreign Worker of that name is left alone", async () => {
  const lose = (instead: () => Promise<unknown>): ClientOptions => {
    let isLost = false;
    return {
      async transport({ operation }, send) {
        if (operation !== "uploadScript" || isLost) return send();
        isLost = true;
        await instead();
        throw Object.assign(new Error("the answer is lost"), { code: "ECONNRESET" });
      },
    };
  };
  await change("one");
  const foreign = async (): Promise<void> => {
    await putPlaceholder(fixture.client, { app: "road", stage: "local" }, "2026-07-01");
    const path = "/workers/scripts/road--local/script-settings";
    await fixture.client.call({
      operation: "patchScriptSettings",
      method: "PATCH",
      path,
      json: { tags: ["portico:app=else"] },
    });
  };
  await expect(fixture.deploy({ client: lose(foreign) })).rejects.toMatchObject({ code: "NAME_TAKEN" });
  expect(fixture.takeCalls().filter(({ method }) => method === "PUT")).toHaveLength(1);
});
