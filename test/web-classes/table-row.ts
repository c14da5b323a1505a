/** A row of the behaviour table of web classes: code, and the result that the Fetch standard defines. */

/** The classes under test. */
export interface Web {
  readonly Headers: typeof Headers;
  readonly Request: typeof Request;
  readonly Response: typeof Response;
}

/** `expected` is a plain value; an error is its class's name after "!". */
export type Row = readonly [name: string, expected: unknown, run: (web: Web) => unknown];

/** What a row's code gives, as a plain value. */
export async function outcome(web: Web, run: Row[2]): Promise<unknown> {
  try {
    return plain(await run(web));
  } catch (error) {
    return `!${error instanceof Error ? error.name : String(error)}`;
  }
}

/** What code that looks at a function sees: `append 2` is a method of two arguments, `get url 0` a getter. */
export const functionsOf = (owner: object): readonly string[] =>
  Object.entries(Object.getOwnPropertyDescriptors(owner))
    .flatMap(([key, { value, get }]): string[] => {
      const it: unknown = get ?? value;
      return typeof it === "function" && key !== "constructor" ? [`${it.name} ${it.length}`] : [];
    })
    .toSorted();

/** Bytes as numbers, iterables as lists, undefined kept apart from null. */
export function plain(value: unknown): unknown {
  if (value === undefined) return "undefined";
  if (value instanceof ArrayBuffer) return [...new Uint8Array(value)];
  if (ArrayBuffer.isView(value)) return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null && Symbol.iterator in value)
    return Array.from(value as Iterable<unknown>, plain);
  return value;
}
