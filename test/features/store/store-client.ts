/** A client of the store that does random operations on one key, and the operations that its log stands for. */
import type { Store } from "../../../framework/features/store/store.ts";
import { seededRandom } from "../../../framework/cloud/seeded-random.ts";
import type { Operation } from "./linearizability.ts";

/** What is done to the key: values that are replaced, or a number that is added to. */
export type Model = "register" | "counter";

/** One operation; plain data, since clients may be processes. */
export interface Logged {
  readonly kind: "get" | "set" | "delete" | "add";
  readonly call: number;
  /** Absent where the outcome is unknown. */
  readonly return?: number;
  readonly value?: string | number;
  /** The version of the condition; null for an absent entry. */
  readonly condition?: string | null;
  /** What it gave: a version or null, true or false, a sum; of `get` the value. */
  readonly result?: string | number | boolean | null;
  /** Of `get`: the version of the value. */
  readonly version?: string | null;
}

/** What a process did for a seed. */
export interface RunOfSeed {
  readonly seed: number;
  readonly model: Model;
  readonly log: readonly Logged[];
}

const now = (): number => Number(process.hrtime.bigint());

/** Ten operations, one after the other, on the key of the seed. Another error than a lost answer is thrown. */
export async function runClient(
  store: Store<string | number>,
  { model, seed, client }: { readonly model: Model; readonly seed: number; readonly client: number },
): Promise<readonly Logged[]> {
  const random = seededRandom(seed * 31 + client);
  const key = `${model}-${seed}`;
  const log: Logged[] = [];
  let version: string | undefined;
  for (let index = 0; index < 10; index++) {
    const value = `${client}.${index}`;
    const condition = pick<string | null | undefined>(random, undefined, null, version, version);
    const kind: Logged["kind"] =
      model === "counter" ? pick(random, "get", "add", "add") : pick(random, "get", "set", "set", "delete");
    const input = { kind, ...(kind === "set" && { value }), ...(kind === "add" && { value: 1 + index }) };
    const call = now();
    try {
      const result = await perform(store, key, { ...input, condition });
      log.push({
        ...input,
        call,
        return: now(),
        ...(kind !== "get" && kind !== "add" && condition !== undefined && { condition }),
        ...result,
      });
      version = result.version ?? version;
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      // It did not happen.
      if (code === "STORE_BUSY") continue;
      if (code !== "STORE_OUTCOME_UNKNOWN") throw error;
      log.push({ ...input, call, ...(condition !== undefined && { condition }) });
    }
    if (random() < 0.3) await new Promise((done) => setTimeout(done, random() * 3));
  }
  return log;
}

const pick = <T>(random: () => number, ...choices: readonly T[]): T => choices[Math.trunc(random() * choices.length)]!;

async function perform(
  store: Store<string | number>,
  key: string,
  { kind, value, condition }: Pick<Logged, "kind" | "value"> & { readonly condition: string | null | undefined },
): Promise<Pick<Logged, "result"> & { readonly version?: string | null }> {
  switch (kind) {
    case "get": {
      const found = await store.get(key);
      return { result: found?.value ?? null, version: found?.version ?? null };
    }
    case "set": {
      const version =
        (await (condition === undefined ? store.set(key, value!) : store.set(key, value!, { if: condition }))) ?? null;
      return { result: version, version };
    }
    case "delete":
      return { result: await store.delete(key, condition ? { if: condition } : {}) };
    case "add":
      return { result: await (store as unknown as Store<number>).add(key, value as number) };
  }
}

/** The operations of all clients' logs. States are values; that of an absent entry is empty, or 0 for a counter. */
export function toOperations(logs: readonly Logged[], model: Model): readonly Operation<string | number>[] {
  const absent = model === "counter" ? 0 : "";
  // A client knows a version only with its value.
  const values = new Map<unknown, string | number>([[null, absent]]);
  for (const { kind, value, result, version } of logs) {
    if (kind === "set" && typeof result === "string") values.set(result, value!);
    if (kind === "get" && typeof version === "string") values.set(version, result as string | number);
  }
  return logs.map((one) => {
    const isUnknown = one.return === undefined;
    return {
      call: one.call,
      return: one.return ?? Infinity,
      apply(state) {
        if (one.kind === "get") return state === (one.result ?? absent) ? state : undefined;
        if (one.kind === "add") {
          const sum = Number(state) + Number(one.value);
          return isUnknown || sum === one.result ? sum : undefined;
        }
        const condition = one.kind === "delete" && one.condition === null ? undefined : one.condition;
        const holds = condition === undefined || state === values.get(condition);
        const after = one.kind === "set" ? one.value! : absent;
        if (isUnknown) return holds ? after : state;
        const happened = one.kind === "set" ? one.result !== null : one.result === true;
        if (happened !== holds) return undefined;
        return happened ? after : state;
      },
    };
  });
}
