/**
 * AWS's own runtime client (`aws-lambda-ric`) as Node's arguments: its script, unmodified, behind a stand-in for its
 * native half.
 */
import { fileURLToPath } from "node:url";

/** For `createLambdaRuntime({ client })`. */
export const ricClient: readonly string[] = [
  "--import",
  new URL("./rapid-client.mjs", import.meta.url).href,
  fileURLToPath(import.meta.resolve("aws-lambda-ric/index.mjs")),
];
