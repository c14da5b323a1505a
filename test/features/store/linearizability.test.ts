/**
 * Random concurrent operations on the store's engines, with lost answers where a network could lose them: every
 * history is linearizable.
 */
// @module-tag isolated
import { type ChildProcess, fork } from "node:child_process";
import { on, once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { seededRandom } from "../../../framework/cloud/seeded-random.ts";
import { openLocalTable } from "../../../framework/emulation/dynamodb/local-table.ts";
import { startStorage } from "../../../framework/emulation/workers/miniflare-storage.ts";
import { createSignedCall } from "../../../framework/features/aws/signed-call.ts";
import { createDynamoEngine } from "../../../framework/features/store/dynamodb.ts";
import { createStore, type Store } from "../../../framework/features/store/store.ts";
import { store as storeOnWorkers } from "../../../framework/features/store/workers.ts";
import { storeSchema } from "../../../framework/model/store-schema.ts";
import { createCall } from "../../../framework/node/testing.ts";
import { startFaultyProxy } from "./faulty-proxy.ts";
import { isLinearizable } from "./linearizability.ts";
import { type Logged, type Model, runClient, type RunOfSeed, toOperations } from "./store-client.ts";

const firstSeed = Number(process.env["PORTICO_SEED"]) % 1_000_000;
const clients = 3;
/** Seeds at a time: each has a key of its own, and a run waits for answers more than it computes. */
const lanes = 8;

/** Runs a seed on all clients at once. */
type Run = (seed: number, model: Model) => Promise<readonly Logged[]>;

/** In memory where Linux has such a folder: most of the time would be waits for the disk, of which nothing is shown. */
const place = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

function newFolder(): string {
  const folder = mkdtempSync(join(place, "portico-linear-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const runHere =
  (store: Store<string | number>): Run =>
  async (seed, model) =>
    (
      await Promise.all(Array.from({ length: clients }, (_, client) => runClient(store, { seed, model, client })))
    ).flat();

/** Processes that share a file. */
async function onNode(): Promise<Run> {
  const data = newFolder();
  const program = join(import.meta.dirname, "store-client-process.ts");
  const processes = await Promise.all(
    Array.from({ length: clients }, async (_, client): Promise<ChildProcess> => {
      const child = fork(program, [data, String(client)]);
      onTestFinished(() => void child.kill("SIGKILL"));
      await once(child, "message");
      return child;
    }),
  );
  return async (seed, model) => {
    const logs = processes.map(async (child): Promise<readonly Logged[]> => {
      child.send({ seed, model });
      for await (const [message] of on(child, "message") as AsyncIterable<[RunOfSeed]>)
        if (message.seed === seed && message.model === model) return message.log;
      throw new Error("the process ended");
    });
    return (await Promise.all(logs)).flat();
  };
}

/** workerd's D1, asked as a binding asks it; answers are lost at random, before and after the statements run. */
async function onWorkers(): Promise<Run> {
  const storage = await startStorage(newFolder());
  onTestFinished(() => storage.close());
  const batch = async (statements: readonly object[]): Promise<unknown> => {
    const url = "http://d1/query?resultsFormat=ARRAY_OF_OBJECTS";
    const answer = await storage.send("d1", "linear", { url, method: "POST", body: JSON.stringify(statements) });
    const body: unknown = await answer.json();
    if (!Array.isArray(body)) throw new Error(JSON.stringify(body));
    return body;
  };
  await batch(storeSchema.map((sql) => ({ sql, params: [] })));
  const random = seededRandom(firstSeed);
  const late = new Set<Promise<unknown>>();
  onTestFinished(async () => void (await Promise.allSettled(late)));
  const database = {
    prepare: (sql: string) => ({ bind: (...params: readonly unknown[]) => ({ sql, params }) }),
    async batch(statements: readonly object[]) {
      const fate = random();
      if (fate < 0.05) throw new Error("the request was lost");
      if (fate < 0.1) {
        late.add(new Promise((done) => setTimeout(done, random() * 40)).then(() => batch(statements)));
        throw new Error("the request is late");
      }
      const results = await batch(statements);
      if (fate < 0.2) throw new Error("the answer was lost");
      return results;
    },
  };
  const platform = { name: "workers", env: { PORTICO_STORE: database }, context: {}, cf: {} } as const;
  return runHere(storeOnWorkers<string | number>(createCall({ platform }), "linear"));
}

/** The emulation of DynamoDB, behind a proxy that loses requests and answers. */
async function onLambda(): Promise<Run> {
  const table = await openLocalTable({
    file: join(newFolder(), "table.sqlite"),
    name: "a--dev",
    region: "us-east-1",
    account: "000000000000",
    onError: (error) => {
      throw error;
    },
  });
  const variables = table.variables("linear");
  Object.assign(process.env, variables);
  const proxy = await startFaultyProxy(new URL(variables["AWS_ENDPOINT_URL_DYNAMODB"]!), seededRandom(firstSeed));
  onTestFinished(async () => {
    await proxy.close();
    await table.close();
  });
  const call = createSignedCall({ name: "dynamodb", target: "DynamoDB_20120810", endpoint: proxy.url });
  const open = createStore((_, namespace) => createDynamoEngine(call, "a--dev", namespace));
  return runHere(open<string | number>(createCall(), "linear"));
}

describe.each([
  ["node:sqlite in several processes", onNode],
  ["D1 with lost answers", onWorkers],
  ["DynamoDB with lost answers", onLambda],
])("%s", (_name, start) => {
  const check = async (seeds: number): Promise<void> => {
    const run = await start();
    const left = Array.from({ length: seeds }, (_, index) => firstSeed + index).values();
    const lane = async (): Promise<void> => {
      for (const seed of left)
        for (const model of ["register", "counter"] as const) {
          const log = await run(seed, model);
          const isRight = isLinearizable(toOperations(log, model), model === "counter" ? 0 : "");
          expect(isRight, `seed ${seed}, ${model}: ${JSON.stringify(log)}`).toBe(true);
        }
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  };

  it("is linearizable", () => check(3));

  it("is linearizable for 200 seeds", { tags: ["check"] }, () => check(200));
});

describe("the check itself", () => {
  const history = (model: Model, ...log: readonly Logged[]): boolean =>
    isLinearizable(toOperations(log, model), model === "counter" ? 0 : "");

  it("finds a stale read, a lost sum, a version that was replaced twice, and a write that came back", () => {
    const one = { kind: "set", value: "a", result: "v1" } as const;
    expect(history("register", { ...one, call: 0, return: 1 }, { kind: "get", result: null, call: 2, return: 3 })).toBe(
      false,
    );
    expect(history("register", { ...one, call: 0, return: 3 }, { kind: "get", result: null, call: 2, return: 4 })).toBe(
      true,
    );
    const add = { kind: "add", value: 1, result: 1 } as const;
    expect(history("counter", { ...add, call: 0, return: 2 }, { ...add, call: 1, return: 3 })).toBe(false);
    expect(history("counter", { ...add, call: 0, return: 2 }, { ...add, result: 2, call: 1, return: 3 })).toBe(true);
    const next = { kind: "set", condition: "v1" } as const;
    const twice = [
      { ...one, call: 0, return: 1 },
      { ...next, value: "b", result: "v2", call: 2, return: 5 },
      { ...next, value: "c", result: "v3", call: 3, return: 6 },
    ] as const;
    expect(history("register", ...twice)).toBe(false);
    expect(history("register", ...twice.slice(0, 2), { ...twice[2], result: null })).toBe(true);
    const lost = { kind: "set", value: "a", call: 0 } as const;
    const read = (value: string, call: number): Logged => ({ kind: "get", result: value, call, return: call + 1 });
    const other = { kind: "set", value: "b", result: "v2", call: 1, return: 2 } as const;
    expect(history("register", lost, other, read("b", 3), read("a", 5))).toBe(true);
    expect(history("register", lost, other, read("a", 3), read("b", 5))).toBe(false);
  });
});
