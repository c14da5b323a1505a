/** The desired state on Lambda: function names that collide are refused. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { toDesiredState } from "../../../deploy/lambda/desired-state.ts";
import { readBuild } from "../../../deploy/lambda/build.ts";
import type { Manifest } from "../../../framework/model/manifest.ts";

test.each([
  ["nothing", undefined, "BUILD_MISSING"],
  ["what is no manifest", "{", "MANIFEST"],
  ["the manifest of a later Portico", `{"schemaVersion":2,"target":"lambda"}`, "MANIFEST_VERSION"],
  ["a build for another target", `{"schemaVersion":1,"target":"node"}`, "BUILD_TARGET"],
])("a folder with %s is refused", async (_, text, code) => {
  const folder = mkdtempSync(join(tmpdir(), "portico-draft-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  if (text !== undefined) writeFileSync(join(folder, "manifest.json"), text);
  await expect(readBuild(folder)).rejects.toMatchObject({ code });
});

test("an app that an HTTP API has no room for is refused before any call", () => {
  const functions = Array.from({ length: 300 }, (_, at) => ({ id: `r${at}` }));
  const app = { name: "t", stage: "prod", lambda: {} };
  const manifest = {
    schemaVersion: 1,
    target: "lambda",
    app,
    routes: [],
    assets: [],
    functions,
  } as unknown as Manifest;
  const build = {
    manifest,
    archives: [],
    immutableAssets: [],
    assetsFunctionId: undefined,
    assetsBytes: 0,
    assetsUnpacked: 0,
  };
  const draft = (): unknown =>
    toDesiredState(
      build,
      { env: {}, secretVersions: {} },
      { releases: [] },
      { account: "000000000000", region: "us-east-1" },
    );
  expect(draft).toThrow(expect.objectContaining({ code: "TOO_MANY_FUNCTIONS" }));
});
