/**
 * AWS's limits, found before anything is written: the app's own excess is refused, an earlier release's is left out.
 */
// @module-tag check
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { App } from "../../../framework/model/app.ts";
import { toDesiredState } from "../../../deploy/lambda/desired-state.ts";
import type { LambdaBuild } from "../../../deploy/lambda/build.ts";
import type { RecordedAsset } from "../../../deploy/record.ts";
import { isWrite, openDeployFixture, page, place, type DeployFixture } from "./deploy-fixture.ts";

let fixture: DeployFixture;
beforeEach(async () => {
  fixture = await openDeployFixture();
});
afterEach(() => fixture.close());

const answer = async (url: string, path: string): Promise<string> => (await fetch(new URL(path, url))).text();
const noWrites = (): void => expect(fixture.takeCalls().filter(isWrite)).toEqual([]);

describe("files of earlier releases", () => {
  const hashed = (at: number): string => `app.a${String(at).padStart(7, "0")}.js`;

  test("whose keys an API has no room for are left out and named; no folder of theirs hides a route", async () => {
    await fixture.write("functions/[...rest].ts", page("rest"));
    for (let at = 0; at < 4; at++) await fixture.write(`functions/_public/old/${hashed(at)}`, `old ${at}`);
    await fixture.deploy();
    for (let at = 0; at < 4; at++) await fixture.write(`functions/_public/old/${hashed(at)}`, undefined);
    // Index, users, rest, $default and these leave room for two.
    for (let at = 0; at < 294; at++) await fixture.write(`functions/_public/${hashed(100 + at)}`, "new");
    const { live, text } = await fixture.deploy();
    expect(text).toContain(
      "2 files of earlier releases go: a route has their path now, or no route key is left for them",
    );
    const answers = await Promise.all([0, 1, 2, 3].map((at) => answer(live.url, `/old/${hashed(at)}`)));
    expect(answers).toEqual(["old 0", "old 1", "rest", "rest"]);
    expect(await answer(live.url, "/old/else")).toBe("rest");
    expect((await fixture.deploy()).changed).toBe(false);
  });

  test.each([
    ["an HTTP API", {}],
    [
      "a function URL",
      { group: "app", lambda: { architecture: "arm64", logRetention: 30, policies: [], front: "function-url" } },
    ],
  ] as const)("give way to a route that has their path now, behind %s", async (_front, app: Partial<App>) => {
    await fixture.write(`functions/_public/${hashed(1)}`, "file");
    const first = await fixture.deploy({ app });
    expect(await answer(first.live.url, `/${hashed(1)}`)).toBe("file");
    await fixture.write(`functions/_public/${hashed(1)}`, undefined);
    await fixture.write(`functions/${hashed(1)}.ts`, page("route"));
    const { live, text } = await fixture.deploy({ app });
    expect(text).toContain("1 file of earlier releases go");
    expect(await answer(live.url, `/${hashed(1)}`)).toBe("route");
  });

  test("that are too large unpacked are left out and named", () => {
    const asset = (name: string, release: number): RecordedAsset => {
      const path = `/${name}.a0000001.js`;
      return {
        path,
        hash: name,
        bytes: 1000,
        release,
        entry: { path, file: name, hash: name, bytes: 100 * 1024 ** 2, type: "text/javascript" },
      };
    };
    const app = { name: "t", stage: "prod", keep: 3, secrets: [], lambda: { policies: [] } };
    const fn = { id: "assets", hash: "h", settings: { memory: 128, timeout: 3 } };
    const manifest = {
      schemaVersion: 1,
      target: "lambda",
      app,
      routes: [],
      assets: [],
      functions: [],
      assetsFunction: fn,
    };
    const build = {
      manifest,
      archives: [{ fn, zip: "", codeSha256: "" }],
      immutableAssets: [],
      assetsFunctionId: "assets",
      assetsBytes: 1000,
      assetsUnpacked: 1000,
    };
    const record = { assets: [asset("a", 1), asset("b", 1), asset("c", 1)], functions: [], routes: [], state: "live" };
    const live = { number: 1, hash: "", ref: "r", url: "", record };
    const deployed = { live, releases: [live] } as unknown as Parameters<typeof toDesiredState>[2];
    const draft = toDesiredState(build as unknown as LambdaBuild, { env: {}, secretVersions: {} }, deployed, place);
    expect(draft.assets.map(({ path }) => path)).toEqual(["/a.a0000001.js", "/b.a0000001.js"]);
    expect(draft.parts.find(({ name }) => name === "assets")?.note).toContain(
      "1 file of earlier releases (0.0 MB) no longer fit and go",
    );
  });
});

const statements = (word: string): App["lambda"]["policies"] =>
  Array.from({ length: 60 }, (_, at) => ({
    Effect: "Allow",
    Action: "s3:GetObject",
    Resource: `arn:aws:s3:::bucket-of-${word}-${at}/*`,
  }));
const allowing = (policies: App["lambda"]["policies"]) => ({
  app: { lambda: { architecture: "arm64" as const, logRetention: 30, policies } },
});

test("a policy that exceeds a role's limit is refused before any write; a full one may follow another", async () => {
  await expect(fixture.deploy(allowing([...statements("one"), ...statements("two")]))).rejects.toMatchObject({
    code: "POLICY_SIZE",
    message: expect.stringContaining("role of index has") as string,
  });
  noWrites();
  await fixture.deploy(allowing(statements("one")));
  await fixture.deploy(allowing(statements("two")));
});

test("--only is refused where all that stays live and the new route are more than an API has", async () => {
  const write = (count: number, word: string) =>
    Promise.all(Array.from({ length: count }, (_, at) => fixture.write(`functions/${word}${at}.ts`, page(word))));
  const app = { group: "folder" as const };
  await write(296, "a");
  await fixture.deploy({ app });
  await fixture.write("functions/new/[[...rest]].ts", page("new"));
  for (let at = 0; at < 3; at++) await fixture.write(`functions/a${at}.ts`, undefined);
  fixture.takeCalls();
  await expect(fixture.deploy({ app, only: "functions/new/[[...rest]].ts" })).rejects.toMatchObject({
    code: "ONLY_TOO_MANY",
  });
  noWrites();
  await fixture.deploy({ app });
});
