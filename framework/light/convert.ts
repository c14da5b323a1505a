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

/** The hook of `console.log`. */
export const inspected: unique symbol = Symbol.for("nodejs.util.inspect.custom");

/** What `console.log` shows. */
export const show = (
  name: string,
  value: object,
  depth: number | null,
  options: object,
  inspect: (value: unknown, options: object) => string,
) => `${name} ${inspect(value, { ...options, depth })}`;

/** Makes a class look as the platform's: its name, members that can be listed, and its tag. */
export function present(name: string, { prototype }: { readonly prototype: object }): void {
  const { constructor } = prototype;
  Object.defineProperty(constructor, "name", { value: name });
  for (const owner of [constructor, prototype]) {
    for (const key of Object.getOwnPropertyNames(owner)) {
      if (!/^(?:constructor|prototype|name|length)$/.test(key)) Object.defineProperty(owner, key, { enumerable: true });
    }
  }
  Object.defineProperty(prototype, Symbol.toStringTag, { value: name, configurable: true });
}
