/**
 * The store in DynamoDB. A table's item has `n` namespace, `k` key, `v` JSON or `c` whole number, `r` version, `x`
 * expiry in milliseconds and `e` in seconds, by which DynamoDB deletes it, up to days late.
 */
import { type AwsCallError, outcomeOf, type SignedCall } from "../aws/signed-call.ts";
import type { Engine, Row } from "./engine.ts";
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

/** What became of a write: whether its condition held, and the entry where the answer has it and it has not expired. */
interface Written {
  readonly isDone: boolean;
  readonly row?: Row | undefined;
}

/** The operations on a namespace. */
export function createDynamoEngine(call: SignedCall, table: string, namespace: string): Engine {
  const keyOf = (key: string): Item => ({ n: text(namespace), k: text(key) });
  const read = (operation: string, input: object): Promise<Answer> =>
    call<Answer>(operation, { TableName: table, ConsistentRead: true, ...input }, true).catch(refuse);
  const get = async (key: string): Promise<Row | undefined> =>
    liveRow((await read("GetItem", { Key: keyOf(key) })).Item);
  /** @param version that the entry has if the write happened; undefined if no entry tells it */
  const write = async (operation: string, input: object, key: string, version?: string): Promise<Written> => {
    try {
      const { Attributes } = await call<Answer>(operation, { TableName: table, ...input });
      return { isDone: true, row: Attributes && toRow(Attributes) };
    } catch (error) {
      const { code, body } = error as AwsCallError;
      if (code === "ConditionalCheckFailedException") return { isDone: false, row: liveRow(body?.["Item"] as Item) };
      if (outcomeOf(error as AwsCallError) !== "lost") return refuse(error as AwsCallError);
      return { isDone: true, row: await resolveWrite(() => get(key), version, error) };
    }
  };
  const put = async (row: Row, condition: object): Promise<boolean> => {
    const item = { ...keyOf(row.key), ...toAttributes(row) };
    return (await write("PutItem", { Item: item, ...condition }, row.key, row.version)).isDone;
  };
  return {
    get,
    set: (row, condition) => put(row, condition === null ? ifAbsent() : ifVersion(condition)),
    // An absent entry does not tell: a call that is late may yet delete what is written meanwhile.
    delete: async (key, condition) =>
      (await write("DeleteItem", { Key: keyOf(key), ...ifVersion(condition) }, key)).isDone,
    async add(row) {
      for (;;) {
        const sum = await write("UpdateItem", { Key: keyOf(row.key), ...addition(row) }, row.key, row.version);
        if (sum.isDone) return sum.row;
        // What is there is no number, or too large a one.
        if (sum.row) return undefined;
        // An expired entry is replaced, unless another call was faster.
        if (await put(row, ifAbsent())) return row;
      }
    },
    async *list(prefix, after, size) {
      // DynamoDB refuses to start outside of the prefix.
      const isInside = after.startsWith(prefix);
      if (!isInside && Buffer.compare(Buffer.from(after), Buffer.from(prefix)) > 0) return;
      let start = isInside && after ? keyOf(after) : undefined;
      do {
        const page = await read("Query", query(namespace, prefix, size, start));
        yield* page.Items!.map(toRow);
        start = page.LastEvaluatedKey;
      } while (start);
    },
  };
}

const query = (namespace: string, prefix: string, size: number, start: Item | undefined) => ({
  ExclusiveStartKey: start,
  KeyConditionExpression: `n=:n${prefix && " AND begins_with(k,:p)"}`,
  ...when(undefined, { ":n": text(namespace), ...(prefix && { ":p": text(prefix) }) }),
  FilterExpression: live,
  Limit: size,
});

const when = (condition: string | undefined, values?: Item) => ({
  ConditionExpression: condition,
  ExpressionAttributeValues: { ":now": number(Date.now()), ...values },
});

const ifAbsent = () => when("attribute_not_exists(k) OR x<=:now");

const ifVersion = (version: string | undefined) =>
  version === undefined ? {} : when(`r=:r AND ${live}`, { ":r": text(version) });

const most = Number.MAX_SAFE_INTEGER;

/** Makes the item, or adds to its number. */
function addition(row: Row & { readonly value: number }) {
  const { c, r, x, e } = toAttributes(row);
  const values = {
    ":c": c,
    ":r": r,
    ":x": x,
    ":e": e,
    ":low": number(-most - row.value),
    ":high": number(most - row.value),
  };
  return {
    ...when(`attribute_not_exists(k) OR ${live} AND c BETWEEN :low AND :high`, values),
    UpdateExpression: `ADD c :c SET r=:r${x ? ",x=if_not_exists(x,:x),e=if_not_exists(e,:e)" : ""}`,
    ReturnValues: "ALL_NEW",
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  };
}

const toAttributes = ({ value, version, expires }: Row): Item => ({
  r: text(version),
  ...(typeof value === "number" ? { c: number(value) } : { v: text(value) }),
  ...(expires && { x: number(expires), e: number(Math.ceil(expires / 1000)) }),
});

const toRow = ({ k, v, c, r, x }: Item): Row => ({
  key: k!.S!,
  value: v?.S ?? Number(c!.N),
  version: r!.S!,
  expires: x && Number(x.N),
});

const liveRow = (item: Item | undefined): Row | undefined => {
  const row = item && toRow(item);
  return (row?.expires ?? Infinity) > Date.now() ? row : undefined;
};

/** Throws the error itself, where it says nothing that the store has a code for. */
function refuse(error: AwsCallError): never {
  if (/^(?:ResourceNotFound|AccessDenied)/.test(error.code!)) throw missingTable(error);
  if (outcomeOf(error) === "refused") throw error;
  throw new StoreError("STORE_BUSY", "DynamoDB is busy; try later", error);
}

/** Where a function has no table, or may not use it. */
export const missingTable = (cause?: unknown): StoreError =>
  new StoreError("STORE_MISSING", "no table, or no permission: release with portico deploy", cause);
