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

/** Whether Node has loaded a module of its own; to ask does not. */
export const isLoaded = (name: string): boolean =>
  (process as unknown as { moduleLoadList: readonly string[] }).moduleLoadList.includes(`NativeModule ${name}`);

/**
 * Makes `structuredClone` and `postMessage` refuse an object. Where nothing has loaded `worker_threads`, nothing clones: the build lets
 * code that mentions either import it first (framework/build/web-classes.ts), and AWS's client has it. To load it costs a start 0.8 ms.
 */
export const uncloneable: (object: object) => void = isLoaded("worker_threads")
  ? process.getBuiltinModule("worker_threads").markAsUncloneable
  : () => {};

/** What the standard leaves as any class has it. */
const unlisted = ["constructor", "prototype", "name", "length"];

/**
 * Makes a class look as the platform's: its name, members that can be listed, its tag, and what `console.log` shows.
 * @param more getters and methods beside those that it has
 */
export function present<Self>(
  name: string,
  { prototype }: { readonly prototype: Self & object },
  valuesOf: (self: Self) => object,
  more = {},
) {
  const { constructor } = prototype;
  const inspect = function (this: Self, depth: number | null, options: object, show: Show): string {
    return `${name} ${show(valuesOf(this), { ...options, depth })}`;
  };
  list(constructor, { ...Object.getOwnPropertyDescriptors(constructor), name: { value: name } });
  list(prototype, {
    ...Object.getOwnPropertyDescriptors(prototype),
    ...Object.getOwnPropertyDescriptors(more),
    [Symbol.toStringTag]: { value: name, configurable: true },
    [Symbol.for("nodejs.util.inspect.custom")]: { value: inspect, configurable: true, writable: true },
  });
}

/** All at once: one by one would cost a start half a millisecond. */
function list(owner: object, descriptors: PropertyDescriptorMap): void {
  for (const key of Object.keys(descriptors)) if (!unlisted.includes(key)) descriptors[key]!.enumerable = true;
  Object.defineProperties(owner, descriptors);
}

type Show = (value: unknown, options: object) => string;

/** For `present`. @param names separated by commas */
export const members =
  (names: string) =>
  (self: object): object =>
    Object.fromEntries(names.split(",").map((name) => [name, (self as Readonly<Record<string, unknown>>)[name]]));
