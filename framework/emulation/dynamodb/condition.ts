/** Evaluates parsed conditions against an item. */
import { type AttributeValue, bytesOf, compareValues, isSameValue, type Item, typeOf } from "./attribute-value.ts";
import type { Comparator, Condition, Operand } from "./condition-parser.ts";

/** Whether the item meets the condition; one that does not exist has no attributes. */
export function meets(condition: Condition, item: Item): boolean {
  switch (condition.kind) {
    case "and":
      return meets(condition.left, item) && meets(condition.right, item);
    case "or":
      return meets(condition.left, item) || meets(condition.right, item);
    case "not":
      return !meets(condition.condition, item);
    case "exists":
      return item[condition.name] !== undefined;
    case "missing":
      return item[condition.name] === undefined;
    case "begins":
      return begins(valueOf(condition.left, item), valueOf(condition.right, item));
    case "between": {
      const value = valueOf(condition.value, item);
      return (
        compares(">=", value, valueOf(condition.low, item)) && compares("<=", value, valueOf(condition.high, item))
      );
    }
    case "compare":
      return compares(condition.comparator, valueOf(condition.left, item), valueOf(condition.right, item));
  }
}

const valueOf = (operand: Operand, item: Item): AttributeValue | undefined =>
  operand.kind === "value" ? operand.value : item[operand.name];

function begins(value: AttributeValue | undefined, prefix: AttributeValue | undefined): boolean {
  if (!value || !prefix || typeOf(value) !== typeOf(prefix) || !/^[SB]$/.test(typeOf(value))) return false;
  const bytes = bytesOf(prefix);
  return bytesOf(value).subarray(0, bytes.length).equals(bytes);
}

/** Whether two values compare so. A missing one equals nothing, and has no order. */
export function compares(
  comparator: Comparator,
  left: AttributeValue | undefined,
  right: AttributeValue | undefined,
): boolean {
  if (comparator === "=") return left !== undefined && isSameValue(left, right);
  if (comparator === "<>") return left === undefined || !isSameValue(left, right);
  const order = compareValues(left, right);
  if (order === undefined) return false;
  if (comparator === "<") return order < 0;
  if (comparator === "<=") return order <= 0;
  return comparator === ">" ? order > 0 : order >= 0;
}

/** The attributes that a condition names. */
export function namesOf(condition: Condition): readonly string[] {
  switch (condition.kind) {
    case "and":
    case "or":
      return [...namesOf(condition.left), ...namesOf(condition.right)];
    case "not":
      return namesOf(condition.condition);
    case "exists":
    case "missing":
      return [condition.name];
    case "between":
      return attributesOf([condition.value, condition.low, condition.high]);
    case "begins":
    case "compare":
      return attributesOf([condition.left, condition.right]);
  }
}

const attributesOf = (operands: readonly Operand[]): readonly string[] =>
  operands.flatMap((operand) => (operand.kind === "attribute" ? [operand.name] : []));
