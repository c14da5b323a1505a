/** `portico types`: what it writes and when --check fails. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { types } from "../../../framework/cli/commands/types.ts";
import { Reporter } from "../../../framework/cli/reporter.ts";
import { appFolder } from "../../routes/app-folder.ts";

const run = (cwd: string, flags: Readonly<Record<string, boolean>> = {}): Promise<number> =>
  types({ reporter: new Reporter({ json: true, verbose: false }), cwd, args: [], flags, untilStopped: async () => {} });

it("writes once, and --check fails after a route came", async () => {
  const root = appFolder({
    "hosting.json": `{ "name": "typed", "env": { "GREETING": "hi" } }`,
    "functions/index.ts": `throw new Error("is not run");\nexport const GET = () => new Response();\n`,
  });
  await expect(run(root, { check: true })).rejects.toMatchObject({ code: "TYPES_OUTDATED" });
  expect(await run(root)).toBe(0);
  expect(readFileSync(join(root, "routes.d.ts"), "utf8")).toContain(
    `readonly "/": typeof import("./functions/index.ts");`,
  );
  expect(await run(root, { check: true })).toBe(0);
  writeFileSync(join(root, "functions/more.ts"), "export const GET = () => new Response();\n");
  await expect(run(root, { check: true })).rejects.toMatchObject({ code: "TYPES_OUTDATED" });
});
