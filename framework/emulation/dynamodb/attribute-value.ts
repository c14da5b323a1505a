/** Attribute values: reads them from JSON, checks them as DynamoDB does, compares and measures them. */
import { compareNumbers, normalNumber, numberSize } from "./decimal.ts";
import { serialization, validation } from "./errors.ts";

/** A value in DynamoDB's JSON, with exactly one type. Numbers are in their normal form, bytes in Base64. */
export type AttributeValue = Readonly<Partial<Record<ValueType, unknown>>>;

export type ValueType = "S" | "N" | "B" | "BOOL" | "NULL" | "SS" | "NS" | "BS" | "L" | "M";

/** Values by the names of their attributes. */
export type Item = Readonly<Record<string, AttributeValue>>;

const valueTypes: readonly ValueType[] = ["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"];
/** Lists and maps in each other (developer guide, "Quotas"). */
const maxDepth = 32;

export const typeOf = (value: AttributeValue): ValueType => Object.keys(value)[0] as ValueType;

/** The text of a value of type S, N or B. */
export const textOf = (value: AttributeValue): string => value[typeOf(value)] as string;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Reads a map of values, which may still have no type or several. Throws SerializationException for other JSON. */
export function readValues(json: unknown): Readonly<Record<string, AttributeValue>> {
  if (Array.isArray(json)) {
    throw serialization(
      "Unrecognized collection type java.util.Map<java.lang.String, " +
        "com.amazonaws.dynamodb.v20120810.AttributeValue>",
    );
  }
  if (!isRecord(json)) throw serialization("Unexpected field type");
  const entries = Object.entries(json).filter(([, value]) => value !== null && value !== undefined);
  return recordOf(entries.map(([name, value]) => [name, readValue(value)]));
}

/** An object without a prototype: an attribute may be called `__proto__`. */
export function recordOf<T>(entries: readonly (readonly [name: string, value: T])[]): Record<string, T> {
  const record = Object.create(null) as Record<string, T>;
  for (const [name, value] of entries) record[name] = value;
  return record;
}

function readValue(json: unknown): AttributeValue {
  if (Array.isArray(json))
    throw serialization("Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue");
  if (!isRecord(json)) throw serialization("Unexpected value type in payload");
  const value: Partial<Record<ValueType, unknown>> = {};
  for (const type of valueTypes) {
    const content = json[type] ?? undefined;
    if (content !== undefined) value[type] = readContent(type, content);
  }
  return value;
}

function readContent(type: ValueType, json: unknown): unknown {
  if (type === "M") return readValues(json);
  if (type === "BOOL" || type === "NULL") return readFlag(json);
  if (type === "S" || type === "N") return readText(json);
  if (type === "B") return readBytes(json);
  if (!Array.isArray(json))
    throw serialization(
      isRecord(json) ? "Start of structure or map found where not expected" : "Unexpected field type",
    );
  const readMember: (json: unknown) => unknown = type === "L" ? readValue : type === "BS" ? readBytes : readText;
  return json.map((member) => readMember(member));
}

/** A text. Throws SerializationException for other JSON. */
export function readText(json: unknown): string {
  if (typeof json === "string") return json;
  throw serialization(notA("String", json));
}

/** A flag. Throws SerializationException for other JSON. */
export function readFlag(json: unknown): boolean {
  if (typeof json === "boolean") return json;
  throw serialization(typeof json === "string" ? "Unexpected token received from parser" : notA("Boolean", json));
}

/** A whole number. Throws SerializationException for other JSON. */
export function readInteger(json: unknown): number {
  if (typeof json === "number") return Math.floor(json);
  throw serialization(typeof json === "string" ? "STRING_VALUE cannot be converted to Integer" : notA("Integer", json));
}

function notA(type: string, json: unknown): string {
  if (typeof json === "boolean") return `${json ? "TRUE" : "FALSE"}_VALUE cannot be converted to ${type}`;
  if (typeof json === "number")
    return `${Number.isInteger(json) ? "NUMBER" : "DECIMAL"}_VALUE cannot be converted to ${type}`;
  if (Array.isArray(json)) return `Unrecognized collection type class java.lang.${type}`;
  return "Start of structure or map found where not expected";
}

function readBytes(json: unknown): string {
  if (typeof json === "number" || typeof json === "boolean")
    throw serialization("only base-64-encoded strings are convertible to bytes");
  const text = readText(json);
  if (text.length % 4 !== 0)
    throw serialization(`Base64 encoded length is expected a multiple of 4 bytes but found: ${text.length}`);
  if (Buffer.from(text, "base64").toString("base64") !== text)
    throw serialization("Invalid last non-pad Base64 character dectected");
  return text;
}

/** The values in their normal form. Throws ValidationException. */
export function checkValues(values: Readonly<Record<string, AttributeValue>>): Item {
  return recordOf(Object.entries(values).map(([name, value]) => [name, checkValue(value, 1)]));
}

/** The value in its normal form. Throws ValidationException, with the text of DynamoDB. */
export function checkValue(value: AttributeValue, depth = 1): AttributeValue {
  const types = Object.keys(value) as readonly ValueType[];
  if (types.length === 0)
    throw validation("Supplied AttributeValue is empty, must contain exactly one of the supported datatypes");
  if (depth > maxDepth) throw validation("Nesting Levels have exceeded supported limits");
  const entries = types.map((type) => [type, checkContent(type, value[type], depth)] as const);
  if (types.length > 1) {
    throw validation(
      "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes",
    );
  }
  return Object.fromEntries(entries);
}

function checkContent(type: ValueType, content: unknown, depth: number): unknown {
  const invalid = "One or more parameter values were invalid:";
  if (type === "N") return checkNumber(content as string);
  if (type === "NULL" && content !== true)
    throw validation(`${invalid} Null attribute value types must have the value of true`);
  if (type === "M") {
    const members = Object.entries(content as Item);
    return recordOf(members.map(([name, inner]) => [name, checkValue(inner, depth + 1)]));
  }
  if (type === "L") return (content as readonly AttributeValue[]).map((inner) => checkValue(inner, depth + 1));
  return type === "SS" || type === "NS" || type === "BS" ? checkSet(type, content as readonly string[]) : content;
}

function checkNumber(text: string): string {
  const result = normalNumber(text);
  if ("fault" in result) throw validation(result.fault);
  return result.number;
}

function checkSet(type: "SS" | "NS" | "BS", content: readonly string[]): readonly string[] {
  const invalid = "One or more parameter values were invalid:";
  if (content.length === 0) {
    throw validation(
      type === "BS"
        ? `${invalid} Binary sets should not be empty`
        : `${invalid} An ${type === "SS" ? "string" : "number"} set  may not be empty`,
    );
  }
  const members = type === "NS" ? content.map(checkNumber) : content;
  if (new Set(members).size === members.length) return members;
  if (type === "NS") throw validation("Input collection contains duplicates");
  const shown = `[${members.join(", ")}]${type === "SS" ? "" : "of type BS"}`;
  throw validation(`${invalid} Input collection ${shown} contains duplicates.`);
}

/** Whether two values are the same; sets have no order. */
export function isSameValue(left: AttributeValue | undefined, right: AttributeValue | undefined): boolean {
  if (!left || !right) return left === right;
  return typeOf(left) === typeOf(right) && canonical(left) === canonical(right);
}

function canonical(value: AttributeValue): string {
  const type = typeOf(value);
  const content = value[type];
  if (type === "L") return `L[${(content as readonly AttributeValue[]).map(canonical).join()}]`;
  if (type === "M") {
    const members = Object.entries(content as Item).map(
      ([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`,
    );
    return `M{${members.toSorted().join()}}`;
  }
  return type.length === 2 && type.endsWith("S")
    ? `${type}${JSON.stringify((content as readonly string[]).toSorted())}`
    : `${type}${JSON.stringify(content)}`;
}

/** Negative, zero or positive; undefined for values that have no order: of two types, or neither S, N nor B. */
export function compareValues(left: AttributeValue | undefined, right: AttributeValue | undefined): number | undefined {
  if (!left || !right || typeOf(left) !== typeOf(right)) return undefined;
  const type = typeOf(left);
  if (type === "N") return compareNumbers(textOf(left), textOf(right));
  return type === "S" || type === "B" ? Buffer.compare(bytesOf(left), bytesOf(right)) : undefined;
}

/** The bytes of a value of type S (UTF-8) or B. */
export const bytesOf = (value: AttributeValue): Buffer =>
  Buffer.from(textOf(value), typeOf(value) === "B" ? "base64" : "utf8");

/** Bytes of an item: names and values (developer guide, "DynamoDB item sizes and formats"). */
export function itemSize(item: Item): number {
  return Object.entries(item).reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + valueSize(value), 0);
}

function valueSize(value: AttributeValue): number {
  const type = typeOf(value);
  const content = value[type];
  if (type === "S" || type === "B") return bytesOf(value).length;
  if (type === "N") return numberSize(content as string);
  if (type === "BOOL" || type === "NULL") return 1;
  if (type === "M") return 3 + Object.keys(content as Item).length + itemSize(content as Item);
  if (type === "L") return (content as readonly AttributeValue[]).reduce((sum, inner) => sum + 1 + valueSize(inner), 3);
  const member = type.slice(0, 1) as "S" | "N" | "B";
  return (content as readonly string[]).reduce((sum, inner) => sum + valueSize({ [member]: inner }), 0);
}
