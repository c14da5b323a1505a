/**
 * A process that calls one handler: the module and an event in its arguments; each message is a count, answered with
 * the milliseconds that it took.
 */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [, , module, file] = process.argv;
const { handler } = await import(pathToFileURL(module).href);
const event = JSON.parse(readFileSync(file, "utf8"));
const context = { awsRequestId: "bench", getRemainingTimeInMillis: () => 3000 };

process.on("message", async (count) => {
  const started = performance.now();
  for (let index = 1; index < count; index++) await handler(event, context);
  const last = await handler(event, context);
  process.send({ milliseconds: performance.now() - started, last });
});
process.send("ready");
