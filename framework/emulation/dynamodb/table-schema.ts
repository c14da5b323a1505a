/** The keys of a table, and the checks of items and keys against them. */
import { type AttributeValue, bytesOf, type Item, recordOf, textOf, typeOf } from "./attribute-value.ts";
import { validation } from "./errors.ts";

/** A table as the data operations see it. Its keys are of type S. */
export interface TableSchema {
  readonly name: string;
  /** Its items are stored under this id, so that a later table of the same name has none of them. */
  readonly id: string;
  readonly hashKey: string;
  readonly rangeKey?: string;
  /** The attribute with the expiry in epoch seconds, once Time to Live is enabled. */
  readonly ttl?: string;
}

/** The place of an item: the UTF-8 bytes of its keys. An absent range key is empty. */
export interface ItemPlace {
  readonly table: string;
  readonly hash: Uint8Array;
  readonly range: Uint8Array;
}

const invalid = "One or more parameter values were invalid:";

/** Bytes of a key. */
const maxHash = 2048;
const maxRange = 1024;

export const keyNames = ({ hashKey, rangeKey }: TableSchema): readonly string[] =>
  rangeKey === undefined ? [hashKey] : [hashKey, rangeKey];

/** The key of an item. */
export const keyOf = (table: TableSchema, item: Item): Item =>
  recordOf(keyNames(table).map((name) => [name, item[name]!]));

/** Where an item of PutItem belongs. Throws ValidationException. */
export function placeOfItem(table: TableSchema, item: Item): ItemPlace {
  for (const name of keyNames(table)) {
    const value = item[name];
    if (!value) throw validation(`${invalid} Missing the key ${name} in the item`);
    if (typeOf(value) !== "S")
      throw validation(`${invalid} Type mismatch for key ${name} expected: S actual: ${typeOf(value)}`);
    if (textOf(value) === "") {
      const rule = "The AttributeValue for a key attribute cannot contain an empty string value.";
      throw validation(`One or more parameter values are not valid. ${rule} Key: ${name}`);
    }
    checkSize(table, name, value);
  }
  return placeOf(table, item);
}

/** Where the item with a key is. Throws ValidationException. */
export function placeOfKey(table: TableSchema, key: Item): ItemPlace {
  if (Object.keys(key).length !== keyNames(table).length) throw mismatch();
  for (const name of keyNames(table)) checkKeyPart(table, name, key[name]);
  return placeOf(table, key);
}

/** Throws ValidationException unless the value can be this part of a key. */
export function checkKeyPart(table: TableSchema, name: string, value: AttributeValue | undefined): void {
  if (!value || typeOf(value) !== "S") throw mismatch();
  if (textOf(value) === "") {
    const rule = "The AttributeValue for a key attribute cannot contain an empty string value.";
    throw validation(`${invalid} ${rule} Key: ${name}`);
  }
  checkSize(table, name, value);
}

const mismatch = (): Error => validation("The provided key element does not match the schema");

function checkSize({ hashKey }: TableSchema, name: string, value: AttributeValue): void {
  const size = bytesOf(value).length;
  // The missing space is DynamoDB's.
  if (name === hashKey && size > maxHash)
    throw validation(`${invalid} Size of hashkey has exceeded the maximum size limit of${maxHash} bytes`);
  if (name !== hashKey && size > maxRange)
    throw validation(`${invalid} Aggregated size of all range keys has exceeded the size limit of ${maxRange} bytes`);
}

function placeOf({ id, hashKey, rangeKey }: TableSchema, item: Item): ItemPlace {
  const range = rangeKey === undefined ? new Uint8Array() : bytesOf(item[rangeKey]!);
  return { table: id, hash: bytesOf(item[hashKey]!), range };
}
