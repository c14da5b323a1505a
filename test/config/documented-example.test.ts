/** The example in docs/hosting.md is a valid hosting.json. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { loadApp } from "../../framework/config/app-loader.ts";

it("the example of docs/hosting.md is a valid hosting.json", async () => {
  const page = await readFile(join(import.meta.dirname, "../../docs/hosting.md"), "utf8");
  const [, example = ""] = /```jsonc\n(.*?)```/s.exec(page) ?? [];
  const root = await mkdtemp(join(tmpdir(), "portico-docs-"));
  await writeFile(join(root, "hosting.json"), example);
  expect(await loadApp({ root, stage: "prod" })).toMatchObject({
    name: "guestbook",
    env: { GREETING: "안녕하세요" },
    keep: 10,
    protected: true,
  });
  expect(await loadApp({ root, stage: "pr-12" })).toMatchObject({ env: { GREETING: "hello" }, protected: false });
  await rm(root, { recursive: true });
});
