/** A local queue for a test file, with AWS's own client. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SQSClient } from "@aws-sdk/client-sqs";
import { openLocalQueue } from "../../../framework/emulation/sqs/local-queue.ts";
import { runActions } from "../../../framework/model/job-queue.ts";

/** A queue in a folder of its own, whose clock the test moves by `ahead` milliseconds. */
export async function openTestQueue() {
  const folder = mkdtempSync(join(tmpdir(), "portico-queue-"));
  const state = { ahead: 0 };
  const options = {
    file: join(folder, "queue.sqlite"),
    name: "app--dev",
    region: "us-east-1",
    account: "000000000000",
    secret: "secret",
    onError: (error: unknown) => {
      throw error;
    },
    now: () => Date.now() + state.ahead,
  };
  const open = () => openLocalQueue(options);
  let queue = await open();
  const clients: SQSClient[] = [];
  /** @param actions what its role may do @param changed variables that differ */
  const client = (actions = runActions, changed: Readonly<Record<string, string>> = {}): SQSClient => {
    const variables = { ...queue.variables("fn", `role-${actions.length}`, actions), ...changed };
    const created = new SQSClient({
      endpoint: variables["AWS_ENDPOINT_URL_SQS"]!,
      region: variables["AWS_REGION"]!,
      credentials: {
        accessKeyId: variables["AWS_ACCESS_KEY_ID"]!,
        secretAccessKey: variables["AWS_SECRET_ACCESS_KEY"]!,
        sessionToken: variables["AWS_SESSION_TOKEN"]!,
      },
      maxAttempts: 1,
    });
    clients.push(created);
    return created;
  };
  return {
    state,
    client,
    open,
    queue: () => queue,
    async restart() {
      await queue.close();
      queue = await open();
    },
    async close() {
      for (const one of clients) one.destroy();
      await queue.close();
      rmSync(folder, { recursive: true });
    },
  };
}
