/** The startup check of a Worker before its upload: modules that start, that throw and that take too long. */
import { expect, test } from "vitest";
import type { WorkersBuild } from "../../deploy/workers/build.ts";
import { checkStartup } from "../../framework/cli/startup-check.ts";
import { createUploadCheck } from "../../framework/emulation/workers/upload-check.ts";
import type { App } from "../../framework/model/app.ts";

const handler = "export default { fetch: () => new Response(null) };\n";

function start(code: string, maxStartup?: number): Promise<void> {
  const bytes = Buffer.from(code);
  const build = {
    manifest: { app: { workers: { compatibilityDate: "2026-07-01" } } },
    modules: [{ name: "index.js", type: "esm", bytes: bytes.length }],
    parts: async () => [{ name: "index.js", type: "application/javascript+module", bytes }],
  } as unknown as WorkersBuild;
  return checkStartup(build, { env: {} } as unknown as App, () => undefined, createUploadCheck(maxStartup));
}

test("a Worker that starts is accepted", async () => {
  await expect(start(handler)).resolves.toBeUndefined();
});

test("a Worker that throws while it starts is refused with workerd's message", async () => {
  await expect(start(`throw new Error("not now");\n${handler}`)).rejects.toMatchObject({
    code: "WORKER_START",
    message: expect.stringContaining("not now"),
  });
});

test("a Worker that takes longer to start than the limit is refused each time", async () => {
  // The clock stands still while modules load, so that the code counts rounds: some 0.2 seconds.
  const busy = "let sum = 0; for (let at = 0; at < 2e7; at++) sum = (sum * 31 + at) | 0;\nglobalThis.sum = sum;\n";
  await expect(start(busy + handler, 1)).rejects.toMatchObject({ code: "STARTUP_SLOW" });
});
