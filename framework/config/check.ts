/** Checks hosting.json against its rules: a document in, the first problem as a UserError out. */
import { type Document, type Node, placeOf, properties, valueOf } from "./document.ts";
import { closest } from "../model/closest.ts";
import type { ObjectRule, Rule, TextLimits } from "./rule.ts";
import { UserError } from "../model/user-error.ts";

/** Throws UserError CONFIG_KEY for a key that is unknown, missing or there twice, CONFIG_VALUE for a value that cannot be. */
export function checkDocument(document: Document, rule: Rule): void {
  for (const { code, node, message, fix } of check(document.tree, rule, "hosting.json")) {
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
  const wanted = typeOf(rule);
  if (node.type !== wanted.type)
    yield value(node, `"${name}" must be ${wanted.words}, not ${describe(node)}`, `Write ${wanted.words} here.`);
  else if (rule.kind === "text" && rule.limits) yield* checkText(node, rule.limits, name);
  else if (rule.kind === "integer") yield* checkInteger(node, rule.min, rule.max, name);
  else if (rule.kind === "step") yield* checkStep(node, rule.of, name);
  else if (rule.kind === "choice") yield* checkChoice(node, rule.of, name);
  else if (rule.kind === "list") yield* checkList(node, rule.items, name, rule);
  else if (rule.kind === "object") yield* checkObject(node, rule, name);
  else if (rule.kind === "map") yield* checkMap(node, rule.names, rule.values, name);
  else if (rule.kind === "foreign") yield* checkForeign(node, rule.required, name);
}

/** JSON's type for a rule, and its words. */
function typeOf(rule: Exclude<Rule, { kind: "one-or-list" }>): { readonly type: Node["type"]; readonly words: string } {
  if (rule.kind === "text") return { type: "string", words: "a text in quotes" };
  if (rule.kind === "choice") return { type: "string", words: `one of ${quoted(rule.of)}` };
  if (rule.kind === "integer") return { type: "number", words: `a whole number from ${rule.min} to ${rule.max}` };
  if (rule.kind === "step") return { type: "number", words: `one of ${rule.of.join(", ")}` };
  if (rule.kind === "boolean") return { type: "boolean", words: "true or false" };
  return rule.kind === "list" ? { type: "array", words: "a list, [ … ]" } : { type: "object", words: "an object, { … }" };
}

const describe = (node: Node): string =>
  ({
    string: "a text",
    number: "a number",
    boolean: String(node.value),
    null: "null",
    array: "a list",
    object: "an object",
    property: "a key",
  })[node.type];

const quoted = (words: readonly string[]): string => words.map((word) => `"${word}"`).join(", ");

const value = (node: Node, message: string, fix: string): Problem => ({ code: "CONFIG_VALUE", node, message, fix });
const key = (node: Node, message: string, fix: string): Problem => ({ code: "CONFIG_KEY", node, message, fix });

function* checkText(node: Node, limits: TextLimits, name: string): Problems {
  const text = String(node.value);
  if (!new RegExp(limits.pattern, "u").test(text)) yield value(node, `"${name}" cannot be "${text}"`, `Write ${limits.says}.`);
  for (const { pattern, says } of limits.not ?? []) {
    if (new RegExp(pattern, "u").test(text)) yield value(node, `"${text}" is ${says}`, "Choose another name.");
  }
}

function* checkInteger(node: Node, min: number, max: number, name: string): Problems {
  const number = Number(node.value);
  if (!Number.isInteger(number) || number < min || number > max)
    yield value(node, `"${name}" cannot be ${number}`, `Write a whole number from ${min} to ${max}.`);
}

function* checkStep(node: Node, of: readonly number[], name: string): Problems {
  const number = Number(node.value);
  if (!of.includes(number)) yield value(node, `"${name}" cannot be ${number}`, `Write one of ${of.join(", ")}.`);
}

function* checkChoice(node: Node, of: readonly string[], name: string): Problems {
  const text = String(node.value);
  if (of.includes(text)) return;
  const meant = closest(text, of);
  yield value(node, `"${name}" cannot be "${text}"${didYouMean(meant)}`, `Write ${meant ? `"${meant}"` : `one of ${quoted(of)}`}.`);
}

function* checkList(
  node: Node,
  items: Rule,
  name: string,
  { min = 0, unique = false }: { readonly min?: number; readonly unique?: boolean },
): Problems {
  const children = node.children ?? [];
  if (children.length < min) yield value(node, `"${name}" must not be empty`, "Put a value in the list, or leave the key out.");
  const seen = new Set<string>();
  for (const [index, child] of children.entries()) {
    yield* check(child, items, `${name}[${index}]`);
    const text = JSON.stringify(valueOf(child));
    if (unique && seen.has(text)) yield value(child, `"${name}" has ${text} twice`, "Remove one of them.");
    seen.add(text);
  }
}

function* checkObject(node: Node, { keys, required = [] }: ObjectRule, name: string): Problems {
  yield* checkTwice(node);
  const found = properties(node);
  for (const one of found) {
    const rule = Object.hasOwn(keys, one.key) ? keys[one.key] : undefined;
    if (rule) yield* check(one.value, rule, one.key);
    else yield unknownKey(one.keyNode, one.key, Object.keys(keys), name);
  }
  for (const missing of required) {
    if (!found.some((one) => one.key === missing)) yield key(node, `${name} lacks "${missing}"`, `Add the key "${missing}".`);
  }
}

function unknownKey(node: Node, word: string, known: readonly string[], name: string): Problem {
  const meant = closest(word, known);
  const fix = meant ? `Write "${meant}", or remove the key.` : `Remove it; ${name} knows ${quoted(known)}.`;
  return key(node, `unknown key "${word}" in ${name}${didYouMean(meant)}`, fix);
}

const didYouMean = (meant: string | undefined): string => (meant ? `; did you mean "${meant}"?` : "");

function* checkMap(node: Node, names: TextLimits, values: Rule, name: string): Problems {
  yield* checkTwice(node);
  for (const one of properties(node)) {
    for (const problem of checkText(one.keyNode, names, `a name in ${name}`)) yield { ...problem, code: "CONFIG_KEY" };
    yield* check(one.value, values, `${name}.${one.key}`);
  }
}

function* checkForeign(node: Node, required: string | undefined, name: string): Problems {
  yield* checkTwice(node);
  if (required !== undefined && !properties(node).some((one) => one.key === required))
    yield key(node, `${name} lacks "${required}"`, `Add the key "${required}".`);
}

function* checkTwice(node: Node): Problems {
  const seen = new Set<string>();
  for (const one of properties(node)) {
    if (seen.has(one.key)) yield key(one.keyNode, `the key "${one.key}" is there twice`, "Remove one of them.");
    seen.add(one.key);
  }
}
