/** Validation of hosting.json, and of an extension's data: errors with their places, suggestions for mistyped keys. */
import { type Document, type Node, placeOf, properties, valueOf } from "./document.ts";
import { nearestWord } from "../model/did-you-mean.ts";
import type { ObjectRule, Rule, TextLimits } from "./rule.ts";
import { UserError } from "../model/user-error.ts";

/** Throws UserError CONFIG_KEY for an unknown, missing or duplicate key, and CONFIG_VALUE for an invalid value. */
export function validateDocument(document: Document, rule: Rule, name = "hosting.json"): void {
  for (const { code, node, message, fix } of check(document.tree, rule, name)) {
    throw new UserError(code, message, fix, { at: placeOf(document, node) });
  }
}

interface Problem {
  readonly code: "CONFIG_KEY" | "CONFIG_VALUE";
  readonly node: Node;
  readonly message: string;
  readonly fix: string;
}

type Problems = Generator<Problem, void>;

function* check(node: Node, rule: Rule, name: string): Problems {
  if (rule.kind === "one-or-list") {
    if (node.type === "array") yield* checkList(node, rule.items, name, { min: 1, unique: true });
    else yield* check(node, rule.items, name);
    return;
  }
  const wanted = expectedType(rule);
  if (!wanted.types.includes(node.type))
    yield valueError(
      node,
      `"${name}" must be ${wanted.description}, not ${describe(node)}`,
      `Write ${wanted.description} here.`,
    );
  else if (rule.kind === "text" && rule.limits) yield* checkText(node, rule.limits, `"${name}"`);
  else if (rule.kind === "integer") yield* checkInteger(node, rule.min, rule.max, name);
  else if (rule.kind === "choice") yield* checkChoice(node, rule.of, name);
  else if (rule.kind === "list") yield* checkList(node, rule.items, name, rule);
  else if (rule.kind === "object") yield* checkObject(node, rule, name);
  else if (rule.kind === "map") yield* checkMap(node, rule.names, rule.values, name);
  else if (rule.kind === "platform-object") yield* checkPlatformObject(node, rule.required, name);
}

/** The JSON types that a rule expects, and their description for messages. */
function expectedType(rule: Exclude<Rule, { kind: "one-or-list" }>): {
  readonly types: readonly Node["type"][];
  readonly description: string;
} {
  if (rule.kind === "text") return { types: ["string"], description: "a text in quotes" };
  if (rule.kind === "choice")
    return { types: rule.of.map((value) => typeof value as Node["type"]), description: `one of ${quoted(rule.of)}` };
  if (rule.kind === "integer")
    return { types: ["number"], description: `a whole number from ${rule.min} to ${rule.max}` };
  if (rule.kind === "boolean") return { types: ["boolean"], description: "true or false" };
  return rule.kind === "list"
    ? { types: ["array"], description: "a list, [ … ]" }
    : { types: ["object"], description: "an object, { … }" };
}

/** A node's kind of value: `a text`. */
export const describe = (node: Node): string =>
  ({
    string: "a text",
    number: "a number",
    boolean: String(node.value),
    null: "null",
    array: "a list",
    object: "an object",
    property: "a key",
  })[node.type];

/** Values as JSON, with commas. */
export const quoted = (values: readonly unknown[]): string => values.map((item) => JSON.stringify(item)).join(", ");

const valueError = (node: Node, message: string, fix: string): Problem => ({
  code: "CONFIG_VALUE",
  node,
  message,
  fix,
});
const keyError = (node: Node, message: string, fix: string): Problem => ({ code: "CONFIG_KEY", node, message, fix });

/** @param what it is the text of, for a message: `"name"`, `a name in "env"` */
function* checkText(node: Node, limits: TextLimits, what: string): Problems {
  const text = String(node.value);
  if (!new RegExp(limits.pattern, "u").test(text))
    yield valueError(node, `${what} cannot be "${text}"`, `Write ${limits.description}.`);
  for (const { pattern, description } of limits.not ?? []) {
    if (new RegExp(pattern, "u").test(text))
      yield valueError(node, `"${text}" is ${description}`, "Choose another name.");
  }
}

function* checkInteger(node: Node, min: number, max: number, name: string): Problems {
  const number = Number(node.value);
  if (!Number.isInteger(number) || number < min || number > max)
    yield valueError(node, `"${name}" cannot be ${number}`, `Write a whole number from ${min} to ${max}.`);
}

function* checkChoice(node: Node, of: readonly (string | number | boolean)[], name: string): Problems {
  const value: unknown = node.value;
  if (of.some((one) => one === value)) return;
  const texts = of.filter((one) => typeof one === "string");
  const suggestion = typeof value === "string" ? nearestWord(value, texts) : undefined;
  yield valueError(
    node,
    `"${name}" cannot be ${JSON.stringify(value)}${didYouMean(suggestion)}`,
    `Write ${suggestion ? `"${suggestion}"` : `one of ${quoted(of)}`}.`,
  );
}

function* checkList(
  node: Node,
  items: Rule,
  name: string,
  {
    min = 0,
    max = Infinity,
    unique = false,
  }: { readonly min?: number; readonly max?: number; readonly unique?: boolean },
): Problems {
  const children = node.children ?? [];
  if (children.length < min)
    yield valueError(node, `"${name}" must not be empty`, "Put a value in the list, or leave the key out.");
  if (children.length > max)
    yield valueError(node, `"${name}" has ${children.length} values, and at most ${max} are taken`, "Remove some.");
  const seen = new Set<string>();
  for (const [index, child] of children.entries()) {
    yield* check(child, items, `${name}[${index}]`);
    const text = JSON.stringify(valueOf(child));
    if (unique && seen.has(text)) yield valueError(child, `"${name}" has ${text} twice`, "Remove one of them.");
    seen.add(text);
  }
}

function* checkObject(node: Node, { keys, required = [] }: ObjectRule, name: string): Problems {
  yield* checkDuplicates(node);
  const found = properties(node);
  for (const one of found) {
    const rule = Object.hasOwn(keys, one.key) ? keys[one.key] : undefined;
    if (rule) yield* check(one.value, rule, one.key);
    else yield unknownKey(one.keyNode, one.key, Object.keys(keys), name);
  }
  for (const missing of required) {
    if (!found.some((one) => one.key === missing))
      yield keyError(node, `${name} lacks "${missing}"`, `Add the key "${missing}".`);
  }
}

function unknownKey(node: Node, unknown: string, known: readonly string[], name: string): Problem {
  const suggestion = nearestWord(unknown, known);
  const fix = suggestion ? `Write "${suggestion}", or remove the key.` : `Remove it; ${name} knows ${quoted(known)}.`;
  return keyError(node, `unknown key "${unknown}" in ${name}${didYouMean(suggestion)}`, fix);
}

/** The end of a message about a mistyped word. */
export const didYouMean = (suggestion: string | undefined): string =>
  suggestion ? `; did you mean "${suggestion}"?` : "";

function* checkMap(node: Node, names: TextLimits, values: Rule, name: string): Problems {
  yield* checkDuplicates(node);
  for (const one of properties(node)) {
    for (const problem of checkText(one.keyNode, names, `a name in "${name}"`))
      yield { ...problem, code: "CONFIG_KEY" };
    yield* check(one.value, values, `${name}.${one.key}`);
  }
}

function* checkPlatformObject(node: Node, required: string | undefined, name: string): Problems {
  yield* checkDuplicates(node);
  if (required !== undefined && !properties(node).some((one) => one.key === required))
    yield keyError(node, `${name} lacks "${required}"`, `Add the key "${required}".`);
}

function* checkDuplicates(node: Node): Problems {
  const seen = new Set<string>();
  for (const one of properties(node)) {
    if (seen.has(one.key)) yield keyError(one.keyNode, `the key "${one.key}" is there twice`, "Remove one of them.");
    seen.add(one.key);
  }
}
