/** Ticks that Scheduler sent to a queue, and that its function takes late. */
// @module-tag isolated
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { openLocalQueue } from "../../../framework/emulation/sqs/local-queue.ts";
import { createJobsHandler } from "../../../framework/features/jobs/sqs-handler.ts";
import { store } from "../../../framework/features/store/node.ts";
import { parseCron } from "../../../framework/model/cron.ts";
import { runActions } from "../../../framework/model/job-queue.ts";
import { dataFolder } from "./data-folder.ts";

it("runs jobs of a minute that comes up to an hour late, and drops older ones", async () => {
  const queue = await openLocalQueue({
    file: join(dataFolder(), "sqs.sqlite"),
    name: "app--dev",
    region: "us-east-1",
    account: "000000000000",
    secret: "secret",
    onError: (error) => {
      throw error;
    },
  });
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await queue.close();
  });
  for (const [name, value] of Object.entries(queue.variables("jobs", "jobs", runActions))) vi.stubEnv(name, value);
  const minutely = {
    load: async () => ({ default: () => {} }),
    retries: 3,
    timeout: 300,
    schedule: parseCron("* * * * *"),
  };
  const now = Date.parse("2026-11-29T12:00:30Z");
  const handler = createJobsHandler({ minutely }, store, { now: () => now });
  const context = { awsRequestId: "id", getRemainingTimeInMillis: () => 900_000 };
  for (const tick of ["2026-11-29T11:55:00Z", "2026-11-29T11:01:00Z", "2026-11-29T11:00:00Z", "2026-11-28T12:00:00Z"]) {
    const record = { messageId: tick, receiptHandle: tick, body: JSON.stringify({ tick }), attributes: {} };
    expect(await handler({ Records: [record] }, context)).toEqual({ batchItemFailures: [] });
  }
  const sent = queue.list().map(({ body }) => (JSON.parse(body) as { readonly id: string }).id);
  expect(sent.toSorted()).toEqual(["minutely@2026-11-29T11:01Z", "minutely@2026-11-29T11:55Z"]);
});
