/** Web IDL's conversions: any value in, what the platform's classes would take it for out. */

/** The brand by which adapters know light classes: a Request opens events by it, a Response gives its text. */
export const brand = Symbol.for("portico.light");

/** Throws it as the standard's errors are. */
export function refuse(text: string): never {
  throw new TypeError(text);
}

/** Functions are objects, too. */
export const isObject = (value: unknown): value is object => typeof value === "function" || (typeof value === "object" && value !== null);

// oxlint-disable-next-line no-control-regex -- every byte
const wide = /[^\0-\xff]/;

/** Throws TypeError for a symbol and for what is no byte. */
export function byteString(value: unknown): string {
  const text = `${value as string}`;
  if (wide.test(text)) refuse(`${text} is no ByteString`);
  return text;
}

/** A dictionary: nothing is an empty one. Throws TypeError for a value that is no object. */
export function dictionary(value: unknown): Readonly<Record<string, unknown>> {
  const given = value ?? {};
  if (!isObject(given)) refuse(`${typeof given} is no dictionary`);
  return given as Record<string, unknown>;
}

/** "unsigned short", as the platform has it: the remainder keeps its sign. Throws TypeError for a symbol. */
export const unsignedShort = (value: unknown): number => Math.trunc(Number(value)) % 65_536 || 0;

/** Throws TypeError where fewer arguments came than are needed. */
export function need({ length }: IArguments, count: number): void {
  if (length < count) refuse(`${count} arguments needed`);
}

/** Node's own modules, none of which is loaded for nothing. */
export const getBuiltinModule: typeof process.getBuiltinModule = process.getBuiltinModule;

/** Whether Node has loaded a module of its own; to ask does not. */
export const isLoaded = (name: string): boolean =>
  (process as unknown as { moduleLoadList: readonly string[] }).moduleLoadList.includes(`NativeModule ${name}`);

/**
 * Makes `structuredClone` and `postMessage` refuse an object. Where nothing has loaded `worker_threads`, nothing clones: the build lets
 * code that mentions either import it first (framework/build/web-classes.ts), and AWS's client has it. To load it costs a start 0.8 ms.
 */
export const uncloneable: (object: object) => void = isLoaded("worker_threads")
  ? getBuiltinModule("worker_threads").markAsUncloneable
  : () => {};

/**
 * Makes a class look as the platform's: its name, members that can be listed, its tag, and what `console.log` shows.
 * @param more objects whose members it gets beside those that it has
 */
export function present<Self>(
  name: string,
  { prototype }: { readonly prototype: Self & object },
  valuesOf: (self: Self) => object,
  ...more: readonly object[]
): void {
  const members: PropertyDescriptorMap = {};
  for (const owner of [prototype, ...more]) Object.assign(members, Object.getOwnPropertyDescriptors(owner));
  for (const key of Reflect.ownKeys(members)) members[key as string]!.enumerable = key !== "constructor" && typeof key === "string";
  const inspect = function (this: Self, depth: number | null, options: object, show: Show): string {
    return `${name} ${show(valuesOf(this), { ...options, depth })}`;
  };
  Object.defineProperty(prototype.constructor, "name", { value: name });
  // All at once: one by one would cost a start half a millisecond.
  Object.defineProperties(prototype, {
    ...members,
    [Symbol.toStringTag]: { value: name, configurable: true },
    [Symbol.for("nodejs.util.inspect.custom")]: { value: inspect, configurable: true, writable: true },
  });
}

type Show = (value: unknown, options: object) => string;

/** For `present`. */
export const members =
  (names: readonly string[]) =>
  (self: object): object =>
    Object.fromEntries(names.map((name) => [name, (self as Readonly<Record<string, unknown>>)[name]]));

/** Getters of what a record has, for `present`. @param recordOf throws TypeError for what is no object of the class */
export const getters = <Self>(names: readonly string[], recordOf: (self: Self) => object): readonly object[] =>
  names.map((name) => ({
    // Defined as it is written, it has the name that the platform's has.
    get [name](): unknown {
      return (recordOf(this as Self) as Readonly<Record<string, unknown>>)[name];
    },
  }));
