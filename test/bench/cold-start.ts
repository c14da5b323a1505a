/** Bench of cold starts: time from process start to first response on Portico's runtime client and on AWS's. */
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createLambdaRuntime, type LambdaRuntimeOptions } from "../../framework/emulation/lambda/runtime.ts";
import type { LoadedFunction } from "../../framework/model/invocation.ts";
import { ricClient } from "../emulation/lambda/client/ric.ts";
import { type ContenderName, makeContenders } from "./contenders.ts";
import { type Measured, ratioOf, time } from "./measurement.ts";

const rounds = 21;

const bars = {
  plain: "<= 1.10",
  store: "<= 1.6",
  session: "<= 1.3",
  template: "<= 1.15",
  valibot: "<= 1.2",
  zod: "<= 1.5",
  hono: "<= 1.15",
} as const;
const names = [
  "bare",
  "plain",
  "plain, platform classes",
  "store",
  "session",
  "template",
  "valibot",
  "zod",
  "hono",
  "hono, platform classes",
  "hono/aws-lambda",
] as const satisfies readonly ContenderName[];

const clients: Readonly<Record<string, Pick<LambdaRuntimeOptions, "client">>> = {
  "our client": {},
  "AWS's client": { client: ricClient },
};

/**
 * Every call starts a new environment: process, init, one event. Another contender is first in each round; the first
 * round is discarded.
 */
export async function coldStart(): Promise<readonly Measured[]> {
  const { modules, remove } = await makeContenders();
  const measured: Measured[] = [];
  for (const [client, options] of Object.entries(clients)) {
    const runtime = createLambdaRuntime({ onLog: () => undefined, ...options });
    const took = new Map<string, number[]>(names.map((name) => [name, []]));
    for (let round = -1; round < rounds; round++) {
      for (let turn = 0; turn < names.length; turn++) {
        const name = names[(round + 1 + turn) % names.length] ?? "bare";
        const milliseconds = await time(() => start(runtime, modules[name]));
        if (round >= 0) took.get(name)?.push(milliseconds);
      }
    }
    await runtime.close();
    const limit = took.get("bare") ?? [];
    for (const name of names.slice(1)) {
      const bar = bars[name as keyof typeof bars] as string | undefined;
      const setup = {
        name: `cold start, ${name}, ${client}`,
        against: "bare",
        unit: "ms",
        rounds,
        ...(bar !== undefined && { bar }),
      };
      measured.push(ratioOf(setup, took.get(name) ?? [], limit));
    }
  }
  await remove();
  return measured;
}

const event = readFileSync(join(import.meta.dirname, "http-api-event.json"));
let calls = 0;

/** What a function that uses the store finds on AWS, but for an address where nothing answers. */
const cloudEnv = {
  AWS_ACCESS_KEY_ID: "ASIAEXAMPLE",
  AWS_SECRET_ACCESS_KEY: "secret",
  AWS_SESSION_TOKEN: "token",
  AWS_REGION: "us-east-1",
  AWS_ENDPOINT_URL_DYNAMODB: "https://127.0.0.1:9/",
  PORTICO_STORE: "bench",
};

async function start(runtime: ReturnType<typeof createLambdaRuntime>, module: string): Promise<void> {
  const where = { directory: dirname(module), main: basename(module) };
  const settings = { memory: 512, timeout: 10, env: { SESSION_KEYS: "s".repeat(32) }, cloudEnv };
  const fn: LoadedFunction = { id: "bench", hash: String(++calls), ...where, ...settings };
  const call = { requestId: String(calls), arn: "arn:aws:lambda:us-east-1:111122223333:function:bench:1" };
  const text = Buffer.from((await runtime.invoke(fn, event, call)).payload).toString();
  runtime.retire("bench");
  if (!text.includes("Hello, ada!")) throw new Error(text);
}
