/** npm's sqs-consumer, unchanged, on the local queue: as strict a client as one's own service would be. */
// @module-tag check
import { once } from "node:events";
import { expect, it, onTestFinished } from "vitest";
import { Consumer } from "sqs-consumer";
import { openTestQueue } from "./test-queue.ts";

it("takes messages, gives a failed one again, and empties the queue", async () => {
  const test = await openTestQueue();
  onTestFinished(() => test.close());
  const queue = test.queue();
  const seen: string[] = [];
  const all = Promise.withResolvers<void>();
  const consumer = Consumer.create({
    queueUrl: queue.url,
    sqs: test.client(),
    batchSize: 10,
    waitTimeSeconds: 20,
    visibilityTimeout: 60,
    heartbeatInterval: 20,
    terminateVisibilityTimeout: true,
    attributeNames: ["All"],
    messageAttributeNames: ["All"],
    handleMessage: async (message) => {
      const { Body: body, Attributes: attributes } = message;
      seen.push(`${body} ${attributes?.["ApproximateReceiveCount"]}`);
      if (body === "fails" && attributes?.["ApproximateReceiveCount"] === "1") throw new Error("the first time");
      return message;
    },
  });
  consumer.on("error", (error) => all.reject(error));
  consumer.on("processing_error", (error) => seen.push(error.message));
  consumer.on("message_processed", () => {
    if (seen.includes("fails 2") && seen.includes("one 1") && seen.includes("two 1")) all.resolve();
  });
  for (const body of ["one", "two", "fails"]) await queue.call("SendMessage", { MessageBody: body });
  consumer.start();
  await all.promise;
  const stopped = once(consumer, "stopped");
  consumer.stop();
  await queue.call("SendMessage", { MessageBody: "end" });
  await stopped;
  expect(seen.filter((line) => /^(?:one|two|fails)/.test(line)).toSorted()).toEqual([
    "fails 1",
    "fails 2",
    "one 1",
    "two 1",
  ]);
});
