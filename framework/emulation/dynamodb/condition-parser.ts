/**
 * Parses conditions: ConditionExpression, FilterExpression and KeyConditionExpression (developer guide, "Condition and
 * filter expressions, operators, and functions").
 */
import { type AttributeValue, compareValues, typeOf } from "./attribute-value.ts";
import { type ExpressionScope, isAtPath, note, type Parsing, readPath, readValueToken } from "./expression-scope.ts";
import { TokenReader } from "./expression-tokens.ts";

/** An attribute, or a value of ExpressionAttributeValues. */
export type Operand =
  | { readonly kind: "attribute"; readonly name: string }
  | { readonly kind: "value"; readonly value: AttributeValue };

export type Comparator = "=" | "<>" | "<" | "<=" | ">" | ">=";

/** A parsed condition. */
export type Condition =
  | { readonly kind: "and" | "or"; readonly left: Condition; readonly right: Condition }
  | { readonly kind: "not"; readonly condition: Condition }
  | { readonly kind: "compare"; readonly comparator: Comparator; readonly left: Operand; readonly right: Operand }
  | { readonly kind: "between"; readonly value: Operand; readonly low: Operand; readonly high: Operand }
  | { readonly kind: "exists" | "missing"; readonly name: string }
  | { readonly kind: "begins"; readonly left: Operand; readonly right: Operand };

const operandCounts: Readonly<Record<string, number>> = {
  attribute_exists: 1,
  attribute_not_exists: 1,
  begins_with: 2,
};
const otherFunctions = ["attribute_type", "contains", "size"];
const keywords = ["AND", "OR", "NOT", "BETWEEN", "IN"];
/** DynamoDB reports the first of these that an expression has. */
const faultOrder = ["parentheses", "function", "reserved", "condition"];
const faultOrderInCondition = ["operand", "count", "distinct", "type"];
const nothing: Operand = { kind: "attribute", name: "" };

/** The condition. Throws ValidationException, with the text of DynamoDB. @param member `ConditionExpression` */
export function parseCondition(member: string, text: string, scope: ExpressionScope): Condition {
  const reader = new TokenReader(member, text);
  const parsing: Parsing = { reader, scope, faults: new Map() };
  const condition = readOr(parsing);
  if (reader.peek().kind !== "end") throw reader.syntaxError();
  for (const kind of faultOrder) {
    const fault = parsing.faults.get(kind);
    if (fault !== undefined) throw reader.fault(fault);
  }
  return condition;
}

function readOr(parsing: Parsing): Condition {
  let left = readAnd(parsing);
  while (parsing.reader.accept("OR")) left = { kind: "or", left, right: readAnd(parsing) };
  return left;
}

function readAnd(parsing: Parsing): Condition {
  let left = readNot(parsing);
  while (parsing.reader.accept("AND")) left = { kind: "and", left, right: readNot(parsing) };
  return left;
}

function readNot(parsing: Parsing): Condition {
  if (parsing.reader.accept("NOT")) return { kind: "not", condition: readOne(parsing) };
  return readOne(parsing);
}

function readOne(parsing: Parsing): Condition {
  if (keywords.some((word) => parsing.reader.isAt(word))) throw parsing.reader.syntaxError();
  return parsing.reader.isAt("(") ? readParentheses(parsing) : readPlain(parsing);
}

function readParentheses(parsing: Parsing): Condition {
  const { reader, faults } = parsing;
  reader.expect("(");
  const isDouble = reader.isAt("(");
  const inner = readNot(parsing);
  if (isDouble && reader.isAt(")")) note(faults, "parentheses", "The expression has redundant parentheses;");
  const condition = readRest(parsing, inner);
  reader.expect(")");
  return condition;
}

/** Continues after the first part of a condition, with AND before OR. */
function readRest(parsing: Parsing, first: Condition): Condition {
  let left = first;
  while (parsing.reader.accept("AND")) left = { kind: "and", left, right: readNot(parsing) };
  while (parsing.reader.accept("OR")) left = { kind: "or", left, right: readAnd(parsing) };
  return left;
}

/** A comparison or a function. */
function readPlain(parsing: Parsing): Condition {
  const { reader, faults } = parsing;
  const isFunction = reader.peek().kind === "word" && reader.peek(1).text === "(";
  const condition = isFunction ? readFunction(parsing) : readComparison(parsing);
  const kind = faultOrderInCondition.find((known) => faults.has(known));
  if (kind !== undefined) note(faults, "condition", faults.get(kind)!);
  return condition;
}

function readOperand(parsing: Parsing): Operand {
  const { reader } = parsing;
  if (isAtPath(parsing)) {
    if (keywords.some((word) => reader.isAt(word))) throw reader.syntaxError();
    if (reader.peek(1).text === "(")
      throw reader.fault(`Portico's local DynamoDB does not support functions as operands: ${reader.peek().text}`);
    return { kind: "attribute", name: readPath(parsing, "operand") };
  }
  if (reader.peek().kind !== "value") throw reader.syntaxError();
  const value = readValueToken(parsing, "operand");
  return value ? { kind: "value", value } : nothing;
}

function readComparison(parsing: Parsing): Condition {
  const { reader } = parsing;
  const left = readOperand(parsing);
  if (reader.accept("BETWEEN")) return readBetween(parsing, left);
  if (reader.isAt("IN")) throw reader.fault("Portico's local DynamoDB does not support the operator IN");
  if (reader.peek().kind !== "mark" || !/^(?:=|<>|<=|>=|<|>)$/.test(reader.peek().text)) throw reader.syntaxError();
  const comparator = reader.next().text as Comparator;
  const right = readOperand(parsing);
  checkDistinct(parsing, comparator, [left, right]);
  if (comparator !== "=" && comparator !== "<>")
    checkTypes(parsing, `operator: ${comparator}`, ["S", "N", "B"], [left, right]);
  return { kind: "compare", comparator, left, right };
}

function readBetween(parsing: Parsing, value: Operand): Condition {
  const { reader, faults } = parsing;
  const low = readOperand(parsing);
  reader.expect("AND");
  const high = readOperand(parsing);
  if (low.kind === "value" && high.kind === "value") {
    const order = compareValues(low.value, high.value);
    const isSameType = typeOf(low.value) === typeOf(high.value);
    const rule = isSameType ? "upper bound to be greater than or equal to lower bound" : null;
    const shown = ({ value: bound }: { readonly value: AttributeValue }): string =>
      `AttributeValue: {${typeOf(bound)}:${String(bound[typeOf(bound)])}}`;
    const bounds = `lower bound operand: ${shown(low)}, upper bound operand: ${shown(high)}`;
    if (!isSameType || (order !== undefined && order > 0)) {
      const needs = rule ?? "same data type for lower and upper bounds";
      note(faults, "type", `The BETWEEN operator requires ${needs}; ${bounds}`);
    }
  }
  checkTypes(parsing, "operator: BETWEEN", ["S", "N", "B"], [low, high]);
  return { kind: "between", value, low, high };
}

function readFunction(parsing: Parsing): Condition {
  const { reader, faults } = parsing;
  const name = reader.next().text;
  if (otherFunctions.includes(name))
    throw reader.fault(`Portico's local DynamoDB does not support the function ${name}`);
  reader.expect("(");
  const operands = [readOperand(parsing)];
  while (reader.accept(",")) operands.push(readOperand(parsing));
  reader.expect(")");
  const count = Object.hasOwn(operandCounts, name) ? operandCounts[name] : undefined;
  if (count === undefined) note(faults, "function", `Invalid function name; function: ${name}`);
  else if (count !== operands.length) {
    const where = `operator or function: ${name}, number of operands: ${operands.length}`;
    note(faults, "count", `Incorrect number of operands for operator or function; ${where}`);
  }
  const [left = nothing, right = nothing] = operands;
  if (name === "begins_with") {
    checkDistinct(parsing, name, operands);
    checkTypes(parsing, `operator or function: ${name}`, ["S", "B"], operands);
    return { kind: "begins", left, right };
  }
  if (left.kind !== "attribute" && count === operands.length)
    note(faults, "type", `Operator or function requires a document path; operator or function: ${name}`);
  const kind = name === "attribute_exists" ? "exists" : "missing";
  return { kind, name: left.kind === "attribute" ? left.name : "" };
}

function checkDistinct({ faults }: Parsing, operator: string, [left, right]: readonly Operand[]): void {
  if (left?.kind !== "attribute" || right?.kind !== "attribute" || left === nothing || left.name !== right.name) return;
  const rule = "The first operand must be distinct from the remaining operands for this operator or function";
  note(faults, "distinct", `${rule}; operator: ${operator}, first operand: [${left.name}]`);
}

function checkTypes(
  { faults }: Parsing,
  where: string,
  allowed: readonly string[],
  operands: readonly Operand[],
): void {
  for (const operand of operands) {
    const type = operand.kind === "value" ? typeOf(operand.value) : undefined;
    if (type === undefined || allowed.includes(type)) continue;
    note(faults, "type", `Incorrect operand type for operator or function; ${where}, operand type: ${type}`);
  }
}
