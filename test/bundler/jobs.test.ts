/** Builds of apps with jobs: their modules, the manifest, what a route that sends contains, and the errors. */
// @module-tag isolated
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build as esbuild } from "esbuild";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { BuiltJobs } from "../../framework/features/jobs/built-jobs.ts";
import type { JobHandlers } from "../../framework/features/jobs/workers-handlers.ts";
import type { RunOptions } from "../../framework/features/jobs/run.ts";
import type { App } from "../../framework/model/app.ts";
import type { Env } from "../../framework/runtime/handler.ts";
import type { UserError } from "../../framework/model/user-error.ts";
import { build, makeApp, makeFolder } from "./test-app.ts";

const files = {
  "functions/index.ts":
    `import { send } from "portico/jobs"; ` +
    `export const GET = async (_, context) => Response.json(await send(context, "digest"));`,
  "functions/plain.ts": `export const GET = () => new Response("plain");`,
  "functions/_jobs/digest.ts":
    `import { shared } from "../_lib/shared.ts"; ` +
    `export default (data, context) => { context.env.seen.push(shared(data)); };`,
  "functions/_jobs/clean-up.ts": `export default () => {};`,
  "functions/_lib/shared.ts": `export const shared = (data: unknown) => ["shared", data];`,
};
const jobs = { digest: { cron: "0 9 * * *", zone: "Asia/Seoul", timeout: 10 } };

const gzipped = (bytes: Uint8Array): number => gzipSync(bytes, { level: 9 }).length;

async function mistake(building: Promise<unknown>): Promise<UserError> {
  return building.then(
    () => {
      throw new Error("it was built");
    },
    (error: unknown) => error as UserError,
  );
}

describe("a build for Node with jobs", () => {
  it("has a module of all jobs, which runs them and knows their schedules", async () => {
    const { manifest, out } = await build(makeFolder(files), "node", { jobs });
    expect(manifest.jobs).toMatchObject([
      { name: "clean-up", file: "functions/_jobs/clean-up.ts", retries: 3, timeout: 300, main: "jobs/clean-up.js" },
      { name: "digest", cron: "0 9 * * *", zone: "Asia/Seoul", retries: 3, timeout: 10, main: "jobs/digest.js" },
    ]);
    for (const { hash, bytes } of manifest.jobs ?? []) {
      expect(hash).toMatch(/^[0-9a-f]{64}$/);
      expect(bytes).toBeGreaterThan(10);
    }
    const url = pathToFileURL(join(out, "jobs.js")).href;
    const { default: built } = (await import(url)) as { readonly default: BuiltJobs };
    const at = Date.parse("2026-11-29T00:00Z");
    expect(built.ticksAt(at).map((body) => (JSON.parse(body) as { readonly id: string }).id)).toEqual([
      "digest@2026-11-29T00:00Z",
    ]);
    const seen: unknown[] = [];
    const call: RunOptions["call"] = {
      env: { seen } as unknown as Env,
      platform: { name: "node" },
      waitUntil: () => {},
    };
    const body = JSON.stringify({ job: "digest", data: 7, id: "one" });
    expect(await built.run({ body, attempt: 1 }, { call })).toEqual({ type: "done" });
    expect(seen).toEqual([["shared", 7]]);
  });

  it("changes nothing of a route that sends no job", async () => {
    const { "functions/_jobs/digest.ts": _, "functions/_jobs/clean-up.ts": __, ...others } = files;
    const [withJobs, without] = await Promise.all([
      build(makeFolder(files), "node", { jobs }),
      build(makeFolder({ ...others, "functions/index.ts": files["functions/plain.ts"] }), "node"),
    ]);
    const hashOf = ({ manifest }: typeof withJobs): string | undefined =>
      manifest.functions.find(({ id }) => id === "plain")?.hash;
    expect(hashOf(withJobs)).toBe(hashOf(without));
    expect(without.manifest).not.toHaveProperty("jobs");
  });

  it("gives a route that sends another hash when the names of the jobs change, and no schedule", async () => {
    const more = { ...files, "functions/_jobs/other.ts": files["functions/_jobs/clean-up.ts"] };
    const [one, other, later] = await Promise.all([
      build(makeFolder(files), "node", { jobs }),
      build(makeFolder(more), "node", { jobs }),
      build(makeFolder(files), "node", { jobs: { digest: { cron: "0 10 * * *" } } }),
    ]);
    const hashOf = ({ manifest }: typeof one): string | undefined =>
      manifest.functions.find(({ id }) => id === "index")?.hash;
    expect(hashOf(other)).not.toBe(hashOf(one));
    expect(hashOf(later)).toBe(hashOf(one));
  });

  it("refuses a job without a default export", async () => {
    const root = makeFolder({ "functions/_jobs/digest.ts": "export const digest = () => {};" });
    expect((await mistake(build(root, "node"))).code).toBe("JOB_EXPORT");
  });
});

describe("a build for Lambda with jobs", () => {
  const url: Partial<App> = { group: "app", lambda: { ...makeApp("").lambda, front: "function-url" } };

  it.each([
    ["an HTTP API", {}, ["index", "plain"]],
    ["a function URL", url, ["app"]],
  ] as const)("behind %s has one function more, which runs all of them", async (_, front, ids) => {
    const { manifest, out } = await build(makeFolder(files), "lambda", { jobs, ...front });
    expect(manifest.functions.map(({ id }) => id)).toEqual(ids);
    expect(manifest.functions[0]?.needs).toEqual(["jobs"]);
    expect(manifest).not.toHaveProperty("jobs");
    expect(manifest.jobsFunction).toMatchObject({
      id: "_jobs",
      needs: ["jobs", "store"],
      zip: "functions/_jobs.zip",
      settings: { memory: 512, timeout: 310 },
      jobs: [
        { name: "clean-up", timeout: 300 },
        { name: "digest", cron: "0 9 * * *", zone: "Asia/Seoul", timeout: 10 },
      ],
    });
    const { handler } = (await import(pathToFileURL(join(out, manifest.jobsFunction?.main ?? "")).href)) as {
      readonly handler: unknown;
    };
    expect(handler).toBeTypeOf("function");
  });

  it("gives the function the memory of all routes, and ends a run before Lambda ends the function", async () => {
    const long = { jobs: { digest: { timeout: 900 } }, routes: [{ pattern: "/*", settings: { memory: 1024 } }] };
    const { manifest, out } = await build(makeFolder(files), "lambda", long);
    expect(manifest.jobsFunction?.settings).toEqual({ memory: 1024, timeout: 900 });
    expect(readFileSync(join(out, manifest.jobsFunction?.main ?? ""), "utf8")).toContain("timeout:890");
  });

  it("is another function for another schedule, and leaves routes that do not send as they were", async () => {
    const root = makeFolder(files);
    const one = await build(root, "lambda", { jobs, clock: true });
    const later = await build(root, "lambda", {
      jobs: { digest: { ...jobs.digest, cron: "0 10 * * *" } },
      clock: true,
    });
    const silent = await build(root, "lambda", { jobs });
    const hashes = [one, later, silent].map(({ manifest }) => manifest.jobsFunction?.hash);
    expect(new Set(hashes).size).toBe(3);
    expect(readFileSync(join(silent.out, silent.manifest.jobsFunction!.main), "utf8")).not.toContain("Seoul");
    expect(later.manifest.functions).toEqual(one.manifest.functions);
    const { "functions/_jobs/digest.ts": _, "functions/_jobs/clean-up.ts": __, ...others } = files;
    const without = await build(makeFolder(others), "lambda");
    expect(without.manifest).not.toHaveProperty("jobsFunction");
    const plain = ({ manifest }: typeof one) => manifest.functions.find(({ id }) => id === "plain");
    expect(plain(without)).toEqual(plain(one));
  });
});

describe("a build for Workers with jobs", () => {
  it("exports the handlers of a consumer and of the clock, and imports jobs when they run", async () => {
    const { manifest, out } = await build(makeFolder(files), "workers", { jobs, clock: true });
    expect(manifest.jobs?.map(({ name, main }) => [name, main])).toEqual([
      ["clean-up", "jobs/clean-up.js"],
      ["digest", "jobs/digest.js"],
    ]);
    expect(manifest.functions.map(({ id, needs }) => [id, needs])).toEqual([
      ["index", ["jobs"]],
      ["plain", undefined],
    ]);
    expect(manifest.modules?.map(({ name }) => name)).toContain("jobs.js");
    const main = pathToFileURL(join(out, "index.js")).href;
    const { default: worker } = (await import(main)) as { readonly default: JobHandlers };
    const sent: unknown[] = [];
    const env = { PORTICO_JOBS: { send: async (...message: readonly unknown[]) => sent.push(message) } };
    const context = { waitUntil: () => {} };
    await worker.scheduled({ scheduledTime: Date.parse("2026-11-29T00:00:02Z") }, env, context);
    await worker.scheduled({ scheduledTime: Date.parse("2026-11-29T00:01:00Z") }, env, context);
    const tick = { job: "digest", data: null, id: "digest@2026-11-29T00:00Z", scheduled: 1_795_910_400_000 };
    expect(sent).toEqual([[JSON.stringify(tick), { contentType: "text", delaySeconds: 0 }]]);
  });

  it("has no clock where no stage is named and no setting says so", async () => {
    const { out } = await build(makeFolder(files), "workers", { jobs });
    const main = pathToFileURL(join(out, "index.js")).href;
    const { default: worker } = (await import(main)) as { readonly default: JobHandlers };
    const event = { scheduledTime: Date.parse("2026-11-29T00:00Z") };
    // It would miss the binding of its queue.
    await expect(worker.scheduled(event, {}, { waitUntil: () => {} })).resolves.toBeUndefined();
  });

  it("without jobs has neither", async () => {
    const { out } = await build(makeFolder({ "functions/index.ts": files["functions/plain.ts"] }), "workers");
    const { default: worker } = (await import(pathToFileURL(join(out, "index.js")).href)) as {
      readonly default: object;
    };
    expect(Object.keys(worker)).toEqual(["fetch"]);
  });
});

describe("the bytes of jobs", () => {
  const bundled = async (contents: string): Promise<Uint8Array> => {
    const options = { bundle: true, minify: true, write: false, format: "esm", target: "es2024" } as const;
    const define = { PORTICO_DEV: "false" };
    const resolveDir = join(import.meta.dirname, "../../framework/features/jobs");
    const { outputFiles } = await esbuild({ ...options, define, stdin: { contents, resolveDir, loader: "ts" } });
    return outputFiles[0]!.contents;
  };

  it("are at most 1.5 KB for the core with its schedules, gzipped, without the store", async () => {
    expect(gzipped(await bundled(`export { createJobs } from "./built-jobs.ts";`))).toBeLessThanOrEqual(1460);
  });

  it("are at most 0.6 KB for send, gzipped, without a target's queue", async () => {
    expect(gzipped(await bundled(`export { createSend } from "./send.ts";`))).toBeLessThanOrEqual(600);
  });

  it("are at most 2 KB for the handlers of a Worker with the core, gzipped, without the store", async () => {
    const code = `export * from "./workers-handlers.ts"; export { createJobs } from "./built-jobs.ts";`;
    expect(gzipped(await bundled(code))).toBeLessThanOrEqual(1950);
  });

  it("of a route that sends contain no schedules", async () => {
    const { out, manifest } = await build(makeFolder(files), "node", { jobs });
    const main = manifest.functions.find(({ id }) => id === "index")!.main;
    const chunks = [...readFileSync(join(out, main), "utf8").matchAll(/"\.\.\/(chunks\/[^"]+)"/g)];
    const code = [main, ...chunks.map(([, chunk = ""]) => chunk)]
      .map((file) => readFileSync(join(out, file), "utf8"))
      .join("\n");
    expect(code).toContain("JOB_UNKNOWN");
    expect(code).not.toContain("DateTimeFormat");
  });
});
