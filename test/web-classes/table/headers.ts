/** The behaviour table's rows for Headers (Fetch standard, sections 2.2.2 and 5.1). */
import { functionsOf, type Row, type Web } from "../table-row.ts";

type Init = ConstructorParameters<typeof Headers>[0];

/** All pairs of new headers. */
const of =
  (init?: unknown) =>
  ({ Headers }: Web): unknown => [...new Headers(init as Init)];
/** What some steps leave. */
const after =
  (steps: (headers: Headers) => unknown, init: unknown = {}) =>
  ({ Headers }: Web): unknown => {
    const headers = new Headers(init as Init);
    steps(headers);
    return [...headers];
  };
/** What one step on new headers gives. */
const ask =
  (init: unknown, step: (headers: Headers) => unknown) =>
  ({ Headers }: Web): unknown =>
    step(new Headers(init as Init));
const loose = (headers: Headers): Record<string, (...args: unknown[]) => unknown> => headers as never;

/** Names that are no tokens (RFC 9110 section 5.6.2). */
const badNames = [
  "",
  "a b",
  " a",
  "a ",
  "a\n",
  "a:",
  "a\0",
  "(a)",
  "a,b",
  "a;b",
  "a/b",
  "é",
  "한",
  '"',
  "[a]",
  "{a}",
  "a=b",
  "a?",
  "a@b",
  "a\\b",
];
const badValues = ["a\nb", "a\rb", "a\0b", "a\r\nb", "한", "a\u0100", "\ud83d\ude00", "a\r\n b"];

export const headers: readonly Row[] = [
  ["made of nothing", [], of()],
  [
    "made of a record",
    [
      ["a", "1"],
      ["b", "2"],
    ],
    of({ b: "2", a: "1" }),
  ],
  ["made of pairs", [["a", "1"]], of([["a", "1"]])],
  ["made of a map", [["a", "1"]], of(new Map([["a", "1"]]))],
  [
    "made of a generator's pairs",
    [["a", "1"]],
    ({ Headers }) => [
      ...new Headers(
        (function* (): Generator<[string, string]> {
          yield ["a", "1"];
        })() as never,
      ),
    ],
  ],
  ["made of sets as pairs", [["a", "1"]], of([new Set(["a", "1"])])],
  ["made of headers", [["a", "1"]], ({ Headers }) => [...new Headers(new Headers({ a: "1" }))]],
  [
    "made of headers, cookies apart",
    [
      ["set-cookie", "a"],
      ["set-cookie", "b"],
    ],
    ({ Headers }) => [
      ...new Headers(
        new Headers([
          ["set-cookie", "a"],
          ["set-cookie", "b"],
        ]),
      ),
    ],
  ],
  [
    "a copy is its own",
    [["a", "1"]],
    ({ Headers }) => {
      const one = new Headers({ a: "1" });
      const two = new Headers(one);
      one.set("a", "2");
      one.append("b", "1");
      return [...two];
    },
  ],
  ["made of null", "!TypeError", of(null)],
  ["made of a string", "!TypeError", of("a: b")],
  ["made of a number", "!TypeError", of(1)],
  ["made of a boolean", "!TypeError", of(true)],
  ["made of a symbol", "!TypeError", of(Symbol("s"))],
  ["made of an empty list", [], of([])],
  ["made of a list of one", "!TypeError", of([["a"]])],
  ["made of a list of three", "!TypeError", of([["a", "1", "2"]])],
  ["made of a list of texts", "!TypeError", of(["ab"])],
  ["made of a list of nulls", "!TypeError", of([null])],
  // The standard takes what can be listed alone; the platform takes all that is its own.
  [
    "made of a function is a record",
    [
      ["a", "1"],
      ["length", "0"],
      ["name", ""],
    ],
    of(
      Object.assign(
        (
          () => () =>
            0
        )(),
        { a: "1" },
      ),
    ),
  ],
  ["a record's hidden members", [["a", "1"]], of(Object.defineProperty({}, "a", { value: "1" }))],
  ["made of a record without a prototype", [["a", "1"]], of(Object.assign(Object.create(null), { a: "1" }))],
  ["made of what a record inherits", [], of(Object.create({ a: "1" }))],
  ["a record's symbols", "!TypeError", of({ [Symbol("s")]: "1" })],
  ["a record's numbers", [["a", "1"]], of({ a: 1 })],
  [
    "a record's null and undefined",
    [
      ["a", "null"],
      ["b", "undefined"],
    ],
    of({ a: null, b: undefined }),
  ],
  ["a record's lists", [["a", "1,2"]], of({ a: [1, 2] })],
  ["a record's names that differ in case are combined", [["a", "1, 2"]], of({ a: "1", A: "2" })],
  ["a value that is a symbol", "!TypeError", of({ a: Symbol("s") })],
  ["an object's own text", [["a", "x"]], of({ a: { toString: () => "x" } })],
  [
    "an own iterator is asked",
    [["b", "2"]],
    of({
      a: "1",
      *[Symbol.iterator]() {
        yield ["b", "2"];
      },
    }),
  ],
  ["names in lower case", [["x-y", "1"]], of({ "X-Y": "1" })],
  ["names sorted", ["a", "b", "c"], ask({ c: "", a: "", b: "" }, (h) => h.keys())],
  [
    "sorted by code unit",
    ["!", "-", "0", "_", "a", "~"],
    ask({ "~": "", a: "", _: "", 0: "", "-": "", "!": "" }, (h) => h.keys()),
  ],
  ["every character of a token", [["!#$%&'*+-.^_`|~09az", ""]], of({ "!#$%&'*+-.^_`|~09AZ": "" })],
  ["white space around a value goes", [["a", "b c"]], of({ a: " \t\r\nb c\n\r\t " })],
  ["a value of white space is empty", [["a", ""]], of({ a: " \t " })],
  ["other spaces stay", [["a", "\u00a0b\u000b"]], of({ a: "\u00a0b\u000b" })],
  ["every byte above is kept", [["a", "\x01\x7f\x80\xff"]], of({ a: "\x01\x7f\x80\xff" })],
  ["long runs of spaces inside", 20_002, ask({ a: `a${" ".repeat(20_000)}b` }, (h) => h.get("a")?.length)],
  ["get", "1", ask({ a: "1" }, (h) => h.get("A"))],
  ["get of nothing", null, ask({}, (h) => h.get("a"))],
  ["get of an empty value", "", ask({ a: "" }, (h) => h.get("a"))],
  [
    "get combines",
    "1, 2",
    ask(
      [
        ["a", "1"],
        ["a", "2"],
      ],
      (h) => h.get("a"),
    ),
  ],
  [
    "get combines empty values",
    ", ",
    ask(
      [
        ["a", ""],
        ["a", ""],
      ],
      (h) => h.get("a"),
    ),
  ],
  [
    "get combines cookies",
    "a, b",
    ask(
      [
        ["set-cookie", "a"],
        ["set-cookie", "b"],
      ],
      (h) => h.get("set-cookie"),
    ),
  ],
  ["get of undefined", "1", ask({ undefined: "1" }, (h) => loose(h)["get"]!(undefined))],
  ["get without a name", "!TypeError", ask({}, (h) => loose(h)["get"]!())],
  ["has", [true, false], ask({ a: "" }, (h) => [h.has("A"), h.has("b")])],
  ["has without a name", "!TypeError", ask({}, (h) => loose(h)["has"]!())],
  ["set", [["a", "2"]], after((h) => h.set("A", "2"), { a: "1" })],
  [
    "set replaces all",
    [["a", "3"]],
    after(
      (h) => h.set("a", "3"),
      [
        ["a", "1"],
        ["a", "2"],
      ],
    ),
  ],
  ["set gives undefined", "undefined", ask({}, (h) => h.set("a", "1"))],
  ["set without a value", "!TypeError", ask({}, (h) => loose(h)["set"]!("a"))],
  ["set of no text", [["a", "1"]], after((h) => loose(h)["set"]!("a", 1))],
  ["set trims", [["a", "1"]], after((h) => h.set("a", " 1 "))],
  [
    "set of a cookie replaces all",
    [["set-cookie", "c"]],
    after(
      (h) => h.set("Set-Cookie", "c"),
      [
        ["set-cookie", "a"],
        ["set-cookie", "b"],
      ],
    ),
  ],
  ["append", [["a", "1, 2"]], after((h) => h.append("A", "2"), { a: "1" })],
  ["append gives undefined", "undefined", ask({}, (h) => h.append("a", "1"))],
  ["append without a value", "!TypeError", ask({}, (h) => loose(h)["append"]!("a"))],
  [
    "append after set",
    [["a", "2, 3"]],
    after(
      (h) => {
        h.set("a", "2");
        h.append("a", "3");
      },
      { a: "1" },
    ),
  ],
  [
    "append after delete",
    [["a", "3"]],
    after(
      (h) => {
        h.delete("a");
        h.append("a", "3");
      },
      { a: "1" },
    ),
  ],
  ["append to an empty value", [["a", ", 1"]], after((h) => h.append("a", "1"), { a: "" })],
  ["delete", [], after((h) => h.delete("A"), { a: "1" })],
  ["delete of nothing", [["a", "1"]], after((h) => h.delete("b"), { a: "1" })],
  [
    "delete of cookies",
    [],
    after(
      (h) => h.delete("set-cookie"),
      [
        ["set-cookie", "a"],
        ["set-cookie", "b"],
      ],
    ),
  ],
  ["delete without a name", "!TypeError", ask({}, (h) => loose(h)["delete"]!())],
  [
    "getSetCookie",
    ["a=1", "b=2; c, d"],
    ask(
      [
        ["set-cookie", "a=1"],
        ["Set-Cookie", "b=2; c, d"],
      ],
      (h) => h.getSetCookie(),
    ),
  ],
  ["getSetCookie of none", [], ask({}, (h) => h.getSetCookie())],
  [
    "getSetCookie gives a new list",
    [["a"], ["a"]],
    ask({ "set-cookie": "a" }, (h) => {
      const list = h.getSetCookie();
      list.push("b");
      return [["a"], h.getSetCookie()];
    }),
  ],
  [
    "getSetCookie keeps equal ones",
    ["a", "a"],
    ask(
      [
        ["set-cookie", "a"],
        ["set-cookie", "a"],
      ],
      (h) => h.getSetCookie(),
    ),
  ],
  [
    "getSetCookie after delete",
    [],
    ask({ "set-cookie": "a" }, (h) => {
      h.delete("set-cookie");
      return h.getSetCookie();
    }),
  ],
  [
    "cookies stand apart in their order",
    [
      ["a", "1"],
      ["set-cookie", "z"],
      ["set-cookie", "b"],
      ["t", "2"],
    ],
    of([
      ["t", "2"],
      ["set-cookie", "z"],
      ["set-cookie", "b"],
      ["a", "1"],
    ]),
  ],
  [
    "keys name a cookie each time",
    ["set-cookie", "set-cookie"],
    ask(
      [
        ["set-cookie", "z"],
        ["set-cookie", "b"],
      ],
      (h) => h.keys(),
    ),
  ],
  ["values", ["1", "2"], ask({ b: "2", a: "1" }, (h) => h.values())],
  ["entries", [["a", "1"]], ask({ a: "1" }, (h) => h.entries())],
  ["entries is the iterator", true, ({ Headers }) => Headers.prototype.entries === Headers.prototype[Symbol.iterator]],
  ["entries are new lists", false, ask({ a: "1" }, (h) => [...h][0] === [...h][0])],
  [
    "an iterator is iterable",
    true,
    ask({}, (h) => {
      const keys = h.keys();
      return keys[Symbol.iterator]() === keys;
    }),
  ],
  [
    "an iterator ends and stays so",
    [true, true],
    ask({}, (h) => {
      const keys = h.keys();
      return [keys.next().done, keys.next().done];
    }),
  ],
  ["an iterator's tag", "[object Headers Iterator]", ask({}, (h) => Object.prototype.toString.call(h.entries()))],
  [
    "an iterator has the language's methods",
    ["A"],
    ask({ a: "" }, (h) =>
      (h.keys() as unknown as { map(to: (key: string) => string): { toArray(): string[] } })
        .map((key) => key.toUpperCase())
        .toArray(),
    ),
  ],
  ["an iterator has no return", "undefined", ask({}, (h) => typeof h.keys().return)],
  [
    "all iterators share a prototype",
    true,
    ask({}, (h) => Object.getPrototypeOf(h.keys()) === Object.getPrototypeOf(h.entries())),
  ],
  ["next on something else", "!TypeError", ask({}, (h) => h.keys().next.call({} as never))],
  [
    "an iterator sees what comes later",
    ["a", "b", "c"],
    ask({ a: "", c: "" }, (h) => {
      const seen: string[] = [];
      for (const [key] of h) {
        seen.push(key);
        if (key === "a") h.append("b", "");
      }
      return seen;
    }),
  ],
  [
    "an iterator misses what goes",
    ["a"],
    ask({ a: "", b: "" }, (h) => {
      const seen: string[] = [];
      for (const [key] of h) {
        seen.push(key);
        h.delete("b");
      }
      return seen;
    }),
  ],
  [
    "an iterator goes by position",
    ["b", "b", "c"],
    ask({ b: "", c: "" }, (h) => {
      const seen: string[] = [];
      for (const [key] of h) {
        seen.push(key);
        h.set("a", "");
      }
      return seen;
    }),
  ],
  [
    "forEach",
    [
      ["1", "a", true],
      ["2", "b", true],
    ],
    ask({ b: "2", a: "1" }, (h) => {
      const seen: unknown[] = [];
      h.forEach((value, key, self) => seen.push([value, key, self === h]));
      return seen;
    }),
  ],
  [
    "forEach with its this",
    true,
    ask({ a: "" }, (h) => {
      const self = {};
      let same = false;
      h.forEach(function (this: unknown) {
        same = this === self;
      }, self);
      return same;
    }),
  ],
  ["forEach of no function", "!TypeError", ask({}, (h) => loose(h)["forEach"]!(1))],
  ["forEach of nothing", "!TypeError", ask({}, (h) => loose(h)["forEach"]!())],
  ["Object.fromEntries", { a: "1" }, ask({ a: "1" }, (h) => Object.fromEntries(h))],
  ["its tag", "[object Headers]", ask({}, (h) => String(h))],
  [
    "its class",
    [true, "Headers", 0],
    ({ Headers }) => [new Headers() instanceof Headers, Headers.name, Headers.length],
  ],
  ["no instance: a look-alike", false, ({ Headers }) => ({ get: () => null }) instanceof Headers],
  ["called without new", "!TypeError", ({ Headers }) => (Headers as unknown as () => void)()],
  ["a method on something else", "!TypeError", ({ Headers }) => Headers.prototype.get.call({} as Headers, "a")],
  ["nothing of its own to see", [], ask({ a: "1" }, (h) => Reflect.ownKeys(h))],
  [
    "its members",
    ["append", "delete", "entries", "forEach", "get", "getSetCookie", "has", "keys", "set", "values"],
    ({ Headers }) => Object.keys(Headers.prototype).toSorted(),
  ],
  [
    "its functions",
    [
      "append 2",
      "delete 1",
      "entries 0",
      "forEach 1",
      "get 1",
      "getSetCookie 0",
      "has 1",
      "keys 0",
      "set 2",
      "values 0",
    ],
    ({ Headers }) => functionsOf(Headers.prototype),
  ],
  ["its prototype's prototype", true, ({ Headers }) => Object.getPrototypeOf(Headers.prototype) === Object.prototype],
  [
    "a class of one's own",
    ["1", true],
    ({ Headers }) => {
      class Mine extends Headers {
        first(): string | null {
          return this.get("a");
        }
      }
      const mine = new Mine({ a: "1" });
      return [mine.first(), mine instanceof Headers];
    },
  ],
  ["as JSON", "{}", ask({ a: "1" }, (h) => JSON.stringify(h))],
  [
    "printed",
    "Headers { B: '2', a: '1' }",
    async ({ Headers }) => (await import("node:util")).inspect(new Headers({ B: "2", a: "1" })),
  ],
  ...["content-length", "host", "cookie", "connection", "transfer-encoding", "date", "origin"].map((name): Row => [
    `nothing is forbidden on a server: ${name}`,
    [[name, "1"]],
    of({ [name]: "1" }),
  ]),
  ...badNames.flatMap((name): Row[] =>
    (["get", "has", "delete"] as const).map((method): Row => [
      `${method} of the name ${JSON.stringify(name)}`,
      "!TypeError",
      ask({}, (h) => h[method](name)),
    ]),
  ),
  ...badNames.map((name): Row => [
    `set of the name ${JSON.stringify(name)}`,
    "!TypeError",
    ask({}, (h) => h.set(name, "1")),
  ]),
  ...badNames.map((name): Row => [`a record with the name ${JSON.stringify(name)}`, "!TypeError", of({ [name]: "1" })]),
  ...badValues.flatMap((value): Row[] => [
    [`append of the value ${JSON.stringify(value)}`, "!TypeError", ask({}, (h) => h.append("a", value))],
    [`set of the value ${JSON.stringify(value)}`, "!TypeError", ask({}, (h) => h.set("a", value))],
    [`a record with the value ${JSON.stringify(value)}`, "!TypeError", of({ a: value })],
  ]),
];
