/**
 * The store in DynamoDB. A table's item has `n` namespace, `k` key, `v` JSON or `c` whole number, `r` version, `x`
 * expiry in milliseconds and `e` in seconds, by which DynamoDB deletes it, up to days late.
 */
import type { AwsCallError, SignedCall } from "../aws/signed-call.ts";
import { addable, type Engine, type Row } from "./engine.ts";
import { resolveWrite } from "./lost-answer.ts";
import { StoreError } from "./store-error.ts";

/** Attributes as DynamoDB's JSON has them; what is undefined is left out. */
type Item = Readonly<Record<string, { readonly S?: string; readonly N?: string } | undefined>>;

/** The parts of an answer that are read. */
interface Answer {
  readonly Item?: Item;
  readonly Attributes?: Item;
  readonly Items?: readonly Item[];
  readonly LastEvaluatedKey?: Item;
}

const text = (value: string) => ({ S: value });
const number = (value: number) => ({ N: `${value}` });

const live = "(attribute_not_exists(x) OR x>:now)";

/** How often `add` replaces an expired entry that another call replaces first. */
const attempts = 20;

/** The operations on a namespace. */
export function createDynamoEngine(call: SignedCall, table: string, namespace: string): Engine {
  const { ask, get, keyOf, write } = createCalls(call, table, namespace);
  const put = async (row: Row, condition: object): Promise<boolean> => {
    const item = { ...keyOf(row.key), ...toAttributes(row), r: text(row.version) };
    return !("refused" in (await write("PutItem", { Item: item, ...condition }, row.key, row.version)));
  };
  return {
    get,
    set: (row, condition) => put(row, condition === null ? ifAbsent() : ifVersion(condition)),
    // An absent entry does not tell: a call that is late may yet delete what is written meanwhile.
    delete: async (key, condition) =>
      !("refused" in (await write("DeleteItem", { Key: keyOf(key), ...ifVersion(condition) }, key))),
    async add(row) {
      for (let attempt = 0; attempt < attempts; attempt++) {
        const done = await write("UpdateItem", { Key: keyOf(row.key), ...addition(row) }, row.key, row.version);
        if (!("refused" in done)) return done.row;
        if (isLive(done.refused)) return undefined;
        // An expired entry is replaced, unless another call was faster.
        if (await put(row, ifAbsent())) return row;
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
        const page = await ask("Query", query(namespace, prefix, limit, start), true);
        rows.push(...page.Items!.map(toRow));
        start = page.LastEvaluatedKey;
        // The limit counts expired items, too.
      } while (start && rows.length < limit);
      return rows.slice(0, limit);
    },
  };
}

/** What became of a write: the entry, where the answer has it, or the one that its condition did not hold for. */
type Written = { readonly row: Row | undefined } | { readonly refused: Row | undefined };

/** The calls on single items of a namespace. */
function createCalls(call: SignedCall, table: string, namespace: string) {
  const keyOf = (key: string): Item => ({ n: text(namespace), k: text(key) });
  const ask = async (operation: string, input: object, repeats?: boolean): Promise<Answer> => {
    try {
      return await call(operation, { TableName: table, ...input }, repeats);
    } catch (error) {
      throw toStoreError(error as AwsCallError, repeats);
    }
  };
  const get = async (key: string): Promise<Row | undefined> => {
    const row = rowOf((await ask("GetItem", { Key: keyOf(key), ConsistentRead: true }, true)).Item);
    return isLive(row) ? row : undefined;
  };
  /** @param version that the entry has if the write happened; undefined if no entry tells it */
  const write = async (operation: string, input: object, key: string, version?: string): Promise<Written> => {
    try {
      return { row: rowOf((await ask(operation, input)).Attributes) };
    } catch (error) {
      const { code, outcome, body } = error as AwsCallError;
      if (code === "ConditionalCheckFailedException") return { refused: rowOf(body?.["Item"] as Item | undefined) };
      if (outcome !== "lost") throw error;
      return { row: await resolveWrite(() => get(key), version, error) };
    }
  };
  return { ask, get, keyOf, write };
}

const query = (namespace: string, prefix: string, limit: number, start: Item | undefined) => ({
  ExclusiveStartKey: start,
  ConsistentRead: true,
  KeyConditionExpression: prefix ? "n=:n AND begins_with(k,:p)" : "n=:n",
  ...when(undefined, { ":n": text(namespace), ":p": prefix ? text(prefix) : undefined }),
  FilterExpression: live,
  Limit: limit,
});

const when = (condition: string | undefined, values?: Item) => ({
  ConditionExpression: condition,
  ExpressionAttributeValues: { ":now": number(Date.now()), ...values },
});

const ifAbsent = () => when("attribute_not_exists(k) OR x<=:now");

const ifVersion = (version: string | undefined) =>
  version === undefined ? {} : when(`r=:r AND ${live}`, { ":r": text(version) });

/** Makes the item, or adds to its number. */
function addition(row: Row & { readonly value: number }) {
  const [low, high] = addable(row.value);
  const { c, x, e } = toAttributes(row);
  const values = { ":c": c, ":x": x, ":e": e, ":r": text(row.version), ":low": number(low), ":high": number(high) };
  return {
    ...when(`attribute_not_exists(k) OR ${live} AND c BETWEEN :low AND :high`, values),
    UpdateExpression: `ADD c :c SET r=:r${x ? ",x=if_not_exists(x,:x),e=if_not_exists(e,:e)" : ""}`,
    ReturnValues: "ALL_NEW",
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  };
}

const toAttributes = ({ value, expires }: Row): Item => ({
  ...(typeof value === "number" ? { c: number(value) } : { v: text(value) }),
  ...(expires && { x: number(expires), e: number(Math.ceil(expires / 1000)) }),
});

const toRow = ({ k, v, c, r, x }: Item): Row => ({
  key: k!.S!,
  value: v?.S ?? Number(c!.N),
  version: r!.S!,
  expires: x && Number(x.N),
});

const rowOf = (item: Item | undefined): Row | undefined => item && toRow(item);

const isLive = (row: Row | undefined): boolean => !!row && (row.expires === undefined || row.expires > Date.now());

/** The error itself, where it says nothing that the store has a code for. */
function toStoreError(error: AwsCallError, repeats = false): unknown {
  const { code = "", outcome } = error;
  if (/^(?:ResourceNotFound|AccessDenied)/.test(code)) return missingTable(error);
  return outcome === "undone" || (outcome === "lost" && repeats)
    ? new StoreError("STORE_BUSY", "DynamoDB is busy; try later", error)
    : error;
}

/** Where a function has no table, or may not use it. */
export const missingTable = (cause?: unknown): StoreError =>
  new StoreError("STORE_MISSING", "no table, or no permission: release with portico deploy", cause);
