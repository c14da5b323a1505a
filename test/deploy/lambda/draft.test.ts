import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readBuild } from "../../../deploy/lambda/read-build.ts";

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
