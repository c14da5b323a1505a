/** The data half of an event source mapping: what it deletes, what comes again, and how many run at once. */
import { expect, it, onTestFinished } from "vitest";
import { type SqsEvent, startPoller } from "../../../framework/emulation/sqs/poller.ts";
import { openTestQueue } from "./test-queue.ts";

/** A poller whose invocations end as the test says; `next` is the next invocation. */
async function openPoller(concurrency: number) {
  const test = await openTestQueue();
  const queue = test.queue();
  type Invocation = { readonly event: SqsEvent; end(result: unknown): void; fail(error: Error): void };
  const arrived: Invocation[] = [];
  const all: Invocation[] = [];
  let arrive = (): void => {};
  const errors: unknown[] = [];
  const poller = startPoller({
    queue,
    concurrency: () => concurrency,
    invoke: (event) => {
      const { promise, resolve, reject } = Promise.withResolvers();
      const invocation = { event, end: resolve, fail: reject };
      all.push(invocation);
      arrived.push(invocation);
      arrive();
      return promise;
    },
    onError: (error) => errors.push(error),
  });
  onTestFinished(async () => {
    for (const { end } of all) end({ batchItemFailures: "the test is over" });
    const stopped = poller.stop();
    await test.close();
    await stopped;
  });
  const next = async (): Promise<Invocation> => {
    while (arrived.length === 0) await new Promise<void>((done) => (arrive = done));
    return arrived.shift()!;
  };
  const counts = async () => {
    const { Attributes } = await queue.call("GetQueueAttributes", { AttributeNames: ["All"] });
    const of = (name: string) => Number((Attributes as Record<string, string>)[`ApproximateNumberOfMessages${name}`]);
    return { waiting: of(""), inFlight: of("NotVisible") };
  };
  const send = (body: string) => queue.call("SendMessage", { MessageBody: body });
  return { test, next, counts, send, errors };
}

it("deletes what the function took, and leaves what failed until it is visible again", async () => {
  const { test, next, counts, send, errors } = await openPoller(1);
  await send("taken");
  const taken = await next();
  expect(taken.event.Records).toMatchObject([
    {
      body: "taken",
      eventSource: "aws:sqs",
      eventSourceARN: "arn:aws:sqs:us-east-1:000000000000:app--dev",
      awsRegion: "us-east-1",
      attributes: { ApproximateReceiveCount: "1" },
    },
  ]);
  taken.end(null);
  await send("reported");
  const reported = await next();
  expect(await counts()).toEqual({ waiting: 0, inFlight: 1 });
  reported.end({ batchItemFailures: [{ itemIdentifier: reported.event.Records[0].messageId }] });
  await send("thrown");
  (await next()).fail(new Error("thrown"));
  await send("last");
  (await next()).end({ batchItemFailures: [] });
  await send("end");
  const end = await next();
  expect(await counts()).toEqual({ waiting: 0, inFlight: 3 });
  expect(errors).toMatchObject([{ message: "thrown" }]);
  end.end(undefined);
  test.state.ahead += 5_400_000;
  expect((await next()).event.Records[0]).toMatchObject({
    body: "reported",
    attributes: { ApproximateReceiveCount: "2" },
  });
});

it("invokes no more at once than it may", async () => {
  const { next, counts, send } = await openPoller(2);
  for (const body of ["1", "2", "3"]) await send(body);
  const [first, second] = [await next(), await next()];
  expect(await counts()).toEqual({ waiting: 1, inFlight: 2 });
  first.end(undefined);
  // Those that came in one millisecond have no order.
  const bodies = [first, second, await next()].map(({ event }) => event.Records[0].body);
  expect(bodies.toSorted()).toEqual(["1", "2", "3"]);
});
