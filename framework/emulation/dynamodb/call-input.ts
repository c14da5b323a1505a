/** The input of an operation: reads its members by a shape, and refuses what the shape does not have. */
import { readFlag, readInteger, readText, readValues, type AttributeValue, recordOf } from "./attribute-value.ts";
import { serialization, validation } from "./errors.ts";

/** One member: how it is read from JSON (undefined when it is absent), and which of the schema's rules it breaks. */
export interface Member<T> {
  /** Throws SerializationException. */
  readonly read: (json: unknown) => T;
  broken(value: T): readonly string[];
}

/** The members of an operation that have an effect here. */
export type Shape = Readonly<Record<string, Member<unknown>>>;

/** Their values. */
export type Input<S extends Shape> = { readonly [K in keyof S]: S[K] extends Member<infer T> ? T : never };

function optional<T>(
  read: (json: unknown) => T,
  broken: (value: T) => readonly string[] = () => [],
): Member<T | undefined> {
  return {
    read: (json) => (json === undefined ? undefined : read(json)),
    broken: (value) => (value === undefined ? [] : broken(value)),
  };
}

function required<T>({ read, broken }: Member<T | undefined>): Member<T> {
  return {
    read: read as (json: unknown) => T,
    broken: (value) => (value === undefined ? ["Member must not be null"] : broken(value)),
  };
}

const nameRules = (name: string): readonly string[] => [
  ...(/^[a-zA-Z0-9_.-]+$/.test(name) ? [] : ["Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"]),
  ...(name.length >= 3 ? [] : ["Member must have length greater than or equal to 3"]),
  ...(name.length <= 255 ? [] : ["Member must have length less than or equal to 255"]),
];

/** A table's name; ARNs are refused by the pattern. */
export const tableName: Member<string> = required(optional(readText, nameRules));
export const text: Member<string | undefined> = optional(readText);
export const flag: Member<boolean | undefined> = optional(readFlag);
export const values: Member<Readonly<Record<string, AttributeValue>> | undefined> = optional(readValues);
export const requiredValues: Member<Readonly<Record<string, AttributeValue>>> = required(values);
export const names: Member<Readonly<Record<string, string>> | undefined> = optional(readNames);
export const limit: Member<number | undefined> = optional(readInteger, (value) =>
  value >= 1 ? [] : ["Member must have value greater than or equal to 1"],
);

export const oneOf = <T extends string>(...allowed: readonly T[]): Member<T | undefined> =>
  optional(
    (json) => readText(json) as T,
    (value) => (allowed.includes(value) ? [] : [`Member must satisfy enum value set: [${allowed.join(", ")}]`]),
  );

function readNames(json: unknown): Readonly<Record<string, string>> {
  if (Array.isArray(json))
    throw serialization("Unrecognized collection type java.util.Map<java.lang.String, java.lang.String>");
  if (typeof json !== "object" || json === null) throw serialization("Unexpected field type");
  return recordOf(Object.entries(json).map(([name, value]) => [name, readText(value)]));
}

/** Throws SerializationException, or ValidationException with every rule that is broken. */
export function readInput<S extends Shape>(members: Readonly<Record<string, unknown>>, shape: S): Input<S> {
  const input: Record<string, unknown> = {};
  // In the order of the JSON, as a parser meets them.
  for (const name of new Set([...Object.keys(members), ...Object.keys(shape)]))
    if (Object.hasOwn(shape, name)) input[name] = shape[name]!.read(members[name] ?? undefined);
  const broken = Object.entries(shape).flatMap(([name, member]) =>
    member.broken(input[name]).map((rule) => constraint(name, input[name], rule)),
  );
  const unknown = Object.entries(members).filter(([name, value]) => !Object.hasOwn(shape, name) && value !== null);
  const refused = unknown.map(([name, value]) =>
    constraint(name, value, "Portico's local DynamoDB does not support this member"),
  );
  const faults = [...broken, ...refused].slice(0, 10);
  if (faults.length > 0)
    throw validation(`${faults.length} validation error${faults.length > 1 ? "s" : ""} detected: ${faults.join("; ")}`);
  return input as Input<S>;
}

function constraint(name: string, value: unknown, rule: string): string {
  const place = name.slice(0, 1).toLowerCase() + name.slice(1);
  const shown = value === undefined ? "null" : `'${typeof value === "string" ? value : JSON.stringify(value)}'`;
  return `Value ${shown} at '${place}' failed to satisfy constraint: ${rule}`;
}
