/** Bench of a warm Lambda function's time per call: the handlers of contenders.ts, each in its own process. */
import { type ChildProcess, fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type ContenderName, makeContenders } from "./contenders.ts";
import { type Measured, ratioOf } from "./measurement.ts";

const rounds = 101;
const warmUp = 20_000;

interface Caller {
  /** Microseconds per call. */
  call(count: number): Promise<number>;
  readonly child: ChildProcess;
}

interface Told {
  readonly milliseconds: number;
  readonly last: { readonly statusCode: number; readonly body: string };
}

const next = <Message>(child: ChildProcess): Promise<Message> =>
  new Promise((resolve) => child.once("message", resolve));

/** Each contender has its own process, since contenders replace the global web classes. */
async function startCaller(module: string, event: string): Promise<Caller> {
  const child = fork(join(import.meta.dirname, "handler-process.mjs"), [module, event]);
  await next(child);
  const call = async (count: number): Promise<number> => {
    child.send(count);
    const { milliseconds, last } = await next<Told>(child);
    if (last.statusCode !== 200 || !/^Hello, ada!$|^(?:0123456789)+$/.test(last.body))
      throw new Error(`${module}: ${JSON.stringify(last)}`);
    return (milliseconds * 1000) / count;
  };
  await call(warmUp);
  return { call, child };
}

/** Microseconds per call by contender and round; another contender is first in each round. */
async function race(
  names: readonly ContenderName[],
  modules: Readonly<Record<string, string>>,
  event: string,
  count: number,
) {
  const callers = await Promise.all(names.map((name) => startCaller(modules[name] ?? "", event)));
  const took = new Map<string, number[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const at = (round + turn) % names.length;
      const caller = callers[at];
      if (caller) took.get(names[at] ?? "")?.push(await caller.call(count));
    }
  }
  for (const { child } of callers) child.disconnect();
  return (name: ContenderName): readonly number[] => took.get(name) ?? [];
}

/**
 * Rows are ratios of medians of one run. No bar is in microseconds, which depend on the machine.
 */
export async function adapter(): Promise<readonly Measured[]> {
  const { modules, remove } = await makeContenders();
  const event = join(import.meta.dirname, "http-api-event.json");
  const short = await race(
    ["bare", "plain", "plain, platform classes", "hono", "hono, platform classes", "hono/aws-lambda"],
    modules,
    event,
    5000,
  );
  const asksLarge = join(dirname(modules.bare), "large-event.json");
  await writeFile(asksLarge, readFileSync(event, "utf8").replaceAll("/r1/ada", "/large"));
  const large = await race(["bare large", "plain large", "plain large, platform classes"], modules, asksLarge, 1000);
  await remove();
  const row = (took: typeof short, name: ContenderName, against: ContenderName, bar?: string): Measured =>
    ratioOf(
      { name: `per call, ${name}`, against, unit: "µs", rounds, ...(bar !== undefined && { bar }) },
      took(name),
      took(against),
    );
  return [
    row(short, "plain", "bare"),
    row(short, "hono/aws-lambda", "plain", ">= 8"),
    row(short, "plain, platform classes", "bare"),
    row(short, "hono", "bare"),
    row(short, "hono, platform classes", "bare"),
    row(short, "hono/aws-lambda", "hono"),
    row(large, "plain large", "bare large"),
    row(large, "plain large, platform classes", "bare large"),
  ];
}
