/** Runs of the store, each in a namespace of its own; what they give is the same on every target. */
import { type Store, store, type StoreContext } from "portico/store";

const passed = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

/** Long enough for a lifetime of one second to be over. */
const aSecond = 1100;

/** The code of the error that a call gives. */
async function codeOf(call: () => unknown): Promise<unknown> {
  try {
    return await call();
  } catch (error) {
    return (error as { readonly code?: unknown }).code ?? String(error);
  }
}

async function keysOf(
  entries: Pick<Store<unknown>, "list">,
  options?: Parameters<Store<unknown>["list"]>[0],
): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of entries.list(options)) keys.push(key);
  return keys;
}

const times = <T>(count: number, call: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => call(index)));

/** By the name in the path. */
export const checks: Readonly<Record<string, (open: Opener) => Promise<unknown>>> = {
  async versions(open) {
    const entries = open<unknown>();
    const absent = await entries.get("a");
    const first = await entries.set("a", { x: 1 });
    const found = await entries.get("a");
    return [
      absent === undefined,
      found?.version === first,
      found?.value,
      await entries.set("a", 2, { if: null }),
      typeof (await entries.set("a", 3, { if: first })),
      await entries.set("a", 4, { if: first }),
      (await entries.get("a"))?.value,
      await entries.delete("a", { if: first }),
      await entries.delete("a", { if: (await entries.get("a"))?.version }),
      (await entries.get("a")) === undefined,
      await entries.delete("a"),
      typeof (await entries.set("a", 5, { if: null })),
      await entries.set("b", 1, { if: first }),
    ];
  },
  async values(open) {
    const entries = open<unknown>();
    const values = [
      null,
      true,
      0,
      -1,
      1.5,
      1e300,
      2 ** 53 - 1,
      -(2 ** 53 - 1),
      "",
      "안\u0000\u{1f600}\ud800",
      [1, [2]],
      {},
    ];
    for (const [index, value] of values.entries()) await entries.set(String(index), value);
    const read = await times(values.length, async (index) => (await entries.get(String(index)))?.value);
    return [JSON.stringify(read) === JSON.stringify(values), (await entries.get("0"))?.value];
  },
  async sizes(open) {
    const entries = open<unknown>();
    const largest = "x".repeat(262_142);
    const key = "é".repeat(256);
    await entries.set(key, largest);
    return [
      (await entries.get(key))?.value === largest,
      await codeOf(() => entries.set("a", `${largest}x`)),
      await codeOf(() => entries.set("a", "é".repeat(131_072))),
      await codeOf(() => entries.get(`${key}x`)),
      (await entries.get("a")) === undefined,
    ];
  },
  async expiry(open) {
    const entries = open<unknown>();
    const numbers = open<number>("numbers");
    await entries.set("short", "a", { ttl: 1 });
    await entries.set("long", "b", { ttl: 100 });
    await numbers.add("short", 7, { ttl: 1 });
    await numbers.add("long", 7, { ttl: 100 });
    const old = await entries.set("replaced", "c", { ttl: 1 });
    await passed(aSecond);
    return [
      (await entries.get("short")) === undefined,
      (await entries.get("long"))?.value,
      await keysOf(entries),
      await entries.delete("short", { if: old }),
      await entries.set("replaced", "d", { if: old }),
      typeof (await entries.set("short", "e", { if: null })),
      (await entries.get("short"))?.value,
      [await numbers.add("short", 5, { ttl: 100 }), await numbers.add("short", 5), await numbers.add("long", 1)],
    ];
  },
  async numbers(open) {
    const entries = open<number>();
    await entries.set("set", 40);
    const version = (await entries.get("set"))?.version;
    const most = Number.MAX_SAFE_INTEGER;
    const texts = open<unknown>();
    await texts.set("text", "1");
    await texts.set("half", 1.5);
    return [
      await entries.add("new"),
      await entries.add("set", 2),
      (await entries.get("set"))?.value,
      (await entries.get("set"))?.version === version,
      await entries.add("set", -50),
      await codeOf(() => entries.add("text")),
      await codeOf(() => entries.add("half")),
      await entries.add("most", most),
      await codeOf(() => entries.add("most", 1)),
      await entries.add("most", -1),
      await codeOf(() => entries.add("new", 0.5)),
      await entries.set("new", 9),
      await entries.add("new"),
    ].filter((value) => !/^[0-9a-f-]{36}$/.test(String(value)));
  },
  async windows(open) {
    const entries = open<number>();
    await entries.add("fixed", 1, { ttl: 1 });
    await entries.add("fixed", 1, { ttl: 100 });
    await entries.set("set", 1, { ttl: 1 });
    await entries.set("set", 2, { ttl: 100 });
    await entries.set("stays", 1, { ttl: 1 });
    await entries.set("stays", 1);
    await passed(aSecond);
    return [(await entries.get("fixed")) === undefined, (await entries.get("set"))?.value, await entries.add("stays")];
  },
  async adds(open) {
    const sums = await times(40, () => open<number>().add("all", 1, { ttl: 100 }));
    return sums.toSorted((one, other) => one - other);
  },
  async "adds-to-expired"(open) {
    await open<number>().add("all", 1000, { ttl: 1 });
    await passed(aSecond);
    const sums = await times(20, () => open<number>().add("all", 1, { ttl: 100 }));
    return sums.toSorted((one, other) => one - other);
  },
  async creators(open) {
    const versions = await times(20, (index) => open<unknown>().set("one", index, { if: null }));
    const winners = versions.flatMap((version, index) => (version === undefined ? [] : index));
    return [winners.length, (await open<unknown>().get("one"))?.value === winners[0]];
  },
  async writers(open) {
    const entries = open<number>();
    await entries.set("sum", 0);
    await times(8, async () => {
      for (let done = 0; done < 5;) {
        const { value, version } = (await entries.get("sum"))!;
        if ((await entries.set("sum", value + 1, { if: version })) !== undefined) done += 1;
      }
    });
    return (await entries.get("sum"))?.value;
  },
  async lists(open) {
    const entries = open<unknown>();
    const keys = [
      "u1/b",
      "u1/a",
      "u2/a",
      "u1/é",
      "u1/\u{10ffff}z",
      "u1/\ufffd",
      "u1",
      "u",
      "U1/a",
      "u1/%",
      "u1/_",
      "u0",
    ];
    for (const key of keys) await entries.set(key, key);
    await open<unknown>("other").set("u1/other", 1);
    return [
      await keysOf(entries, { prefix: "u1/" }),
      await keysOf(entries, { prefix: "u1/", after: "u1/a" }),
      await keysOf(entries, { prefix: "u1/", after: "u1/a", limit: 1 }),
      await keysOf(entries, { prefix: "u1/", after: "t", limit: 2 }),
      await keysOf(entries, { prefix: "u1/", after: "u2" }),
      await keysOf(entries, { after: "u1/\ufffd" }),
      await keysOf(entries, { limit: 3 }),
      await keysOf(entries, { prefix: "u1/\u{10ffff}" }),
      await keysOf(entries, { limit: 0 }),
      await keysOf(entries, { prefix: "none" }),
    ];
  },
  async pages(open) {
    const entries = open<number>();
    const name = (index: number): string => String(index).padStart(3, "0");
    // Every third stays; those between have expired.
    await times(150, (index) => entries.set(name(index), index, index % 3 === 0 ? {} : { ttl: 1 }));
    await passed(aSecond);
    const page = await keysOf(entries, { limit: 20 });
    const sum: number[] = [];
    for await (const { value } of entries.list()) sum.push(value);
    return [page, await keysOf(entries, { limit: 3, after: page.at(-1) }), sum.length, sum.at(-1)];
  },
  async refusals(open) {
    const entries = open<unknown>();
    const circle: unknown[] = [];
    circle.push(circle);
    const keys = ["", "a\u0000b", "\ud800", "x".repeat(513)];
    const values = [undefined, () => 1, Symbol("s"), 1n, circle];
    const lifetimes = [0, -1, 1.5, Number.NaN, Infinity];
    return [
      await times(keys.length, (index) => codeOf(() => entries.set(keys[index]!, 1))),
      await times(keys.length, (index) => codeOf(() => entries.delete(keys[index]!))),
      await times(values.length, (index) => codeOf(() => entries.set("a", values[index]))),
      await times(lifetimes.length, (index) => codeOf(() => entries.set("a", 1, { ttl: lifetimes[index] }))),
      await codeOf(() => keysOf(entries, { prefix: "\ud800" })),
      await times(3, (index) => codeOf(() => open(["", "_own", "a b"][index]))),
      await keysOf(entries),
    ];
  },
};

/** Opens a namespace of the run. @param name of several; empty and odd names are used as they are */
type Opener = <T = unknown>(name?: string) => Store<T>;

/** @param run unique to it */
export const opener =
  (context: StoreContext, run: string): Opener =>
  (name = "main") =>
    store(context, /^[a-z]+$/.test(name) ? `${run}/${name}` : name);
