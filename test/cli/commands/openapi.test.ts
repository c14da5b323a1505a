/** `portico openapi`: writes the reference app's API, and checks the file. */
// @module-tag check
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { openapi } from "../../../framework/cli/commands/openapi.ts";
import { Reporter } from "../../../framework/cli/reporter.ts";

const cwd = fileURLToPath(new URL("../../../", import.meta.url));

const run = (flags: Readonly<Record<string, string | boolean>>): Promise<number> =>
  openapi({
    reporter: new Reporter({ json: true, verbose: false }),
    cwd,
    args: [],
    flags,
    untilStopped: async () => {},
  });

it("writes a file that --check takes until it is changed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "portico-openapi-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const out = join(folder, "api.json");
  await expect(run({ out, check: true })).rejects.toMatchObject({
    code: "OPENAPI_OUTDATED",
    message: expect.stringContaining("does not exist"),
  });
  expect(await run({ out })).toBe(0);
  const text = readFileSync(out, "utf8");
  expect(Object.keys((JSON.parse(text) as { paths: object }).paths)).toEqual(["/api/entries", "/api/notes"]);
  expect(await run({ out, check: true })).toBe(0);
  writeFileSync(out, text.replace("3.1.1", "3.1.0"));
  await expect(run({ out, check: true })).rejects.toMatchObject({ code: "OPENAPI_OUTDATED" });
  await expect(run({ out: join(folder, "none/api.json") })).rejects.toMatchObject({ code: "OUTPUT" });
});
