/** KeyConditionExpression: turns a parsed condition into one hash key and a range of range keys. */
import { type AttributeValue, bytesOf, type Item, textOf, typeOf } from "./attribute-value.ts";
import { compares, meets } from "./condition.ts";
import type { Comparator, Condition, Operand } from "./condition-parser.ts";
import { validation } from "./errors.ts";
import { after, afterPrefix, type KeyRange } from "./item-store.ts";
import { checkKeyPart, keyNames, placeOfKey, type TableSchema } from "./table-schema.ts";

/** The condition of one key. */
interface KeyCondition {
  readonly comparator: Exclude<Comparator, "<>"> | "begins_with";
  readonly value: AttributeValue;
}

/** The keys of a query. */
export interface QueryKeys {
  readonly hash: Uint8Array;
  readonly range: KeyRange;
}

type Conditions = Readonly<Record<string, KeyCondition>>;

const swapped = { "=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

/** The conditions by key. Throws ValidationException for a condition that cannot be of keys. */
export function keyConditions(condition: Condition): Conditions {
  const found: Record<string, KeyCondition> = Object.create(null) as Record<string, KeyCondition>;
  collect(condition, found);
  if (Object.keys(found).length > 2) throw validation("Conditions can be of length 1 or 2 only");
  return found;
}

function collect(condition: Condition, found: Record<string, KeyCondition>): void {
  if (condition.kind === "and") {
    collect(condition.left, found);
    collect(condition.right, found);
    return;
  }
  if (condition.kind === "between")
    throw validation("Portico's local DynamoDB does not support BETWEEN in KeyConditionExpression");
  if (condition.kind !== "compare" && condition.kind !== "begins") throw invalidOperator(operatorOf(condition));
  const { left, right } = condition;
  const comparator = condition.kind === "begins" ? "begins_with" : condition.comparator;
  const where = "Invalid condition in KeyConditionExpression:";
  if (comparator === "<>") throw invalidOperator("<>");
  if (comparator === "begins_with" && left.kind !== "attribute")
    throw validation(`${where} begins_with operator must have the key attribute as its first operand`);
  if (left.kind === "attribute" && right.kind === "attribute")
    throw validation(`${where} Multiple attribute names used in one condition`);
  const name = [left, right].find((operand) => operand.kind === "attribute")?.name;
  if (name === undefined) throw validation(`${where} No key attribute specified`);
  if (found[name]) throw validation("KeyConditionExpressions must only contain one condition per key");
  const isSwapped = left.kind !== "attribute" && comparator !== "begins_with";
  const value = [left, right].find((operand) => operand.kind === "value") as Extract<Operand, { kind: "value" }>;
  found[name] = { comparator: isSwapped ? swapped[comparator] : comparator, value: value.value };
}

const operatorOf = ({ kind }: Condition): string =>
  kind === "exists" ? "attribute_exists" : kind === "missing" ? "attribute_not_exists" : kind.toUpperCase();

const invalidOperator = (operator: string): Error =>
  validation(`Invalid operator used in KeyConditionExpression: ${operator}`);

/**
 * Where a query reads. Throws ValidationException when the conditions are not those of the table's keys, or the start
 * is not an item of the query.
 * @param start ExclusiveStartKey
 */
export function queryKeys(table: TableSchema, conditions: Conditions, start: Item | undefined): QueryKeys {
  if (start && Object.keys(start).length !== keyNames(table).length) throw invalidStart();
  checkConditions(table, conditions, start);
  const hash = bytesOf(conditions[table.hashKey]!.value);
  const ranged = table.rangeKey === undefined ? undefined : conditions[table.rangeKey];
  const range = rangeOf(ranged);
  if (!start) return { hash, range };
  const place = placeOfKey(table, start);
  const isSameHash = Buffer.compare(place.hash, hash) === 0;
  if (!ranged && !isSameHash)
    throw validation("The provided starting key is outside query boundaries based on provided conditions");
  if (ranged && !isWithin(start[table.rangeKey!]!, ranged))
    throw validation("The provided starting key does not match the range key predicate");
  if (!isSameHash) throw validation("The query can return at most one row and cannot be restarted");
  const next = after(place.range);
  return { hash, range: Buffer.compare(next, range.from) > 0 ? { ...range, from: next } : range };
}

function checkConditions(table: TableSchema, conditions: Conditions, start: Item | undefined): void {
  const count = Object.keys(conditions).length;
  for (const name of keyNames(table)) {
    const isHash = name === table.hashKey;
    if (start && !start[name]) throw invalidStart();
    if (start) checkKeyPart(table, name, start[name]);
    if (isHash && table.rangeKey === undefined && count > 1) throw notSupported();
    const condition = conditions[name];
    if (!condition && (isHash || count > 1)) throw validation(`Query condition missed key schema element: ${name}`);
    if (!condition) continue;
    if (typeOf(condition.value) !== "S") {
      const rule = "Condition parameter type does not match schema type";
      throw validation(`One or more parameter values were invalid: ${rule}`);
    }
    if (isHash && condition.comparator !== "=") throw notSupported();
    if (textOf(condition.value) === "" && condition.comparator !== "begins_with")
      checkKeyPart(table, name, condition.value);
  }
}

const invalidStart = (): Error => validation("The provided starting key is invalid");
const notSupported = (): Error => validation("Query key condition not supported");

function isWithin(value: AttributeValue, { comparator, value: bound }: KeyCondition): boolean {
  if (comparator !== "begins_with") return compares(comparator, value, bound);
  const operands = { left: { kind: "value", value }, right: { kind: "value", value: bound } } as const;
  return meets({ kind: "begins", ...operands }, {});
}

function rangeOf(condition: KeyCondition | undefined): KeyRange {
  if (!condition) return { from: new Uint8Array() };
  const bytes = bytesOf(condition.value);
  const start = new Uint8Array();
  switch (condition.comparator) {
    case "=":
      return { from: bytes, to: after(bytes) };
    case "<":
      return { from: start, to: bytes };
    case "<=":
      return { from: start, to: after(bytes) };
    case ">":
      return { from: after(bytes) };
    case ">=":
      return { from: bytes };
    case "begins_with": {
      const to = afterPrefix(bytes);
      return to ? { from: bytes, to } : { from: bytes };
    }
  }
}
