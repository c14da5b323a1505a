/** Lambda adapter and dispatch of a built plain function against a hand-written handler that gives the same answer to the same event. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { rm } from "node:fs/promises";
import { generateApp } from "./generate.ts";
import { buildGenerated } from "./build-generated.ts";
import { compare, type Measured, time } from "./measure.ts";

type LambdaHandler = (event: unknown, context: unknown) => Promise<{ statusCode: number; body: string }>;

const calls = 5000;
const context = { awsRequestId: "bench", getRemainingTimeInMillis: () => 3000 };

const bare: LambdaHandler = async (event) => {
  const { rawPath } = event as { rawPath: string };
  const name = rawPath.slice("/r1/".length);
  return { statusCode: 200, headers: { "content-type": "text/plain;charset=UTF-8" }, body: `Hello, ${name}!`, isBase64Encoded: false };
};

/** Microseconds per call; the ratio counts the whole call, so it shows what a function without work of its own pays. */
export async function adapter(): Promise<readonly Measured[]> {
  const root = await generateApp(2);
  const event: unknown = JSON.parse(readFileSync(join(import.meta.dirname, "http-api-event.json"), "utf8"));
  const manifest = await buildGenerated(root, "lambda");
  const fn = manifest.functions.find(({ id }) => id.startsWith("r1"))!;
  const { handler } = (await import(pathToFileURL(join(root, ".portico/build/lambda", fn.main)).href)) as { handler: LambdaHandler };
  const [ours, hand] = [await handler(event, context), await bare(event, context)];
  if (ours.body !== hand.body || ours.statusCode !== hand.statusCode)
    throw new Error(`The two answer differently: ${ours.body} and ${hand.body}`);
  const perCall = (call: LambdaHandler) => async () => {
    const milliseconds = await time(async () => {
      for (let at = 0; at < calls; at++) await call(event, context);
    });
    return (milliseconds * 1000) / calls;
  };
  const what = { name: "lambda adapter + dispatch, GET", against: "hand-written handler", unit: "µs per call", rounds: 15 };
  const measured = await compare(what, perCall(handler), perCall(bare));
  await rm(root, { recursive: true });
  return [measured];
}
