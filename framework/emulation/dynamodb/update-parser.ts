/** Parses UpdateExpression: SET, REMOVE and ADD (developer guide, "Update expressions"). */
import { type AttributeValue, typeOf, type ValueType } from "./attribute-value.ts";
import { type ExpressionScope, isAtPath, note, type Parsing, readPath, readValueToken } from "./expression-scope.ts";
import { TokenReader } from "./expression-tokens.ts";

/** What SET gives an attribute. */
export type UpdateValue =
  | { readonly kind: "attribute"; readonly name: string }
  | { readonly kind: "value"; readonly value: AttributeValue }
  | { readonly kind: "if_not_exists"; readonly name: string; readonly otherwise: UpdateValue }
  | { readonly kind: "sum"; readonly sign: 1 | -1; readonly left: UpdateValue; readonly right: UpdateValue };

/** One change of one attribute. */
export type UpdateAction =
  | { readonly kind: "set"; readonly name: string; readonly value: UpdateValue }
  | { readonly kind: "remove"; readonly name: string }
  | { readonly kind: "add"; readonly name: string; readonly value: AttributeValue };

/** DynamoDB reports the first of these that an expression has. */
const faultOrder = ["reserved", "function", "section", "name", "value", "overlap", "operand", "operands"];
const nothing: UpdateValue = { kind: "attribute", name: "" };

const typeNames: Partial<Record<ValueType, string>> = {
  S: "STRING",
  B: "BINARY",
  NULL: "NULL",
  BOOL: "BOOLEAN",
  L: "LIST",
  M: "MAP",
};

/** The changes, in their order. Throws ValidationException, with the text of DynamoDB. */
export function parseUpdate(text: string, scope: ExpressionScope): readonly UpdateAction[] {
  const reader = new TokenReader("UpdateExpression", text);
  const parsing: Parsing = { reader, scope, faults: new Map() };
  const actions: UpdateAction[] = [];
  const sections = new Set<string>();
  do {
    const section = reader.peek().text.toUpperCase();
    actions.push(...readSection(parsing));
    if (sections.has(section)) {
      const rule = "section can only be used once in an update expression;";
      note(parsing.faults, "section", `The "${section}" ${rule}`);
    }
    sections.add(section);
  } while (reader.peek().kind !== "end");
  checkOverlap(parsing, actions);
  for (const kind of faultOrder) {
    const fault = parsing.faults.get(kind);
    if (fault !== undefined) throw reader.fault(fault);
  }
  return actions;
}

function readSection(parsing: Parsing): readonly UpdateAction[] {
  const { reader } = parsing;
  const actions: UpdateAction[] = [];
  const readAll = (readAction: (parsing: Parsing) => UpdateAction): readonly UpdateAction[] => {
    do actions.push(readAction(parsing));
    while (reader.accept(","));
    return actions;
  };
  if (reader.accept("SET")) return readAll(readSet);
  if (reader.accept("REMOVE")) return readAll(() => ({ kind: "remove", name: readAttribute(parsing) }));
  if (reader.accept("ADD")) return readAll(readAdd);
  if (reader.isAt("DELETE")) throw reader.fault("Portico's local DynamoDB does not support the section DELETE");
  throw reader.syntaxError();
}

function readAttribute(parsing: Parsing): string {
  if (!isAtPath(parsing)) throw parsing.reader.syntaxError();
  return readPath(parsing);
}

function readSet(parsing: Parsing): UpdateAction {
  const { reader } = parsing;
  const name = readAttribute(parsing);
  reader.expect("=");
  const left = readOperand(parsing);
  const sign = reader.accept("+") ? 1 : reader.accept("-") ? -1 : undefined;
  if (sign === undefined) return { kind: "set", name, value: left };
  const right = readOperand(parsing);
  for (const operand of [left, right]) {
    const type = operand.kind === "value" ? typeOf(operand.value) : "N";
    const where = `operator or function: ${sign === 1 ? "+" : "-"}, operand type: ${type}`;
    if (type !== "N") note(parsing.faults, "operands", `Incorrect operand type for operator or function; ${where}`);
  }
  return { kind: "set", name, value: { kind: "sum", sign, left, right } };
}

function readOperand(parsing: Parsing): UpdateValue {
  const { reader } = parsing;
  if (reader.peek().kind === "word" && reader.peek(1).text === "(") return readFunction(parsing);
  if (isAtPath(parsing)) return { kind: "attribute", name: readPath(parsing) };
  if (reader.peek().kind !== "value") throw reader.syntaxError();
  const value = readValueToken(parsing);
  return value ? { kind: "value", value } : nothing;
}

function readFunction(parsing: Parsing): UpdateValue {
  const { reader, faults } = parsing;
  const name = reader.next().text;
  if (name === "list_append") throw reader.fault("Portico's local DynamoDB does not support the function list_append");
  reader.expect("(");
  const operands = [readOperand(parsing)];
  while (reader.accept(",")) operands.push(readOperand(parsing));
  reader.expect(")");
  const [first = nothing, otherwise = nothing] = operands;
  if (name !== "if_not_exists") note(faults, "function", `Invalid function name; function: ${name}`);
  else if (operands.length !== 2) {
    const where = `operator or function: ${name}, number of operands: ${operands.length}`;
    note(faults, "operands", `Incorrect number of operands for operator or function; ${where}`);
  } else if (first.kind !== "attribute")
    note(faults, "operands", `Operator or function requires a document path; operator or function: ${name}`);
  return first.kind === "attribute" ? { kind: "if_not_exists", name: first.name, otherwise } : nothing;
}

function readAdd(parsing: Parsing): UpdateAction {
  const { reader, faults } = parsing;
  const name = readAttribute(parsing);
  if (reader.peek().kind !== "value") throw reader.syntaxError();
  const value = readValueToken(parsing);
  const type = value && typeOf(value);
  const wrong = type && typeNames[type];
  if (wrong !== undefined) {
    const where = `operator: ADD, operand type: ${wrong}`;
    note(faults, "operand", `Incorrect operand type for operator or function; ${where}`);
  } else if (type !== undefined && type !== "N")
    throw reader.fault("Portico's local DynamoDB does not support ADD to a set");
  return { kind: "add", name, value: value ?? { N: "0" } };
}

function checkOverlap({ faults }: Parsing, actions: readonly UpdateAction[]): void {
  const names = new Set<string>();
  for (const { name } of actions) {
    if (names.has(name)) {
      const where = `path one: [${name}], path two: [${name}]`;
      const rule = "Two document paths overlap with each other; must remove or rewrite one of these paths";
      note(faults, "overlap", `${rule}; ${where}`);
    }
    names.add(name);
  }
}
