/**
 * The store in DynamoDB. A table's item has `n` namespace, `k` key, `v` JSON or `c` whole number, `r` version, `x`
 * expiry in milliseconds and `e` in seconds, by which DynamoDB deletes it, up to days late.
 */
import type { AwsCallError, SignedCall } from "../aws/signed-call.ts";
import { addable, type Engine, type Row } from "./engine.ts";
import { resolveWrite } from "./lost-answer.ts";
import { StoreError } from "./store-error.ts";

/** Attributes as DynamoDB's JSON has them. */
type Item = Readonly<Record<string, { readonly S?: string; readonly N?: string }>>;

const text = (value: string) => ({ S: value });
const number = (value: number) => ({ N: `${value}` });

const live = "(attribute_not_exists(x) OR x>:now)";
const absent = "attribute_not_exists(k) OR x<=:now";

/** How often `add` replaces an expired entry that another call replaces first. */
const attempts = 20;

/** The operations on a namespace. */
export function createDynamoEngine(call: SignedCall, table: string, namespace: string): Engine {
  const { ask, keyOf, get, put, write, increase } = createEntries(call, table, namespace);
  return {
    get,
    set: (row, condition) => put(row, condition === null ? when(absent) : ifVersion(condition)),
    // An absent entry does not tell: a call that is late may yet delete what is written meanwhile.
    delete: (key, condition) => write("DeleteItem", key, ifVersion(condition), () => false),
    async add(row) {
      for (let attempt = 0; attempt < attempts; attempt++) {
        const found = await increase(row);
        if (!("refusedBy" in found)) return found;
        if (isLive(found.refusedBy)) return undefined;
        // An expired entry is replaced, unless another call was faster.
        if (await put(row, when(absent))) return row;
      }
      throw new StoreError("STORE_BUSY", "too many calls write to this key; try later");
    },
    async list(prefix, after, limit) {
      const rows: Row[] = [];
      // DynamoDB refuses to start outside of the prefix.
      const isInside = after.startsWith(prefix);
      if (!isInside && Buffer.compare(Buffer.from(after), Buffer.from(prefix)) > 0) return rows;
      let start = isInside && after ? keyOf(after) : undefined;
      do {
        const page: QueryPage = await ask("Query", query(namespace, prefix, limit, start), true);
        rows.push(...page.Items.map(toRow));
        start = page.LastEvaluatedKey;
        // The limit counts expired items, too.
      } while (start && rows.length < limit);
      return rows.slice(0, limit);
    },
  };
}

/** The calls on single items of a namespace. */
function createEntries(call: SignedCall, table: string, namespace: string) {
  const keyOf = (key: string): Item => ({ n: text(namespace), k: text(key) });
  const ask = async <T>(operation: string, input: object, repeats?: boolean): Promise<T> => {
    try {
      return await call<T>(operation, { TableName: table, ...input }, repeats);
    } catch (error) {
      throw toStoreError(error as AwsCallError, repeats);
    }
  };
  const get = async (key: string): Promise<Row | undefined> => {
    const { Item: item } = await ask<{ Item?: Item }>("GetItem", { Key: keyOf(key), ConsistentRead: true }, true);
    const row = item && toRow(item);
    return row && isLive(row) ? row : undefined;
  };
  /** False where the condition did not hold. @param isOurs whether the entry shows that the write happened */
  const write = async (operation: string, key: string, input: object, isOurs: (found?: Row) => boolean) => {
    try {
      await ask(operation, "Item" in input ? input : { Key: keyOf(key), ...input });
    } catch (error) {
      if (isRefused(error)) return false;
      if ((error as AwsCallError).outcome !== "lost") throw error;
      await resolveWrite(() => get(key), isOurs, error);
    }
    return true;
  };
  const put = (row: Row, condition: object): Promise<boolean> => {
    const item = { ...keyOf(row.key), ...toAttributes(row), r: text(row.version) };
    return write("PutItem", row.key, { Item: item, ...condition }, (found) => found?.version === row.version);
  };
  /** The entry after `add`, or the one that it cannot continue. */
  const increase = async (row: Row & { readonly value: number }): Promise<Row | { readonly refusedBy: Row }> => {
    try {
      const input = { Key: keyOf(row.key), ...addition(row) };
      return toRow((await ask<{ Attributes: Item }>("UpdateItem", input)).Attributes);
    } catch (error) {
      if (isRefused(error)) return { refusedBy: toRow(error.body?.["Item"] as Item) };
      if ((error as AwsCallError).outcome !== "lost") throw error;
      return (await resolveWrite(
        () => get(row.key),
        (found) => found?.version === row.version,
        error,
      ))!;
    }
  };
  return { keyOf, ask, get, write, put, increase };
}

interface QueryPage {
  readonly Items: readonly Item[];
  readonly LastEvaluatedKey?: Item;
}

const query = (namespace: string, prefix: string, limit: number, start: Item | undefined) => ({
  ExclusiveStartKey: start,
  ConsistentRead: true,
  KeyConditionExpression: prefix ? "n=:n AND begins_with(k,:p)" : "n=:n",
  FilterExpression: live,
  ExpressionAttributeValues: {
    ":n": text(namespace),
    ...(prefix && { ":p": text(prefix) }),
    ":now": number(Date.now()),
  },
  Limit: limit,
});

const when = (condition: string, values: Item = {}) => ({
  ConditionExpression: condition,
  ExpressionAttributeValues: { ":now": number(Date.now()), ...values },
});

const ifVersion = (version: string | undefined) =>
  version === undefined ? {} : when(`r=:r AND ${live}`, { ":r": text(version) });

/** Makes the item, or adds to its number. */
function addition(row: Row & { readonly value: number }) {
  const [low, high] = addable(row.value);
  const { c, ...expiry } = toAttributes(row);
  const values = { ":c": c!, ":zero": number(0), ":r": text(row.version), ":low": number(low), ":high": number(high) };
  const names = Object.keys(expiry);
  return {
    ...when(`attribute_not_exists(k) OR ${live} AND c BETWEEN :low AND :high`, {
      ...values,
      ...Object.fromEntries(names.map((name) => [`:${name}`, expiry[name]!])),
    }),
    UpdateExpression: [
      "SET c=if_not_exists(c,:zero)+:c,r=:r",
      ...names.map((name) => `${name}=if_not_exists(${name},:${name})`),
    ].join(),
    ReturnValues: "ALL_NEW",
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  };
}

const toAttributes = ({ value, expires }: Row): Item => ({
  ...(typeof value === "number" ? { c: number(value) } : { v: text(value) }),
  ...(expires !== undefined && { x: number(expires), e: number(Math.ceil(expires / 1000)) }),
});

const toRow = ({ k, v, c, r, x }: Item): Row => ({
  key: k!.S!,
  value: v?.S ?? Number(c!.N),
  version: r!.S!,
  expires: x && Number(x.N),
});

const isLive = ({ expires }: Row): boolean => expires === undefined || expires > Date.now();

const isRefused = (error: unknown): error is AwsCallError =>
  (error as AwsCallError).code === "ConditionalCheckFailedException";

/** The error itself, where it says nothing that the store has a code for. */
function toStoreError(error: AwsCallError, repeats = false): unknown {
  const { code = "", outcome } = error;
  if (/^(?:ResourceNotFound|AccessDenied)/.test(code))
    return new StoreError("STORE_MISSING", "no table, or no permission: release with portico deploy", error);
  return outcome === "undone" || (outcome === "lost" && repeats)
    ? new StoreError("STORE_BUSY", "DynamoDB is busy; try later", error)
    : error;
}
