/** The operations on one item: GetItem, PutItem, DeleteItem and UpdateItem (DynamoDB API reference). */
import { type AttributeValue, checkValues, type Item, itemSize, recordOf } from "./attribute-value.ts";
import { flag, type Input, names, oneOf, readInput, requiredValues, tableName, text, values } from "./call-input.ts";
import { meets } from "./condition.ts";
import { type Condition, parseCondition } from "./condition-parser.ts";
import { conditionFailed, validation } from "./errors.ts";
import { type ExpressionScope, openScope, refuseUnused } from "./expression-scope.ts";
import { type ItemOperation, requireTable } from "./operation.ts";
import { keyNames, placeOfItem, placeOfKey } from "./table-schema.ts";
import { updated } from "./update.ts";
import { parseUpdate, type UpdateAction } from "./update-parser.ts";

/** Bytes of an item (developer guide, "Quotas"). */
const maxItem = 409_600;

/** Nothing is measured here, so that only NONE, the default, is honoured. */
const unmeasured = { ReturnConsumedCapacity: oneOf("NONE"), ReturnItemCollectionMetrics: oneOf("NONE") };

const conditional = {
  TableName: tableName,
  ConditionExpression: text,
  ExpressionAttributeNames: names,
  ExpressionAttributeValues: values,
  ReturnValues: oneOf("ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"),
  ReturnValuesOnConditionCheckFailure: oneOf("ALL_OLD", "NONE"),
  ...unmeasured,
};

const noItem: Item = recordOf<AttributeValue>([]);

export const getItem: ItemOperation = async (members, plane) => {
  const input = readInput(members, {
    TableName: tableName,
    Key: requiredValues,
    ConsistentRead: flag,
    ReturnConsumedCapacity: unmeasured.ReturnConsumedCapacity,
  });
  const key = checkValues(input.Key);
  const table = requireTable(input.TableName, plane);
  return { Item: plane.items().get(placeOfKey(table, key)) };
};

export const putItem: ItemOperation = async (members, plane) => {
  const input = readInput(members, { ...conditional, Item: requiredValues });
  checkExpressions(input, ["ConditionExpression"]);
  const item = checkValues(input.Item);
  checkReturnValues(input);
  if (itemSize(item) > maxItem) throw validation("Item size has exceeded the maximum allowed size");
  const { condition } = readExpressions(input);
  const table = requireTable(input.TableName, plane);
  const place = placeOfItem(table, item);
  let before: Item | undefined;
  await plane.items().change(place, (old) => {
    before = old;
    requireCondition(condition, old, input);
    return item;
  });
  return { Attributes: input.ReturnValues === "ALL_OLD" ? before : undefined };
};

export const deleteItem: ItemOperation = async (members, plane) => {
  const input = readInput(members, { ...conditional, Key: requiredValues });
  checkExpressions(input, ["ConditionExpression"]);
  const key = checkValues(input.Key);
  checkReturnValues(input);
  const { condition } = readExpressions(input);
  const table = requireTable(input.TableName, plane);
  let before: Item | undefined;
  await plane.items().change(placeOfKey(table, key), (old) => {
    before = old;
    requireCondition(condition, old, input);
    return undefined;
  });
  return { Attributes: input.ReturnValues === "ALL_OLD" ? before : undefined };
};

export const updateItem: ItemOperation = async (members, plane) => {
  const input = readInput(members, { ...conditional, Key: requiredValues, UpdateExpression: text });
  checkExpressions(input, ["UpdateExpression", "ConditionExpression"]);
  const key = checkValues(input.Key);
  const { condition, actions } = readExpressions(input);
  const table = requireTable(input.TableName, plane);
  const place = placeOfKey(table, key);
  const changedKey = keyNames(table).find((name) => actions.some((action) => action.name === name));
  if (changedKey !== undefined) {
    const rule = `Cannot update attribute ${changedKey}. This attribute is part of the key`;
    throw validation(`One or more parameter values were invalid: ${rule}`);
  }
  const changed = actions.map(({ name }) => name);
  let attributes: Item | undefined;
  await plane.items().change(place, (old) => {
    requireCondition(condition, old, input);
    const next = updated(old ?? key, actions);
    if (itemSize(next) > maxItem) throw validation("Item size to update has exceeded the maximum allowed size");
    attributes = returned(input.ReturnValues, changed, old, next);
    return next;
  });
  return { Attributes: attributes };
};

/** What ReturnValues asks for; undefined when that is nothing. */
function returned(
  asked: string | undefined,
  changed: readonly string[],
  old: Item | undefined,
  next: Item,
): Item | undefined {
  if (asked === "ALL_OLD") return old;
  if (asked === "ALL_NEW") return next;
  if (asked !== "UPDATED_OLD" && asked !== "UPDATED_NEW") return undefined;
  const from = asked === "UPDATED_OLD" ? (old ?? noItem) : next;
  const found = changed.filter((name) => from[name]).map((name) => [name, from[name]!] as const);
  return found.length > 0 ? recordOf(found) : undefined;
}

type ConditionalInput = Input<typeof conditional> & { readonly UpdateExpression?: string | undefined };

/** Throws ValidationException for names and values without an expression. */
function checkExpressions(
  input: ConditionalInput,
  expressions: readonly ("UpdateExpression" | "ConditionExpression")[],
): void {
  if (expressions.some((name) => input[name] !== undefined)) return;
  if (input.ExpressionAttributeNames)
    throw validation("ExpressionAttributeNames can only be specified when using expressions");
  if (input.ExpressionAttributeValues) {
    const missing = `${expressions.join(" and ")} ${expressions.length > 1 ? "are" : "is"} null`;
    throw validation(`ExpressionAttributeValues can only be specified when using expressions: ${missing}`);
  }
}

function checkReturnValues({ ReturnValues: asked = "NONE" }: ConditionalInput): void {
  if (asked !== "ALL_OLD" && asked !== "NONE") throw validation("ReturnValues can only be ALL_OLD or NONE");
}

/** Every expression of a call. */
interface Expressions {
  readonly condition: Condition | undefined;
  readonly actions: readonly UpdateAction[];
}

function readExpressions(input: ConditionalInput): Expressions {
  const scope: ExpressionScope = openScope(input.ExpressionAttributeNames, input.ExpressionAttributeValues);
  const { UpdateExpression: update, ConditionExpression: condition } = input;
  const expressions = {
    actions: update === undefined ? [] : parseUpdate(update, scope),
    condition: condition === undefined ? undefined : parseCondition("ConditionExpression", condition, scope),
  };
  refuseUnused(scope);
  return expressions;
}

/** Throws ConditionalCheckFailedException, with the item when the call asks for it. */
function requireCondition(
  condition: Condition | undefined,
  old: Item | undefined,
  { ReturnValuesOnConditionCheckFailure: asked }: ConditionalInput,
): void {
  if (!condition || meets(condition, old ?? noItem)) return;
  throw conditionFailed(asked === "ALL_OLD" ? old : undefined);
}
