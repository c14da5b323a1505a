/** A real AWS account: the app released to a stage of its own there, asked at its public address, and taken away again. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { createHolder } from "../../../deploy/holder.ts";
import { type Clients, createClients } from "../../../deploy/lambda/clients.ts";
import { createAwsPlatform } from "../../../deploy/lambda/front.ts";
import { awsRates } from "../../../deploy/lambda/pace.ts";
import { removeStage } from "../../../deploy/teardown.ts";
import { send } from "../client.ts";
import type { Running, Runtime, Subject } from "../runtime.ts";
import { deployTo } from "./local-cloud.ts";

/** Credentials by the SDK's own chain, the region from AWS_REGION; what differs is what differs on the local cloud. */
export const aws: Runtime = { name: "local-cloud", title: "aws", start };

async function start(subject: Subject): Promise<Running> {
  const region = process.env["AWS_REGION"];
  if (!region) throw new Error("PORTICO_CLOUD=aws wants AWS_REGION");
  const clients = createClients({ region, credentials: defaultProvider() }, { rates: awsRates });
  const { Account = "" } = await clients.sts.send(new GetCallerIdentityCommand({}));
  // Several may run at once, in one account.
  const app = { ...subject.app, stage: `test-${randomBytes(4).toString("hex")}` };
  const { origin } = new URL(await deployTo({ ...subject, app }, clients, Account));
  return { origin, send: (ask) => send(origin, ask), close: () => takeAway({ ...subject, app }, clients, Account) };
}

async function takeAway({ app, folder }: Subject, clients: Clients, account: string): Promise<void> {
  const owner = { app: app.name, stage: app.stage };
  const holder = createHolder(join(folder, ".portico"), "conformance");
  const platform = createAwsPlatform(app.lambda.front, { clients, owner, account, keep: app.keep, holder });
  await removeStage({ platform, onPlan: async () => {} });
}
