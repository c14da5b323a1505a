/** The runtime of a real AWS account: releases the app to its own stage, requests its address, and removes it. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { createLockOwner } from "../../../deploy/lock-owner.ts";
import { type Clients, createClients } from "../../../deploy/lambda/clients.ts";
import { createLambdaPlatform } from "../../../deploy/lambda/platform.ts";
import { awsRates } from "../../../deploy/lambda/rate-limiter.ts";
import { removeStage } from "../../../deploy/teardown.ts";
import { send } from "../raw-client.ts";
import type { RunningApp, Runtime, LoadedApp } from "../runtime.ts";
import { deployTo } from "./local-cloud.ts";

/** Credentials by the SDK's own chain, the region from AWS_REGION; what differs is what differs on the local cloud. */
export const aws: Runtime = { name: "local-cloud", title: "aws", start };

async function start(subject: LoadedApp): Promise<RunningApp> {
  const region = process.env["AWS_REGION"];
  if (!region) throw new Error("PORTICO_CLOUD=aws wants AWS_REGION");
  const clients = createClients({ region, credentials: defaultProvider() }, { rates: awsRates });
  const { Account = "" } = await clients.sts.send(new GetCallerIdentityCommand({}));
  // Several may run at once, in one account.
  const app = { ...subject.app, stage: `test-${randomBytes(4).toString("hex")}` };
  const { origin } = new URL(await deployTo({ ...subject, app }, clients, Account));
  return { origin, send: (ask) => send(origin, ask), close: () => takeAway({ ...subject, app }, clients, Account) };
}

async function takeAway({ app, folder }: LoadedApp, clients: Clients, account: string): Promise<void> {
  const owner = { app: app.name, stage: app.stage };
  const lockOwner = createLockOwner(join(folder, ".portico"), "conformance");
  const platform = createLambdaPlatform(app.lambda.front, { clients, owner, account, keep: app.keep, lockOwner });
  await removeStage({ platform, withData: true, onPlan: async () => {} });
}
