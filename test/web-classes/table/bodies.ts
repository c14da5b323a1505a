/** The behaviour table's rows for bodies (Fetch standard, sections 2.2.4, 5.2 and 5.3). */
import type { Row, Web } from "../table-row.ts";

const bytes = (...values: number[]): Uint8Array<ArrayBuffer> => Uint8Array.from(values);

/** A stream of chunks. */
const stream = (...chunks: unknown[]): ReadableStream =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });

/** One question to a new Response. */
const ask =
  (body: () => unknown, question: (response: Response) => unknown, init?: ResponseInit) =>
  ({ Response }: Web): unknown =>
    question(new Response(body() as BodyInit, init));
const text = (body: () => unknown) => ask(body, (r) => r.text());
const type = (body: () => unknown) => ask(body, (r) => r.headers.get("content-type"));

const form = (): FormData => {
  const data = new FormData();
  data.append("a", "1\n2");
  data.append('na"me', "x");
  data.append("file", new File(["abc"], "f.txt", { type: "text/plain" }));
  return data;
};
/** The boundary is drawn anew each time. */
const settled = (value: string): string => value.replaceAll(/(?:-*formdata-[\w-]*?|boundary=)\d{11,}/g, "B");
const fields = async (data: FormData): Promise<unknown> =>
  Promise.all(
    [...data].map(async ([name, value]) => [
      name,
      typeof value === "string" ? value : [value.name, value.type, await value.text()],
    ]),
  );
const drain = async (readable: ReadableStream | null): Promise<number[]> => {
  const read: number[] = [];
  for await (const chunk of readable ?? []) read.push(...(chunk as Uint8Array));
  return read;
};
const urlencoded = { headers: { "content-type": "application/x-www-form-urlencoded" } };
const multipart = { headers: { "content-type": "multipart/form-data; boundary=X" } };
const part = (head: string, value: string): string =>
  `--X\r\nContent-Disposition: form-data; ${head}\r\n\r\n${value}\r\n--X--\r\n`;

const kinds: readonly (readonly [name: string, body: () => unknown, text: string, type: string | null])[] = [
  ["null", () => null, "", null],
  ["undefined", () => undefined, "", null],
  ["an empty text", () => "", "", "text/plain;charset=UTF-8"],
  ["a text", () => "안녕", "안녕", "text/plain;charset=UTF-8"],
  ["a number", () => 1.5, "1.5", "text/plain;charset=UTF-8"],
  ["false", () => false, "false", "text/plain;charset=UTF-8"],
  ["an object", () => ({}), "[object Object]", "text/plain;charset=UTF-8"],
  ["a list", () => [1, 2], "1,2", "text/plain;charset=UTF-8"],
  ["an object with a text", () => ({ toString: () => "own" }), "own", "text/plain;charset=UTF-8"],
  ["bytes", () => bytes(104, 105), "hi", null],
  ["a part of a buffer", () => bytes(1, 104, 105, 1).subarray(1, 3), "hi", null],
  ["a Buffer", () => Buffer.from("hi"), "hi", null],
  ["16-bit numbers", () => Uint16Array.of(0x6968), "hi", null],
  ["a DataView", () => new DataView(bytes(1, 104, 105).buffer, 1), "hi", null],
  ["an ArrayBuffer", () => bytes(104, 105).buffer, "hi", null],
  ["an empty ArrayBuffer", () => new ArrayBuffer(0), "", null],
  ["a Blob", () => new Blob(["hi"]), "hi", null],
  ["a Blob with a type", () => new Blob(["hi"], { type: "Text/HTML" }), "hi", "text/html"],
  ["a File", () => new File(["hi"], "a.txt", { type: "text/plain" }), "hi", "text/plain"],
  [
    "a query",
    () => new URLSearchParams({ a: "1 2", b: "é" }),
    "a=1+2&b=%C3%A9",
    "application/x-www-form-urlencoded;charset=UTF-8",
  ],
  ["a stream", () => stream(bytes(104), bytes(105)), "hi", null],
  ["an empty stream", () => stream(), "", null],
];

export const bodies: readonly Row[] = [
  ...kinds.flatMap(([name, body, expected, contentType]): Row[] => [
    [`the text of ${name}`, expected, text(body)],
    [`the type of ${name}`, contentType, type(body)],
    [`the bytes of ${name}`, [...Buffer.from(expected)], ask(body, (r) => r.bytes())],
    [`the buffer of ${name}`, [...Buffer.from(expected)], ask(body, (r) => r.arrayBuffer())],
    [`the stream of ${name}`, [...Buffer.from(expected)], ask(body, (r) => drain(r.body))],
    [
      `a clone of ${name}`,
      [expected, expected],
      ask(body, (r) => {
        const clone = r.clone();
        return Promise.all([r.text(), clone.text()]);
      }),
    ],
    [
      `a clone of a clone of ${name}, bytes and stream`,
      [[...Buffer.from(expected)], [...Buffer.from(expected)]],
      ask(body, async (r) => {
        const clone = r.clone().clone();
        return [await r.bytes(), await drain(clone.body)];
      }),
    ],
    [
      `reading ${name} twice`,
      contentType === null && expected === "" && /null|undefined/.test(name) ? "" : "!TypeError",
      ask(body, async (r) => {
        await r.text();
        return r.text();
      }),
    ],
    [
      `body used of ${name}`,
      /^(null|undefined)$/.test(name) ? [false, false] : [false, true],
      ask(body, async (r) => {
        const before = r.bodyUsed;
        const reading = r.text();
        const during = r.bodyUsed;
        await reading;
        return [before, during];
      }),
    ],
    [`the stream of ${name} is the same each time`, true, ask(body, (r) => r.body === r.body)],
    [
      `asking for the stream of ${name} uses nothing`,
      [false, expected],
      ask(body, async (r) => {
        void r.body;
        return [r.bodyUsed, await r.text()];
      }),
    ],
    [
      `the body of ${name} afterwards`,
      /^(null|undefined)$/.test(name) ? null : true,
      ask(body, async (r) => {
        await r.text();
        return r.body && r.body.locked;
      }),
    ],
    [
      `the blob of ${name}`,
      [expected, contentType?.toLowerCase() ?? ""],
      ask(body, async (r) => {
        const blob = await r.blob();
        return [await blob.text(), blob.type];
      }),
    ],
    [
      `the body of another Response from ${name}`,
      expected,
      ask(body, (r) => new (r.constructor as typeof Response)(r.body).text()),
    ],
  ]),
  ["a symbol", "!TypeError", text(() => Symbol("s"))],
  ["a text with lone surrogates", "a\ufffdb", text(() => "a\ud800b")],
  [
    "a text with lone surrogates, its bytes",
    [0xef, 0xbf, 0xbd],
    ask(
      () => "\udc00",
      (r) => r.bytes(),
    ),
  ],
  ["a text loses its byte order mark", "a", text(() => "\ufeffa")],
  // The standard takes one away, the platform two.
  ["a text with two byte order marks", "a", text(() => "\ufeff\ufeffa")],
  ["a text with three byte order marks", "\ufeffa", text(() => "\ufeff\ufeff\ufeffa")],
  ["bytes with two byte order marks", "a", text(() => Buffer.from("\ufeff\ufeffa"))],
  [
    "bytes keep theirs",
    [0xef, 0xbb, 0xbf],
    ask(
      () => "\ufeff",
      (r) => r.bytes(),
    ),
  ],
  ["bytes lose it as text", "a", text(() => bytes(0xef, 0xbb, 0xbf, 97))],
  ["bytes that are no UTF-8, as text", "\ufffda", text(() => bytes(0xff, 97))],
  [
    "json",
    { a: [1] },
    ask(
      () => '{"a":[1]}',
      (r) => r.json(),
    ),
  ],
  [
    "json of null",
    null,
    ask(
      () => "null",
      (r) => r.json(),
    ),
  ],
  [
    "json with a byte order mark",
    1,
    ask(
      () => "\ufeff1",
      (r) => r.json(),
    ),
  ],
  [
    "json of bytes",
    1,
    ask(
      () => bytes(49),
      (r) => r.json(),
    ),
  ],
  [
    "json of a stream",
    1,
    ask(
      () => stream(bytes(49)),
      (r) => r.json(),
    ),
  ],
  [
    "json of no body",
    "!SyntaxError",
    ask(
      () => null,
      (r) => r.json(),
    ),
  ],
  [
    "json of no JSON",
    "!SyntaxError",
    ask(
      () => "{",
      (r) => r.json(),
    ),
  ],
  [
    "a body that was no JSON is used",
    true,
    ask(
      () => "{",
      async (r) => {
        await r.json().catch(() => 0);
        return r.bodyUsed;
      },
    ),
  ],
  [
    "bytes are copied when they come",
    "a",
    ({ Response }) => {
      const mine = bytes(97);
      const response = new Response(mine);
      mine[0] = 98;
      return response.text();
    },
  ],
  [
    "a buffer is copied when it comes",
    "a",
    ({ Response }) => {
      const mine = bytes(97);
      const response = new Response(mine.buffer);
      mine[0] = 98;
      return response.text();
    },
  ],
  [
    "bytes are copied when they go",
    [97],
    async ({ Response }) => {
      const one = new Response(bytes(97));
      const two = one.clone();
      (await one.bytes())[0] = 98;
      return two.bytes();
    },
  ],
  [
    "bytes() gives a Uint8Array",
    [true, true],
    ask(
      () => "a",
      async (r) => {
        const it = await r.bytes();
        return [it.constructor === Uint8Array, it.byteLength === it.buffer.byteLength];
      },
    ),
  ],
  [
    "bytes() of a Buffer gives a Uint8Array",
    true,
    ask(
      () => Buffer.from("a"),
      async (r) => (await r.bytes()).constructor === Uint8Array,
    ),
  ],
  [
    "arrayBuffer() gives an ArrayBuffer of its length",
    [true, 1],
    ask(
      () => stream(bytes(97)),
      async (r) => {
        const it = await r.arrayBuffer();
        return [it instanceof ArrayBuffer, it.byteLength];
      },
    ),
  ],
  [
    "a detached buffer",
    "",
    ({ Response }) => {
      const mine = bytes(97);
      structuredClone(mine.buffer, { transfer: [mine.buffer] });
      return new Response(mine.buffer).text();
    },
  ],
  ["a stream's chunk of text", "!TypeError", text(() => stream("hi"))],
  ["a stream's chunk of a buffer", "!TypeError", text(() => stream(bytes(1).buffer))],
  [
    "a stream that fails",
    "!RangeError",
    text(
      () =>
        new ReadableStream({
          pull() {
            throw new RangeError("no");
          },
        }),
    ),
  ],
  [
    "a stream is kept as the body",
    true,
    ({ Response }) => {
      const mine = stream();
      return new Response(mine).body === mine;
    },
  ],
  [
    "a locked stream",
    "!TypeError",
    ({ Response }) => {
      const mine = stream();
      mine.getReader();
      return new Response(mine);
    },
  ],
  [
    "a stream that was read",
    "!TypeError",
    async ({ Response }) => {
      const mine = stream(bytes(1));
      const reader = mine.getReader();
      await reader.read();
      reader.releaseLock();
      return new Response(mine);
    },
  ],
  [
    "a stream that was locked and let go",
    "a",
    ({ Response }) => {
      const mine = stream(bytes(97));
      mine.getReader().releaseLock();
      return new Response(mine).text();
    },
  ],
  [
    "a cancelled stream",
    "!TypeError",
    async ({ Response }) => {
      const mine = stream(bytes(97));
      await mine.cancel();
      return new Response(mine);
    },
  ],
  [
    "text() locks the stream",
    [true, "!"],
    ask(
      () => "a",
      async (r) => {
        const { body } = r;
        await r.text();
        return [body?.locked, "!"];
      },
    ),
  ],
  [
    "text() while it is locked",
    "!TypeError",
    ask(
      () => "a",
      (r) => {
        r.body?.getReader();
        return r.text();
      },
    ),
  ],
  [
    "clone() while it is locked",
    "!TypeError",
    ask(
      () => "a",
      (r) => {
        r.body?.getReader();
        return r.clone();
      },
    ),
  ],
  [
    "locked is not used",
    false,
    ask(
      () => "a",
      (r) => {
        r.body?.getReader();
        return r.bodyUsed;
      },
    ),
  ],
  [
    "locked and let go is readable",
    "a",
    ask(
      () => "a",
      (r) => {
        r.body?.getReader().releaseLock();
        return r.text();
      },
    ),
  ],
  [
    "a read chunk uses the body",
    true,
    ask(
      () => "a",
      async (r) => {
        await r.body?.getReader().read();
        return r.bodyUsed;
      },
    ),
  ],
  [
    "a cancelled body is used",
    true,
    ask(
      () => "a",
      async (r) => {
        await r.body?.cancel();
        return r.bodyUsed;
      },
    ),
  ],
  [
    "clone() after reading",
    "!TypeError",
    ask(
      () => "a",
      async (r) => {
        await r.text();
        return r.clone();
      },
    ),
  ],
  [
    "clone() of no body after reading",
    "",
    ask(
      () => null,
      async (r) => {
        await r.text();
        return r.clone().text();
      },
    ),
  ],
  [
    "clone() gives the original another stream",
    false,
    ask(
      () => "a",
      (r) => {
        const { body } = r;
        r.clone();
        return r.body === body;
      },
    ),
  ],
  [
    "the streams of clones differ",
    false,
    ask(
      () => "a",
      (r) => r.body === r.clone().body,
    ),
  ],
  [
    "a clone outlives a cancelled original",
    "a",
    ask(
      () => stream(bytes(97)),
      async (r) => {
        const clone = r.clone();
        void r.body?.cancel();
        return clone.text();
      },
    ),
  ],
  [
    "the body is a byte stream",
    [97, 98],
    ask(
      () => "ab",
      async (r) => {
        const reader = r.body!.getReader({ mode: "byob" });
        const { value } = await reader.read(new Uint8Array(8));
        return value;
      },
    ),
  ],
  [
    "a byte stream in small pieces",
    [[97], [98]],
    ask(
      () => "ab",
      async (r) => {
        const reader = r.body!.getReader({ mode: "byob" });
        const one = (await reader.read(new Uint8Array(1))).value;
        return [one, (await reader.read(new Uint8Array(1))).value];
      },
    ),
  ],
  [
    "a byte stream's end",
    true,
    ask(
      () => "",
      async (r) => (await r.body!.getReader({ mode: "byob" }).read(new Uint8Array(8))).done,
    ),
  ],
  [
    "the body can be piped",
    "AB",
    ask(
      () => "ab",
      async (r) => {
        let out = "";
        await r
          .body!.pipeThrough(new TextDecoderStream())
          .pipeTo(new WritableStream({ write: (chunk: string) => void (out += chunk.toUpperCase()) }));
        return out;
      },
    ),
  ],
  [
    "the body can be teed",
    ["a", "a"],
    ({ Response }) => Promise.all(new Response("a").body!.tee().map((half) => new Response(half).text())),
  ],
  [
    "two Responses of one stream, the first read",
    "!TypeError",
    async ({ Response }) => {
      const one = new Response("a");
      const two = new Response(one.body);
      await two.text();
      return one.text();
    },
  ],
  [
    "two Responses of one stream, both used",
    [true, true],
    async ({ Response }) => {
      const one = new Response("a");
      const two = new Response(one.body);
      await two.text();
      return [one.bodyUsed, two.bodyUsed];
    },
  ],
  [
    "an async iterable, as Node takes it",
    "ab",
    text(() =>
      (async function* () {
        yield bytes(97);
        yield bytes(98);
      })(),
    ),
  ],
  [
    "formData of a query",
    [
      ["a", "1 2"],
      ["b", ""],
      ["a", "+"],
    ],
    ask(
      () => "a=1+2&b&a=%2B",
      async (r) => fields(await r.formData()),
      urlencoded,
    ),
  ],
  [
    "formData of a query is the platform's",
    true,
    ask(
      () => "a=1",
      async (r) => (await r.formData()) instanceof FormData,
      urlencoded,
    ),
  ],
  [
    "formData of an empty query",
    [],
    ask(
      () => "",
      async (r) => fields(await r.formData()),
      urlencoded,
    ),
  ],
  [
    "formData of no body as a query",
    [],
    ask(
      () => null,
      async (r) => fields(await r.formData()),
      urlencoded,
    ),
  ],
  [
    "formData of URLSearchParams",
    [["a", "é"]],
    ask(
      () => new URLSearchParams({ a: "é" }),
      async (r) => fields(await r.formData()),
    ),
  ],
  [
    "formData of parts",
    [["a", "1"]],
    ask(
      () => part('name="a"', "1"),
      async (r) => fields(await r.formData()),
      multipart,
    ),
  ],
  [
    "formData of a file",
    [["a", ["b.txt", "text/plain", "x"]]],
    ask(
      () =>
        '--X\r\nContent-Disposition: form-data; name="a"; filename="b.txt"\r\n' +
        "Content-Type: text/plain\r\n\r\nx\r\n--X--\r\n",
      async (r) => fields(await r.formData()),
      multipart,
    ),
  ],
  [
    "formData of a form",
    [
      ["a", "1\r\n2"],
      ['na"me', "x"],
      ["file", ["f.txt", "text/plain", "abc"]],
    ],
    ask(form, async (r) => fields(await r.formData())),
  ],
  [
    "formData of a form's clone",
    [
      ["a", "1\r\n2"],
      ['na"me', "x"],
      ["file", ["f.txt", "text/plain", "abc"]],
    ],
    ask(form, async (r) => fields(await r.clone().formData())),
  ],
  [
    "formData of a form's stream",
    [
      ["a", "1\r\n2"],
      ['na"me', "x"],
      ["file", ["f.txt", "text/plain", "abc"]],
    ],
    ask(form, async (r) => fields(await new (r.constructor as typeof Response)(r.body, r).formData())),
  ],
  [
    "the text of a form",

    '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n2\r\n--B\r\nContent-Disposition: form-data; ' +
      'name="na%22me"\r\n\r\nx\r\n--B\r\nContent-Disposition: form-data; name="file"; ' +
      'filename="f.txt"\r\nContent-Type: text/plain\r\n\r\nabc\r\n--B--\r\n',
    ask(form, async (r) => (await r.text()).replaceAll(r.headers.get("content-type")!.split("=")[1]!, "B")),
  ],
  [
    "the type of a form",
    "multipart/form-data; B",
    ask(form, (r) => settled(r.headers.get("content-type")!.replace(/boundary=.*/, "B"))),
  ],
  [
    "an empty form has an end",
    true,
    ask(
      () => new FormData(),
      async (r) => (await r.text()).endsWith("--\r\n"),
    ),
  ],
  [
    "formData without a type",
    "!TypeError",
    ask(
      () => bytes(1),
      (r) => r.formData(),
    ),
  ],
  [
    "formData of text",
    "!TypeError",
    ask(
      () => "a=1",
      (r) => r.formData(),
    ),
  ],
  [
    "formData of broken parts",
    "!TypeError",
    ask(
      () => "nothing",
      (r) => r.formData(),
      multipart,
    ),
  ],
  [
    "formData without a boundary",
    "!TypeError",
    ask(
      () => part('name="a"', "1"),
      (r) => r.formData(),
      { headers: { "content-type": "multipart/form-data" } },
    ),
  ],
  [
    "formData twice",
    "!TypeError",
    ask(
      () => "a=1",
      async (r) => {
        await r.formData();
        return r.formData();
      },
      urlencoded,
    ),
  ],
  [
    "formData uses at once",
    true,
    ask(
      () => "a=1",
      (r) => {
        void r.formData();
        return r.bodyUsed;
      },
      urlencoded,
    ),
  ],
  [
    "a blob's type is that of the header",
    "text/html;charset=utf-8",
    ask(
      () => "a",
      async (r) => (await r.blob()).type,
      { headers: { "content-type": "Text/HTML; Charset=UTF-8" } },
    ),
  ],
  [
    "a blob's type of a broken header",
    "",
    ask(
      () => "a",
      async (r) => (await r.blob()).type,
      { headers: { "content-type": "nothing" } },
    ),
  ],
  [
    "a blob's type of two headers",
    "text/html",
    ask(
      () => "a",
      async (r) => (await r.blob()).type,
      {
        headers: [
          ["content-type", "text/css"],
          ["content-type", "text/html"],
        ],
      },
    ),
  ],
  [
    "blob uses at once",
    true,
    ask(
      () => "a",
      (r) => {
        void r.blob();
        return r.bodyUsed;
      },
    ),
  ],
  [
    "the type of a body does not replace one that was given",
    "a/b",
    ask(
      () => "x",
      (r) => r.headers.get("content-type"),
      { headers: { "content-type": "a/b" } },
    ),
  ],
  [
    "an empty type that was given stays",
    "",
    ask(
      () => "x",
      (r) => r.headers.get("content-type"),
      { headers: { "content-type": "" } },
    ),
  ],
  [
    "readers on something else reject",
    "!TypeError",
    async ({ Response }) => {
      const rejected = Response.prototype.text.call({} as Response);
      return rejected;
    },
  ],
  [
    "readers on something else do not throw",
    true,
    ({ Response }) => {
      const rejected = Response.prototype.json.call({} as Response);
      rejected.catch(() => 0);
      return rejected instanceof Promise;
    },
  ],
];
