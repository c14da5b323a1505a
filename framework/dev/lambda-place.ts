/** Where the services of an app under development on Lambda are, for every process of this machine. */
import { join } from "node:path";
import { type App, dataFolder } from "../model/app.ts";

/** The table's and the queue's name, and the account and Region of both. */
export const lambdaPlace = (app: App) => ({
  name: `${app.name}--dev`,
  region: app.lambda.region ?? "us-east-1",
  account: "000000000000",
});

/** The files of items and of messages, and the folder of the lock of who has the clock. */
export const lambdaFiles = ({ root }: Pick<App, "root">) => ({
  items: join(root, dataFolder, "dynamodb.sqlite"),
  messages: join(root, dataFolder, "sqs.sqlite"),
  clock: join(root, dataFolder, "lambda"),
});
