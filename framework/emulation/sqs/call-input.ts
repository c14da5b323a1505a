/** The input of an operation of SQS: reads its members by a shape, and refuses what the shape does not have. */
import { invalidValue, missing, sqsError } from "./errors.ts";

/** How one member is read from JSON. @param name of the member @param json undefined when it is absent */
export type Member<T> = (name: string, json: unknown) => T;

/** The members of an operation that have an effect here. */
export type Shape = Readonly<Record<string, Member<unknown>>>;

/** Their values. */
export type Input<S extends Shape> = { readonly [K in keyof S]: S[K] extends Member<infer T> ? T : never };

const wrongType = (name: string, type: string): Error =>
  sqsError("SerializationException", `Value at '${name}' cannot be converted to ${type}`);

/** A text that has to be there. */
export const text: Member<string> = (name, json) => {
  if (json === undefined || json === "") throw missing(name);
  if (typeof json !== "string") throw wrongType(name, "String");
  return json;
};

/** A whole number within limits; undefined when it is absent. */
export const integer =
  (least: number, most: number): Member<number | undefined> =>
  (name, json) => {
    if (json === undefined) return undefined;
    if (typeof json !== "number") throw wrongType(name, "Integer");
    if (Number.isInteger(json) && json >= least && json <= most) return json;
    const reason = `Reason: Must be between ${least} and ${most}, if provided.`;
    throw invalidValue(`Value ${json} for parameter ${name} is invalid. ${reason}`);
  };

/** A list of texts; empty when it is absent. */
export const texts: Member<readonly string[]> = (name, json = []) => {
  if (Array.isArray(json) && json.every((one) => typeof one === "string")) return json;
  throw wrongType(name, "List");
};

/** A map of texts; empty when it is absent. */
export const textMap: Member<Readonly<Record<string, string>>> = (name, json = {}) => {
  const isMap = typeof json === "object" && json !== null && !Array.isArray(json);
  if (isMap && Object.values(json).every((one) => typeof one === "string")) return json as Record<string, string>;
  throw wrongType(name, "Map");
};

/** Throws AwsError for a member that is wrong, missing or not supported. */
export function readInput<S extends Shape>(members: Readonly<Record<string, unknown>>, shape: S): Input<S> {
  const refused = Object.keys(members).find((name) => !Object.hasOwn(shape, name) && members[name] !== null);
  if (refused !== undefined)
    throw sqsError("UnsupportedOperation", `Portico's local SQS does not support the member ${refused}`);
  const read = Object.entries(shape).map(([name, member]) => [name, member(name, members[name] ?? undefined)]);
  return Object.fromEntries(read) as Input<S>;
}
