/** Web IDL's conversions: any value in, what the platform's classes would take it for out. */

// oxlint-disable-next-line no-control-regex -- every byte
const wide = /[^\0-\xff]/;

/** Throws TypeError for a symbol and for what is no byte. */
export function byteString(value: unknown): string {
  const text = typeof value === "string" ? value : `${value as string}`;
  if (wide.test(text)) throw new TypeError(`Cannot convert ${text} to a ByteString`);
  return text;
}

/** A dictionary: nothing is an empty one. Throws TypeError for a value that is no object. */
export function dictionary(value: unknown): Readonly<Record<string, unknown>> {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" && typeof value !== "function") throw new TypeError(`${typeof value} is no dictionary`);
  return value as Record<string, unknown>;
}

/** "unsigned short", as the platform has it: the remainder keeps its sign. Throws TypeError for a symbol. */
export const unsignedShort = (value: unknown): number => Math.trunc(Number(value)) % 65_536 || 0;

/** Throws TypeError where fewer arguments came than are needed. */
export function need(given: number, count: number): void {
  if (given < count) throw new TypeError(`${count} argument(s) required, but only ${given} present.`);
}

/** Makes `structuredClone` refuse an object. */
export const uncloneable: (object: object) => void = process.getBuiltinModule("worker_threads").markAsUncloneable;

/** Getters and methods beside those that a class has. */
export const addMembers = ({ prototype }: { readonly prototype: object }, members: object): void =>
  void Object.defineProperties(prototype, Object.getOwnPropertyDescriptors(members));

/** Makes a class look as the platform's: its name, members that can be listed, its tag, and what `console.log` shows. */
export function present<Self>(name: string, { prototype }: { readonly prototype: Self & object }, valuesOf: (self: Self) => object): void {
  const { constructor } = prototype;
  Object.defineProperty(constructor, "name", { value: name });
  for (const owner of [constructor, prototype]) {
    for (const key of Object.getOwnPropertyNames(owner)) {
      if (!/^(?:constructor|prototype|name|length)$/.test(key)) Object.defineProperty(owner, key, { enumerable: true });
    }
  }
  const inspect = function (this: Self, depth: number | null, options: object, show: Show): string {
    return `${name} ${show(valuesOf(this), { ...options, depth })}`;
  };
  Object.defineProperties(prototype, {
    [Symbol.toStringTag]: { value: name, configurable: true },
    [Symbol.for("nodejs.util.inspect.custom")]: { value: inspect, configurable: true, writable: true },
  });
}

type Show = (value: unknown, options: object) => string;

/** For `present`. @param names separated by commas */
export const members =
  (names: string) =>
  (self: object): object =>
    Object.fromEntries(names.split(",").map((name) => [name, (self as Readonly<Record<string, unknown>>)[name]]));
