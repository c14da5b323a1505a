/** Jobs of a built app beside its server: sent by a handler, run, retried, dead, and drained at a stop. */
// @module-tag isolated
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { listDeadJobs } from "../../framework/features/jobs/dead-jobs.ts";
import type { JobRun } from "../../framework/features/jobs/job-runner.ts";
import { store } from "../../framework/features/store/node.ts";
import { startApp } from "../../framework/node/built-app.ts";
import { build, makeFolder } from "../bundler/test-app.ts";
import { until } from "../until.ts";

const files = {
  "functions/send/[job].ts":
    `import { send } from "portico/jobs"; export const POST = async (request, context) => { ` +
    `try { return Response.json(await send(context, context.params.job, await request.json())); } ` +
    `catch (error) { return Response.json(error.code, { status: 400 }); } };`,
  "functions/seen.ts":
    `import { store } from "portico/store"; export const GET = async (_, context) => ` +
    `Response.json((await store(context, "seen").get("last"))?.value ?? null);`,
  "functions/_jobs/note.ts":
    `import { store } from "portico/store"; export default async (data, context) => { ` +
    `const { id, attempt, requestId, clientAddress, env } = context; ` +
    `await store(context, "seen").set("last", { data, id, attempt, requestId, clientAddress, env }); };`,
  "functions/_jobs/bad.ts": `export default () => { throw new Error("never works"); };`,
  "functions/_jobs/chain.ts":
    `import { send } from "portico/jobs"; export default async (data, context) => { ` +
    `await send(context, "note", { from: context.id }, { id: "chained" }); };`,
};

/** A started app whose runs are collected. */
async function start() {
  const root = makeFolder(files);
  const data = mkdtempSync(join(tmpdir(), "portico-data-"));
  const jobs = { bad: { retries: 0 } };
  await build(root, "node", { jobs });
  const runs: JobRun[] = [];
  const errors: unknown[] = [];
  const server = await startApp({
    folder: root,
    data,
    port: 0,
    env: { GREETING: "hello", KEY: "k" },
    onRun: (run) => runs.push(run),
    onJobError: (error) => errors.push(error),
  });
  onTestFinished(async () => {
    await server.close();
    rmSync(data, { recursive: true });
    expect(errors).toEqual([]);
  });
  const send = async (job: string, body: unknown) => {
    const response = await fetch(`${server.url}/send/${job}`, { method: "POST", body: JSON.stringify(body) });
    return (await response.json()) as { readonly id: string };
  };
  return { server, data, runs, send };
}

test("a handler sends a job, which runs with the app's env and store", async () => {
  const { server, runs, send } = await start();
  const { id } = await send("note", { team: "a" });
  await until(() => runs.length > 0);
  expect(runs[0]).toMatchObject({ job: "note", id, attempt: 1, outcome: "done" });
  expect(await (await fetch(`${server.url}/seen`)).json()).toEqual({
    data: { team: "a" },
    id,
    attempt: 1,
    requestId: id,
    env: { GREETING: "hello", KEY: "k" },
  });
  expect(await send("other", null)).toBe("JOB_UNKNOWN");
  expect(await send("note", "x".repeat(120_000))).toBe("JOB_DATA");
});

test("a job sends another", async () => {
  const { server, runs, send } = await start();
  const { id } = await send("chain", null);
  await until(() => runs.length > 1);
  expect(await (await fetch(`${server.url}/seen`)).json()).toMatchObject({ id: "chained", data: { from: id } });
});

test("a job without retries is dead after one failure, and listed", async () => {
  const { data, runs, send } = await start();
  const { id } = await send("bad", [1]);
  await until(() => runs.length > 0);
  expect(runs[0]).toMatchObject({ job: "bad", outcome: "dead" });
  const context = { platform: { name: "node", data }, waitUntil: () => {} } as const;
  expect(await listDeadJobs({ store, context })).toMatchObject([
    { key: `bad/${id}`, job: "bad", data: [1], attempts: 1, error: "Error: never works" },
  ]);
});
