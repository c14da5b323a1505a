/** What compiled templates call: values, blocks, macros and loops by Jinja's rules. Unused parts are not bundled. */
import { html } from "../../runtime/responses.ts";
import { type Element, fail, isSafe, print, type Safe, safe } from "./safe.ts";

export { concat, print, safe } from "./safe.ts";

/** The names that a template reads; those of its data are in the prototypes. */
export type Context = Record<string, unknown>;

/** A block: its context, the blocks by name, and how many blocks override this one. */
type Block = (context: Context, blocks: Blocks, depth: number) => string;

/** All blocks of a name, the one that is shown first. */
type Blocks = Record<string, Block[]>;

type Root = (context: Context, blocks: Blocks) => string;

/** A function of a template, a macro for example, that takes arguments with names. */
export type Named = Readonly<Record<string, unknown>>;

/** The key of what a call does to values that are no functions of JavaScript: macros, and loops that are recursive. */
export const apply = Symbol();

/** The value of a parameter that was not given. */
export const missing = Symbol();

/** The default export of a template's module. */
export function page(root: Root, blocks: Readonly<Record<string, Block>>) {
  const render = (data?: object): string => root({ __proto__: null, ...data }, stacks(blocks));
  return Object.assign((data?: object, init?: ResponseInit): Response => html(render(data), init), { render });
}

const stacks = (blocks: Readonly<Record<string, Block>>): Blocks => extend({ __proto__: null } as never, blocks);

function extend(stack: Blocks, blocks: Readonly<Record<string, Block>>): Blocks {
  for (const name in blocks) (stack[name] ??= []).push(blocks[name]!);
  return stack;
}

/** Adds a parent's blocks below those of the template. */
export function inherit(known: Root | undefined, root: Root, stack: Blocks, blocks: Readonly<Record<string, Block>>) {
  if (known) fail("a template extends two others");
  extend(stack, blocks);
  return root;
}

/** Shows a block. @param isRequired whether a block of a child must override it */
export function block(context: Context, blocks: Blocks, name: string, depth: number, isRequired = false): string {
  const show = blocks[name]?.[depth];
  if (!show || (isRequired && !blocks[name]![1])) return fail(`there is no block ${name} to show`);
  return show(context, blocks, depth);
}

/** A context with more names, on top of another one. */
export function derive(parent: Context | null, names: Context = {}): Context {
  const context = Object.create(parent) as Context;
  for (const name in names) if (names[name] !== undefined) context[name] = names[name];
  return context;
}

/** Shows another template. */
export const include = (root: Root, blocks: Readonly<Record<string, Block>>, context: Context | null): string =>
  root(derive(context), stacks(blocks));

/** Another template's macros and variables; printed, it is what that template prints. */
export function importModule(
  root: Root,
  blocks: Readonly<Record<string, Block>>,
  names: readonly string[],
  parent: Context | null,
): Context {
  const context = derive(parent);
  const body = root(context, stacks(blocks));
  const element: Element = {
    isEscaped: true,
    toString: () => body,
    toStringToBuffer(buffer) {
      buffer[0] += body;
    },
  };
  const module = Object.create(element) as Context;
  for (const name of names) if (Object.hasOwn(context, name)) module[name] = context[name];
  return module;
}

/** A value's own property; undefined where it has none. @param name of the value, for errors */
export function get(value: unknown, key: unknown, name = "a value"): unknown {
  if (value === undefined) fail(`${name} is undefined, and has no ${String(key)}`);
  if (value === null || typeof value === "function") return undefined;
  if (typeof key === "number" && (Array.isArray(value) || isString(value))) return safeItem(value, list(value).at(key));
  return Object.hasOwn(value, key as string) ? (value as Context)[key as string] : undefined;
}

/** A character of safe text is safe. */
const safeItem = (value: object | string, item: unknown): unknown =>
  value instanceof String && item !== undefined ? safe(item) : item;

/** Text that may be safe. */
export const isString = (value: unknown): value is string => typeof value === "string" || value instanceof String;

/** Calls a function, a macro or a loop. */
export function call(
  callee: unknown,
  args: readonly unknown[],
  named?: Named,
  name = "what is called",
  self?: unknown,
): unknown {
  const own = callee as { readonly [apply]?: (args: readonly unknown[], named?: Named) => unknown } | null;
  if (own?.[apply]) return own[apply](args, named);
  if (typeof callee === "function") return callee.apply(self, named ? [...args, named] : args);
  return fail(`${name} is no function`);
}

/** Calls a function of an object. @param name of the object, for errors */
export const invoke = (object: unknown, key: unknown, args: readonly unknown[], named?: Named, name?: string) =>
  call(get(object, key, name), args, named, String(key), object);

/**
 * A macro.
 * @param required how many parameters have no default
 * @param special the sum of 1 if the body uses `caller`, 2 for `kwargs` and 4 for `varargs`, which are in this order
 */
export function macro(
  names: readonly string[],
  required: number,
  special: number,
  body: (...values: readonly unknown[]) => string,
) {
  const run = (args: readonly unknown[], named?: Named): Safe => {
    const rest: Record<string, unknown> = { __proto__: null, ...named };
    const take = (name: string, otherwise?: symbol): unknown => {
      const value = name in rest ? rest[name] : otherwise;
      delete rest[name];
      return value;
    };
    const values = names.map((name, index) =>
      index < args.length ? args[index] : take(name, index < required ? undefined : missing),
    );
    if (special & 1) values.push(take("caller"));
    if (special & 2) values.push(rest);
    else for (const name in rest) fail(`a macro has no parameter ${name}`);
    if (special & 4) values.push(args.slice(names.length));
    else if (args.length > names.length) fail("a macro has fewer parameters");
    return safe(body(...values));
  };
  return Object.assign(() => {}, { [apply]: run });
}

/** Whether a value is a record: an object without a class. */
export const isPlain = (value: unknown): value is object =>
  typeof value === "object" &&
  value !== null &&
  !Object.getPrototypeOf(Object.getPrototypeOf(value) ?? Object.prototype);

/** Whether a value counts as true: empty texts, lists and objects do not. */
export function truth(value: unknown): boolean {
  if (Array.isArray(value) || value instanceof String) return value.length > 0;
  return isPlain(value) ? Object.keys(value).length > 0 : !!value;
}

/** The first value if it is false, else the second one. */
export const and = (left: unknown, right: () => unknown): unknown => (truth(left) ? right() : left);

/** The first value if it is true, else the second one. */
export const or = (left: unknown, right: () => unknown): unknown => (truth(left) ? left : right());

/** The items of a list, the characters of a text, or the keys of an object; none of an undefined value. */
export function list(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  if ((value as Iterable<unknown> | null)?.[Symbol.iterator]) return [...(value as Iterable<unknown>)];
  return isPlain(value) ? Object.keys(value) : fail(`${typeof value} is no list`);
}

/** As many values as there are names for. */
export function unpack(value: unknown, count: number): readonly unknown[] {
  const values = list(value);
  if (value === undefined || values.length !== count) fail(`there are ${count} names for ${values.length} values`);
  return values;
}

/** Each item with its `loop`. @param again renders the loop with other items, where it is recursive */
export function loops(items: readonly unknown[], depth0 = 0, again?: (items: unknown, depth: number) => string) {
  let last: string | undefined;
  const { length } = items;
  return items.map((item, index0) => [
    item,
    {
      index0,
      index: index0 + 1,
      length,
      revindex0: length - index0 - 1,
      revindex: length - index0,
      first: index0 === 0,
      last: index0 === length - 1,
      depth0,
      depth: depth0 + 1,
      previtem: items[index0 - 1],
      nextitem: items[index0 + 1],
      cycle: (...values: readonly unknown[]) => values[index0 % values.length],
      changed: (...values: readonly unknown[]) => last !== (last = JSON.stringify(values)),
      [apply]: ([inner]: readonly unknown[]) =>
        again ? safe(again(inner, depth0 + 1)) : fail("a loop without recursive is called"),
    },
  ]);
}

/** An object whose attributes templates set; made by `namespace()`. */
export class Namespace {}

/** `{% set object.name = value %}` */
export function assign(object: unknown, name: string, value: unknown): void {
  if (!(object instanceof Namespace)) fail(`${name} can be set on what namespace() gives alone`);
  (object as Record<string, unknown>)[name] = value;
}

/** A part of a list or text. */
export function slice(value: unknown, start?: unknown, end?: unknown, step: unknown = 1): unknown {
  const [items, by] = [list(value), number(step ?? 1)];
  const { length } = items;
  const limit = (bound: unknown, otherwise: number): number => {
    if (bound == null) return otherwise;
    const at = number(bound) < 0 ? number(bound) + length : number(bound);
    return by > 0 ? Math.min(Math.max(at, 0), length) : Math.min(Math.max(at, -1), length - 1);
  };
  if (by === 0 || value === undefined) fail("this cannot be cut into a slice");
  const picked: unknown[] = [];
  const last = limit(end, by > 0 ? length : -1);
  for (let at = limit(start, by > 0 ? 0 : length - 1); by > 0 ? at < last : at > last; at += by) picked.push(items[at]);
  if (!isString(value)) return picked;
  return isSafe(value) ? safe(picked.join("")) : picked.join("");
}

/** Throws for everything else. */
export function number(value: unknown): number {
  if (typeof value !== "number") fail(`${value === null ? "none" : typeof value} is not a number`);
  return value;
}

/** Numbers, texts or lists; texts become safe where one is. */
export function add(left: unknown, right: unknown): unknown {
  if (Array.isArray(left) && Array.isArray(right)) return left.concat(right) as unknown[];
  if (!isString(left) || !isString(right)) return number(left) + number(right);
  return isSafe(left) || isSafe(right) ? safe(print(left) + print(right)) : String(left) + String(right);
}

/** A product; a text or list is repeated. */
export function multiply(left: unknown, right: unknown): unknown {
  if (isString(right) || Array.isArray(right)) return multiply(right, left);
  const count = Math.max(0, number(right));
  if (Array.isArray(left)) return Array.from({ length: count }, () => left as unknown[]).flat();
  if (!isString(left)) return number(left) * number(right);
  return isSafe(left) ? safe(String(left).repeat(count)) : String(left).repeat(count);
}

const divisor = (value: unknown): number => {
  if (value === 0) throw new RangeError("division by zero");
  return number(value);
};

export const subtract = (left: unknown, right: unknown): number => number(left) - number(right);
export const divide = (left: unknown, right: unknown): number => number(left) / divisor(right);
export const floorDivide = (left: unknown, right: unknown): number => Math.floor(number(left) / divisor(right));
/** With the sign of the divisor. */
export const modulo = (left: unknown, right: unknown): number =>
  number(left) - divisor(right) * Math.floor(number(left) / divisor(right));
export const power = (left: unknown, right: unknown): number => number(left) ** number(right);
export const negative = (value: unknown): number => -number(value);
export const positive = (value: unknown): number => number(value);
