/** The names and values that an expression refers to: ExpressionAttributeNames and ExpressionAttributeValues. */
import { AwsError } from "../aws/aws-error.ts";
import { type AttributeValue, checkValue, type Item, recordOf } from "./attribute-value.ts";
import { validation } from "./errors.ts";
import { isReserved } from "./reserved-words.ts";
import type { TokenReader } from "./expression-tokens.ts";

/** The two members, checked, and what of them was used. */
export interface ExpressionScope {
  readonly names: Readonly<Record<string, string>>;
  readonly values: Item;
  readonly used: Set<string>;
}

/** Throws ValidationException for keys and values that are not valid. */
export function openScope(
  names: Readonly<Record<string, string>> | undefined,
  values: Readonly<Record<string, AttributeValue>> | undefined,
): ExpressionScope {
  checkKeys("ExpressionAttributeNames", names, /^#[0-9a-zA-Z_]+$/);
  checkKeys("ExpressionAttributeValues", values, /^:[0-9a-zA-Z_]+$/);
  const checked = Object.entries(values ?? {}).map(([key, value]) => [key, checkedAt(key, value)] as const);
  return { names: names ?? {}, values: recordOf(checked), used: new Set() };
}

function checkKeys(member: string, entries: Readonly<Record<string, unknown>> | undefined, form: RegExp): void {
  if (!entries) return;
  const keys = Object.keys(entries);
  if (keys.length === 0) throw validation(`${member} must not be empty`);
  const odd = keys.find((key) => !form.test(key));
  if (odd !== undefined) throw validation(`${member} contains invalid key: Syntax error; key: "${odd}"`);
}

function checkedAt(key: string, value: AttributeValue): AttributeValue {
  try {
    return checkValue(value);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw validation(`ExpressionAttributeValues contains invalid value: ${error.message} for key ${key}`);
  }
}

/** Throws ValidationException for names and values that no expression used. */
export function refuseUnused({ names, values, used }: ExpressionScope): void {
  for (const [member, keys] of [
    ["ExpressionAttributeNames", Object.keys(names)],
    ["ExpressionAttributeValues", Object.keys(values)],
  ] as const) {
    const unused = keys.filter((key) => !used.has(key));
    if (unused.length > 0)
      throw validation(`Value provided in ${member} unused in expressions: keys: {${unused.join(", ")}}`);
  }
}

/**
 * The mistakes in an expression that is parsed to its end, the first of each kind; DynamoDB reports one by the order
 * of the kinds, not by place.
 */
export type Faults = Map<string, string>;

/** Keeps the first mistake of a kind. */
export function note(faults: Faults, kind: string, message: string): void {
  if (!faults.has(kind)) faults.set(kind, message);
}

/** What reads operands. */
export interface Parsing {
  readonly reader: TokenReader;
  readonly scope: ExpressionScope;
  readonly faults: Faults;
}

/** True where an attribute's name begins. */
export function isAtPath({ reader }: Parsing): boolean {
  const { kind } = reader.peek();
  return kind === "word" || kind === "name";
}

/** An attribute's name. Throws ValidationException for a path into a map or a list. */
export function readPath({ reader, scope, faults }: Parsing, kind = "name"): string {
  const token = reader.next();
  if (reader.isAt(".") || reader.isAt("["))
    throw reader.fault("Portico's local DynamoDB does not support paths into maps and lists");
  if (token.kind === "word") {
    if (isReserved(token.text))
      note(faults, "reserved", `Attribute name is a reserved keyword; reserved keyword: ${token.text}`);
    return token.text;
  }
  const name = Object.hasOwn(scope.names, token.text) ? scope.names[token.text] : undefined;
  if (name === undefined) {
    const what = "An expression attribute name used in the document path is not defined; attribute name";
    note(faults, kind, `${what}: ${token.text}`);
    return token.text;
  }
  scope.used.add(token.text);
  return name;
}

/** The value that `:name` stands for; undefined, and a mistake, when there is none. */
export function readValueToken({ reader, scope, faults }: Parsing, kind = "value"): AttributeValue | undefined {
  const { text } = reader.next();
  const value = Object.hasOwn(scope.values, text) ? scope.values[text] : undefined;
  if (value) scope.used.add(text);
  else note(faults, kind, `An expression attribute value used in expression is not defined; attribute value: ${text}`);
  return value;
}
