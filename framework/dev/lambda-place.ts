/** Where the services of an app under development on Lambda are, for every process of this machine. */
import { join } from "node:path";
import { type App, dataFolder } from "../model/app.ts";

/** The name of the table, the queue and the bucket, and their account and Region. */
export const lambdaPlace = (app: App) => ({
  name: `${app.name}--dev`,
  region: app.lambda.region ?? "us-east-1",
  account: "000000000000",
});

/**
 * The files of items, of messages and of objects, of the address of objects, and the folder of the lock of who has the
 * clock.
 */
export const lambdaFiles = ({ root }: Pick<App, "root">) => ({
  items: join(root, dataFolder, "dynamodb.sqlite"),
  messages: join(root, dataFolder, "sqs.sqlite"),
  objects: join(root, dataFolder, "s3.sqlite"),
  address: join(root, dataFolder, "s3.json"),
  clock: join(root, dataFolder, "lambda"),
});
