/** Applies a parsed update to an item. */
import { type AttributeValue, type Item, recordOf, textOf, typeOf } from "./attribute-value.ts";
import { addNumbers } from "./decimal.ts";
import { validation } from "./errors.ts";
import type { UpdateAction, UpdateValue } from "./update-parser.ts";

/** The changed item. Every value is computed from the item before the update. Throws ValidationException. */
export function updated(item: Item, actions: readonly UpdateAction[]): Item {
  const values = actions.map((action) => (action.kind === "set" ? resolve(action.value, item) : undefined));
  const next: Record<string, AttributeValue> = recordOf(Object.entries(item));
  for (const [index, action] of actions.entries()) {
    if (action.kind === "remove") delete next[action.name];
    else next[action.name] = values[index] ?? added(item, action as Extract<UpdateAction, { kind: "add" }>);
  }
  return next;
}

function added(item: Item, { name, value }: Extract<UpdateAction, { kind: "add" }>): AttributeValue {
  return sum(requireNumber(item[name] ?? { N: "0" }), value, 1);
}

function resolve(value: UpdateValue, item: Item): AttributeValue {
  if (value.kind === "value") return value.value;
  if (value.kind === "if_not_exists") return item[value.name] ?? resolve(value.otherwise, item);
  if (value.kind === "sum") {
    const left = requireNumber(resolve(value.left, item));
    return sum(left, requireNumber(resolve(value.right, item)), value.sign);
  }
  const found = item[value.name];
  if (!found) throw validation("The provided expression refers to an attribute that does not exist in the item");
  return found;
}

function requireNumber(value: AttributeValue): AttributeValue {
  if (typeOf(value) === "N") return value;
  throw validation("An operand in the update expression has an incorrect data type");
}

function sum(left: AttributeValue, right: AttributeValue, sign: 1 | -1): AttributeValue {
  const result = addNumbers(textOf(left), textOf(right), sign);
  if ("fault" in result) throw validation(result.fault);
  return { N: result.number };
}
