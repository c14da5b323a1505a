/** The queue of an app under development, as AWS's own client sees it. */
// @module-tag check
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  MessageNotInflight,
  QueueDoesNotExist,
  ReceiptHandleIsInvalid,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sendActions } from "../../../framework/model/job-queue.ts";
import { openTestQueue } from "./test-queue.ts";

let test: Awaited<ReturnType<typeof openTestQueue>>;
let client: SQSClient;
let url: string;
beforeEach(async () => {
  test = await openTestQueue();
  client = test.client();
  ({ url } = test.queue());
});
afterEach(() => test.close());

const send = (body: string, delay?: number) =>
  client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body, DelaySeconds: delay }));
const receive = async (options: object = {}) => {
  const input = { QueueUrl: url, MessageSystemAttributeNames: ["All" as const], ...options };
  return (await client.send(new ReceiveMessageCommand(input))).Messages ?? [];
};
const hide = (handle: string | undefined, seconds: number) =>
  client.send(new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: handle, VisibilityTimeout: seconds }));
const remove = (handle: string | undefined) =>
  client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: handle }));
const attributes = async (names: readonly string[] = ["All"]) =>
  (await client.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: names as ["All"] }))).Attributes;

describe("messages", () => {
  it("come with their attributes, are hidden, and come again when their visibility ends", async () => {
    const { MessageId } = await send("안녕");
    const [first] = await receive({ VisibilityTimeout: 10 });
    expect(first).toMatchObject({ MessageId, Body: "안녕", Attributes: { ApproximateReceiveCount: "1" } });
    expect(await receive()).toEqual([]);
    test.state.ahead += 9_000;
    expect(await receive()).toEqual([]);
    test.state.ahead += 2_000;
    const [second] = await receive();
    expect(second).toMatchObject({ MessageId, Attributes: { ApproximateReceiveCount: "2" } });
    expect(second?.ReceiptHandle).not.toBe(first?.ReceiptHandle);
    // The handle of an earlier receipt deletes nothing.
    await remove(first?.ReceiptHandle);
    expect(await attributes()).toMatchObject({ ApproximateNumberOfMessagesNotVisible: "1" });
    await remove(second?.ReceiptHandle);
    expect(await attributes()).toMatchObject({ ApproximateNumberOfMessagesNotVisible: "0" });
  });

  it("are delayed, kept over a restart, and shared with a second process on the same file", async () => {
    await send("late", 900);
    expect(await attributes()).toMatchObject({ ApproximateNumberOfMessagesDelayed: "1" });
    const second = await test.open();
    await second.call("SendMessage", { MessageBody: "other" });
    expect(await receive({ WaitTimeSeconds: 20 })).toMatchObject([{ Body: "other" }]);
    await second.close();
    await test.restart();
    [client, url] = [test.client(), test.queue().url];
    expect(await receive()).toEqual([]);
    test.state.ahead += 901_000;
    expect(await receive()).toMatchObject([{ Body: "late" }]);
  });

  it("wake a call that waits", async () => {
    const waiting = receive({ WaitTimeSeconds: 20 });
    await send("now");
    expect(await waiting).toMatchObject([{ Body: "now" }]);
  });

  it("are received by one of two at once, and at most ten at a time", async () => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => send(String(index))));
    const batches = await Promise.all([1, 2, 3].map(() => receive({ MaxNumberOfMessages: 10 })));
    const bodies = batches.flat().map(({ Body }) => Body);
    expect(bodies.length).toBe(20);
    expect(new Set(bodies).size).toBe(20);
  });

  it("go to the dead letter queue after 100 receipts, and are gone after 14 days", async () => {
    await send("crashes");
    for (let count = 0; count < 100; count += 1) expect((await receive({ VisibilityTimeout: 0 })).length).toBe(1);
    expect(await receive()).toEqual([]);
    // The role may not read it.
    const dead = await test.queue().call("ReceiveMessage", { QueueUrl: `${url}-dead` });
    expect(dead).toMatchObject({ Messages: [{ Body: "crashes" }] });
    await send("old");
    test.state.ahead += 1_209_601_000;
    expect(await receive()).toEqual([]);
    expect(await attributes()).toMatchObject({ ApproximateNumberOfMessages: "0" });
  });

  it("have a visibility of at most 12 hours, which changes only while they are in flight", async () => {
    await send("one");
    const [message] = await receive();
    await hide(message?.ReceiptHandle, 60);
    test.state.ahead += 59_000;
    expect(await receive()).toEqual([]);
    await expect(hide(message?.ReceiptHandle, 43_200)).rejects.toMatchObject({ Code: "InvalidParameterValue" });
    await expect(hide(message?.ReceiptHandle, 43_201)).rejects.toMatchObject({ Code: "InvalidParameterValue" });
    await hide(message?.ReceiptHandle, 0);
    await expect(hide(message?.ReceiptHandle, 1)).rejects.toBeInstanceOf(MessageNotInflight);
    await receive();
    await expect(hide(message?.ReceiptHandle, 1)).rejects.toMatchObject({ Code: "InvalidParameterValue" });
    await expect(hide("x", 1)).rejects.toBeInstanceOf(ReceiptHandleIsInvalid);
  });
});

describe("refusals", () => {
  it("have SQS's codes", async () => {
    await expect(send("a".repeat(1_048_577))).rejects.toMatchObject({ Code: "InvalidParameterValue" });
    await expect(send("é".repeat(524_288))).resolves.toBeDefined();
    await expect(send("")).rejects.toMatchObject({ Code: "MissingParameter" });
    await expect(send("\uFFFF")).rejects.toMatchObject({ name: "InvalidMessageContents" });
    await expect(send("a", 901)).rejects.toMatchObject({ Code: "InvalidParameterValue" });
    await expect(receive({ MaxNumberOfMessages: 11 })).rejects.toMatchObject({ Code: "InvalidParameterValue" });
    await expect(receive({ MessageSystemAttributeNames: ["Nope"] })).rejects.toMatchObject({
      name: "InvalidAttributeName",
    });
    await expect(attributes(["Nope"])).rejects.toMatchObject({ name: "InvalidAttributeName" });
    await expect(receive({ QueueUrl: `${url}-none` })).rejects.toBeInstanceOf(QueueDoesNotExist);
    await expect(receive({ QueueUrl: url.replace("000000000000", "111111111111") })).rejects.toBeInstanceOf(
      QueueDoesNotExist,
    );
  });

  it("name the member that is not supported, the older protocol, and an unknown operation", async () => {
    const grouped = new SendMessageCommand({ QueueUrl: url, MessageBody: "a", MessageGroupId: "g" });
    await expect(client.send(grouped)).rejects.toMatchObject({
      name: "UnsupportedOperation",
      message: expect.stringContaining("MessageGroupId") as string,
    });
    const older = await fetch(new URL("/", url), {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "Action=SendMessage&MessageBody=a",
    });
    expect([older.status, await older.text()]).toEqual([400, expect.stringContaining("query protocol")]);
  });

  it("come for other credentials, regions and actions", async () => {
    const input = new SendMessageCommand({ QueueUrl: url, MessageBody: "a" });
    for (const changed of [{ AWS_SECRET_ACCESS_KEY: "x" }, { AWS_REGION: "eu-central-1" }])
      await expect(test.client(undefined, changed).send(input)).rejects.toMatchObject({
        name: "InvalidSignatureException",
      });
    await expect(test.client(undefined, { AWS_SESSION_TOKEN: "x.y" }).send(input)).rejects.toMatchObject({
      name: "UnrecognizedClientException",
    });
    const sender = test.client(sendActions);
    await sender.send(input);
    await expect(sender.send(new ReceiveMessageCommand({ QueueUrl: url }))).rejects.toMatchObject({
      Code: "AccessDenied",
      message: expect.stringContaining(
        "not authorized to perform: sqs:receivemessage on resource: arn:aws:sqs",
      ) as string,
    });
  });
});
