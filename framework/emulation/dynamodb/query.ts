/**
 * Query and Scan: pages of items, at most 1 MB before the filter (developer guide, "Paginating table query results").
 */
import { checkValue, type Item, itemSize, recordOf } from "./attribute-value.ts";
import { AwsError } from "../aws/aws-error.ts";
import { flag, type Input, limit, names, oneOf, readInput, tableName, text, values } from "./call-input.ts";
import { meets, namesOf } from "./condition.ts";
import { type Condition, parseCondition } from "./condition-parser.ts";
import { validation } from "./errors.ts";
import { openScope, refuseUnused } from "./expression-scope.ts";
import { keyConditions, queryKeys } from "./key-condition.ts";
import { type ItemOperation, requireTable } from "./operation.ts";
import { keyNames, keyOf, placeOfKey, type TableSchema } from "./table-schema.ts";

/** Bytes of the items that a page reads, the one that exceeds them included. */
const maxPage = 1024 * 1024;

const paged = {
  TableName: tableName,
  Select: oneOf("ALL_ATTRIBUTES", "COUNT"),
  ConsistentRead: flag,
  ExclusiveStartKey: values,
  ExpressionAttributeNames: names,
  ExpressionAttributeValues: values,
  FilterExpression: text,
  Limit: limit,
  ReturnConsumedCapacity: oneOf("NONE"),
};

export const query: ItemOperation = async (members, plane) => {
  const input = readInput(members, { ...paged, KeyConditionExpression: text });
  checkExpressions(
    input,
    [input.FilterExpression, input.KeyConditionExpression],
    ["FilterExpression", "KeyConditionExpression"],
  );
  const start = readStart(input);
  if (input.KeyConditionExpression === undefined) {
    const either = "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.";
    throw validation(either);
  }
  const scope = openScope(input.ExpressionAttributeNames, input.ExpressionAttributeValues);
  const keyCondition = parseCondition("KeyConditionExpression", input.KeyConditionExpression, scope);
  const filter = readFilter(input, scope);
  refuseUnused(scope);
  const conditions = keyConditions(keyCondition);
  const table = requireTable(input.TableName, plane);
  const { hash, range } = queryKeys(table, conditions, start);
  const named = filter ? namesOf(filter) : [];
  const key = keyNames(table).find((name) => named.includes(name));
  if (key !== undefined) {
    const rule = "Filter Expression can only contain non-primary key attributes";
    throw validation(`${rule}: Primary key attribute: ${key}`);
  }
  return readPage(plane.items().items(table.id, hash, range), table, filter, input);
};

export const scan: ItemOperation = async (members, plane) => {
  const input = readInput(members, paged);
  checkExpressions(input, [input.FilterExpression], ["FilterExpression"]);
  const start = readStart(input);
  const scope = openScope(input.ExpressionAttributeNames, input.ExpressionAttributeValues);
  const filter = readFilter(input, scope);
  refuseUnused(scope);
  const table = requireTable(input.TableName, plane);
  const place = start && placeOfKey(table, start);
  return readPage(plane.items().allItems(table.id, place), table, filter, input);
};

type PagedInput = Input<typeof paged>;

function readFilter(input: PagedInput, scope: ReturnType<typeof openScope>): Condition | undefined {
  const { FilterExpression: filter } = input;
  return filter === undefined ? undefined : parseCondition("FilterExpression", filter, scope);
}

/** Throws ValidationException for names and values without an expression. */
function checkExpressions(
  input: PagedInput,
  expressions: readonly (string | undefined)[],
  members: readonly string[],
): void {
  if (expressions.some((expression) => expression !== undefined)) return;
  if (input.ExpressionAttributeNames)
    throw validation("ExpressionAttributeNames can only be specified when using expressions");
  if (input.ExpressionAttributeValues) {
    const missing = `${members.join(" and ")} ${members.length > 1 ? "are" : "is"} null`;
    throw validation(`ExpressionAttributeValues can only be specified when using expressions: ${missing}`);
  }
}

/** ExclusiveStartKey, checked. */
function readStart({ ExclusiveStartKey: start }: PagedInput): Item | undefined {
  if (!start) return undefined;
  return recordOf(
    Object.entries(start).map(([name, value]) => {
      try {
        return [name, checkValue(value)] as const;
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        // DynamoDB begins only some of its texts so.
        const isBare = /contains duplicates|number set|numeric value|significant digits|number with magnitude/;
        throw isBare.test(error.message) ? error : validation(`The provided starting key is invalid: ${error.message}`);
      }
    }),
  );
}

/** One page, with a LastEvaluatedKey whenever it ended at a limit, even where nothing follows. */
function readPage(
  items: Iterable<Item>,
  table: TableSchema,
  filter: Condition | undefined,
  { Limit: most = Number.POSITIVE_INFINITY, Select: select }: PagedInput,
): Readonly<Record<string, unknown>> {
  const found: Item[] = [];
  let [scanned, bytes] = [0, 0];
  let last: Item | undefined;
  for (const item of items) {
    scanned += 1;
    bytes += itemSize(item);
    if (!filter || meets(filter, item)) found.push(item);
    last = scanned >= most || bytes >= maxPage ? item : undefined;
    if (last) break;
  }
  return {
    ...(select !== "COUNT" && { Items: found }),
    Count: found.length,
    ScannedCount: scanned,
    LastEvaluatedKey: last && keyOf(table, last),
  };
}
