/** Checks an app's settings of an extension by the JSON Schema of the extension, with their places in hosting.json. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { OutputUnit, Schema, SchemaDraft } from "@cfworker/json-schema";
import { nearestWord } from "../model/did-you-mean.ts";
import { UserError } from "../model/user-error.ts";
import { type Document, keyNode, type Node, placeOf } from "./document.ts";
import { broken } from "./broken-extension.ts";
import { describe, didYouMean, quoted } from "./document-validation.ts";

/** The extension, and where its schema is. */
interface Described {
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  readonly data: { readonly settings?: string };
}

type Package = Pick<Described, "name" | "folder">;
type Path = readonly (string | number)[];

/**
 * Throws UserError CONFIG_KEY for an unknown or missing key, CONFIG_VALUE for another value that the schema refuses,
 * EXTENSION_DATA for a schema that cannot be read. @param nodeOf the node of a path in the settings, or the nearest
 */
export async function checkExtensionSettings(
  { name, folder, data }: Described,
  settings: Readonly<Record<string, unknown>>,
  document: Document,
  nodeOf: (path: Path) => Node,
): Promise<void> {
  if (data.settings === undefined) {
    const [first] = Object.keys(settings);
    if (first !== undefined) throw unknownKey(name, document, keyNode(nodeOf([first])), first, []);
    return;
  }
  const schema = readSchema({ name, folder }, join(folder, data.settings), data.settings);
  const { Validator } = await import("@cfworker/json-schema");
  // The validator adds to a schema what it resolves.
  const errors = validate({ name, folder }, data.settings, () => {
    return new Validator(structuredClone(schema), draftOf(schema), false).validate(settings).errors;
  });
  // A mistyped key is missing too; what is wrong in one of several alternatives says little.
  const unknown = errors.findIndex((one, at) => one.keyword === "false" && !isAlternative(errors[at - 1]));
  const at = unknown === -1 ? errors.findIndex(({ keyword }) => !around.has(keyword)) : unknown;
  const error = errors[at];
  if (error) throw settingError(name, schema, document, nodeOf, error, errors[at - 1]);
}

/** Keywords that are wrong because something inside of them is; the errors of that follow. */
const around: ReadonlySet<string> = new Set([
  "$ref",
  "$dynamicRef",
  "$recursiveRef",
  "additionalItems",
  "additionalProperties",
  "allOf",
  "dependentSchemas",
  "else",
  "if",
  "items",
  "patternProperties",
  "prefixItems",
  "properties",
  "propertyNames",
  "then",
  "unevaluatedItems",
  "unevaluatedProperties",
]);

const isAlternative = (error: OutputUnit | undefined): boolean =>
  /\/(?:anyOf|oneOf|not|if)(?:\/|$)/.test(error?.keywordLocation ?? "");

function readSchema(extension: Package, path: string, shown: string): Schema {
  return validate(extension, shown, () => {
    const schema: unknown = JSON.parse(readFileSync(path, "utf8"));
    if (typeof schema !== "object" || schema === null || Array.isArray(schema)) throw new Error("it is no object");
    return schema;
  });
}

/** Throws UserError EXTENSION_DATA for what throws. */
function validate<Result>(extension: Package, file: string, work: () => Result): Result {
  try {
    return work();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw broken(extension, `${file} is no JSON Schema that can be read: ${reason}`, `Correct the file ${file}.`, []);
  }
}

const draftOf = ({ $schema = "" }: Schema): SchemaDraft => {
  const [, found] = /(draft-04|draft-0[67]|2019-09|2020-12)/.exec($schema) ?? [];
  if (found === "draft-04") return "4";
  return found === undefined ? "2020-12" : found.startsWith("draft") ? "7" : (found as SchemaDraft);
};

function settingError(
  name: string,
  schema: Schema,
  document: Document,
  nodeOf: (path: Path) => Node,
  { keyword, keywordLocation, instanceLocation, error }: OutputUnit,
  outer: OutputUnit | undefined,
): UserError {
  const path = pathOf(instanceLocation);
  const node = nodeOf(path);
  const last = shownName(path) || name;
  if (keyword === "false" && outer) {
    const known = Object.keys(schemaAt(schema, pathOf(outer.keywordLocation).slice(0, -1))["properties"] ?? {});
    return unknownKey(name, document, keyNode(node), String(path.at(-1)), known);
  }
  if (keyword === "required") {
    const missing = /"(?<key>.*)"\.$/s.exec(error)?.groups?.["key"] ?? "";
    return new UserError(
      "CONFIG_KEY",
      `"${last}" lacks "${missing}"${path.length > 0 ? ` in the settings of ${name}` : ""}`,
      `Add the key "${missing}".`,
      { at: placeOf(document, keyNode(node)) },
    );
  }
  const wanted = schemaAt(schema, pathOf(keywordLocation).slice(0, -1))[keyword];
  return valueError(name, last, document, node, keyword, wanted, error);
}

/** The last key with the indexes after it: `hosts[0]`. */
const shownName = (path: Path): string => {
  const from = path.findLastIndex((step) => typeof step === "string");
  return path
    .slice(Math.max(from, 0))
    .map((step) => (typeof step === "number" ? `[${step}]` : step))
    .join("");
};

function valueError(
  name: string,
  key: string,
  document: Document,
  node: Node,
  keyword: string,
  wanted: unknown,
  error: string,
): UserError {
  const at = placeOf(document, node);
  const of = key === name ? "" : ` of ${name}`;
  if (keyword === "type") {
    const types = [wanted].flat().map((one) => typeWords[String(one)] ?? String(one));
    const text = types.join(" or ");
    return new UserError(
      "CONFIG_VALUE",
      `"${key}"${of} must be ${text}, not ${describe(node)}`,
      `Write ${text} here.`,
      {
        at,
      },
    );
  }
  if (keyword === "enum" && Array.isArray(wanted)) {
    const value: unknown = node.value;
    const near =
      typeof value === "string"
        ? nearestWord(
            value,
            wanted.filter((one) => typeof one === "string"),
          )
        : undefined;
    const message = `"${key}"${of} cannot be ${JSON.stringify(value)}${didYouMean(near)}`;
    const fix = `Write ${near === undefined ? `one of ${quoted(wanted)}` : JSON.stringify(near)}.`;
    return new UserError("CONFIG_VALUE", message, fix, { at });
  }
  const limit = wanted === undefined || typeof wanted === "object" ? "" : ` (${keyword}: ${JSON.stringify(wanted)})`;
  const reason = error.replace(/\.$/, "").replace(/^./, (letter) => letter.toLowerCase());
  return new UserError(
    "CONFIG_VALUE",
    `"${key}"${of} cannot be this: ${reason}${limit}`,
    `Write a value that ${name} allows; its page says which: npm docs ${name}.`,
    { at },
  );
}

const typeWords: Readonly<Record<string, string>> = {
  string: "a text in quotes",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  array: "a list, [ … ]",
  object: "an object, { … }",
};

function unknownKey(name: string, document: Document, node: Node, key: string, known: readonly string[]): UserError {
  const near = nearestWord(key, known);
  const others = known.length > 0 ? `; ${name} knows ${quoted(known)} here` : `; ${name} has no settings here`;
  const fix = near === undefined ? `Remove it${others}.` : `Write "${near}", or remove the key.`;
  const message = `unknown key "${key}" in the settings of ${name}${didYouMean(near)}`;
  return new UserError("CONFIG_KEY", message, fix, { at: placeOf(document, node) });
}

/** The steps of a JSON pointer in a URI fragment (RFC 6901 section 6), as the validator writes them. */
const pathOf = (pointer: string): readonly (string | number)[] =>
  pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((step) => (/^\d+$/.test(step) ? Number(step) : step));

/** The schema at a path of keywords, through references into the same file; empty where it is elsewhere. */
function schemaAt(schema: Schema, path: Path): Readonly<Record<string, unknown>> {
  let found: unknown = schema;
  for (const step of path) {
    if (typeof found !== "object" || found === null) return {};
    found = (found as Readonly<Record<string, unknown>>)[step];
    if (step === "$ref" && typeof found === "string")
      found = found.startsWith("#") ? schemaAt(schema, pathOf(found)) : undefined;
  }
  return typeof found === "object" && found !== null ? (found as Readonly<Record<string, unknown>>) : {};
}
