/** Web IDL's conversions of arguments, and the definition of classes that look like the platform's. */

/** The key of the methods by which the Lambda adapters open events and read texts (runtime/light-web-classes.ts). */
export const brand = Symbol.for("portico.light");

/** Throws a TypeError, as the standard demands for invalid values. */
export function throwTypeError(text: string): never {
  throw new TypeError(text);
}

/** Whether a value is an object or a function. */
export const isObject = (value: unknown): value is object =>
  typeof value === "function" || (typeof value === "object" && value !== null);

// oxlint-disable-next-line no-control-regex -- every byte
const wide = /[^\0-\xff]/;

/** Converts to a ByteString. Throws TypeError for a symbol and for a character above U+00FF. */
export function byteString(value: unknown): string {
  const text = `${value as string}`;
  if (wide.test(text)) throwTypeError(`${text} is no ByteString`);
  return text;
}

/** Converts to a dictionary; undefined and null are empty ones. Throws TypeError for a value that is no object. */
export function dictionary(value: unknown): Readonly<Record<string, unknown>> {
  const given = value ?? {};
  if (!isObject(given)) throwTypeError(`${typeof given} is no dictionary`);
  return given as Record<string, unknown>;
}

/** Converts to "unsigned short" as Node does, with the sign of the remainder. Throws TypeError for a symbol. */
export const unsignedShort = (value: unknown): number => Math.trunc(Number(value)) % 65_536 || 0;

/** Throws TypeError if there are fewer arguments than needed. */
export function checkArguments({ length }: IArguments, count: number): void {
  if (length < count) throwTypeError(`${count} arguments needed`);
}

/** Loads one of Node's modules when it is needed. */
export const getBuiltinModule: typeof process.getBuiltinModule = process.getBuiltinModule;

/** Whether Node has loaded one of its internal modules; the check does not load it. */
export const isLoaded = (name: string): boolean =>
  (process as unknown as { moduleLoadList: readonly string[] }).moduleLoadList.includes(`NativeModule ${name}`);

/**
 * Makes `structuredClone` and `postMessage` reject an object. If `worker_threads` is not loaded, no code clones: the
 * build makes code with either function import it first (framework/bundler/lambda/web-classes.ts), and AWS's client
 * loads it. Loading it here would take 0.8 ms of every start.
 */
export const uncloneable: (object: object) => void = isLoaded("worker_threads")
  ? getBuiltinModule("worker_threads").markAsUncloneable
  : () => {};

/**
 * Makes a class look like the platform's: its name, enumerable members, its tag, and the output of `console.log`.
 * @param more objects whose members it gets, too
 */
export function defineClass<Self>(
  name: string,
  { prototype }: { readonly prototype: Self & object },
  valuesOf: (self: Self) => object,
  ...more: readonly object[]
): void {
  const members: PropertyDescriptorMap = {};
  for (const owner of [prototype, ...more]) Object.assign(members, Object.getOwnPropertyDescriptors(owner));
  for (const key of Reflect.ownKeys(members))
    members[key as string]!.enumerable = key !== "constructor" && typeof key === "string";
  const inspect = function (this: Self, depth: number | null, options: object, show: Show): string {
    return `${name} ${show(valuesOf(this), { ...options, depth })}`;
  };
  Object.defineProperty(prototype.constructor, "name", { value: name });
  // In one call: one by one would take 0.5 ms of every start.
  Object.defineProperties(prototype, {
    ...members,
    [Symbol.toStringTag]: { value: name, configurable: true },
    [Symbol.for("nodejs.util.inspect.custom")]: { value: inspect, configurable: true, writable: true },
  });
}

type Show = (value: unknown, options: object) => string;

/** A function that picks these members of an object, for `defineClass`. */
export const pick =
  (names: readonly string[]) =>
  (self: object): object =>
    Object.fromEntries(names.map((name) => [name, (self as Readonly<Record<string, unknown>>)[name]]));

/** Getters of fields of a record, for `defineClass`. @param recordOf throws TypeError for a value not of the class */
export const getters = <Self>(names: readonly string[], recordOf: (self: Self) => object): readonly object[] =>
  names.map((name) => ({
    // A computed getter has the same name as the platform's.
    get [name](): unknown {
      return (recordOf(this as Self) as Readonly<Record<string, unknown>>)[name];
    },
  }));
