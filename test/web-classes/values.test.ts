/** Property tests: random URLs, headers, bytes, forms and inits convert as in the platform's classes. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { LightHeaders } from "../../framework/web-classes/headers.ts";
import { LightRequest } from "../../framework/web-classes/request.ts";
import { LightResponse } from "../../framework/web-classes/response.ts";
import { outcome, type Web } from "./table-row.ts";

const platform: Web = { Headers, Request, Response };
const light = { Headers: LightHeaders, Request: LightRequest, Response: LightResponse } as unknown as Web;

/** The same code with the same random value gives the same on both. */
const agree = <Value>(
  values: fc.Arbitrary<Value>,
  numRuns: number,
  run: (web: Web, value: Value) => unknown,
): Promise<void> =>
  fc.assert(
    fc.asyncProperty(values, async (value) => {
      expect(await outcome(light, (web) => run(web, value))).toEqual(await outcome(platform, (web) => run(web, value)));
    }),
    { numRuns },
  );

const joined = (parts: readonly string[], maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...parts), { maxLength }).map((some) => some.join(""));

const scheme = fc.constantFrom("http://", "https://", "HTTP://", "http:/", "http:");
const host = joined(["a", "b", "test", "1", "-", ".", "xn--", "0x", "_", "A", "%41", "é", ":", "@"], 4);
const rest = joined([..."abZ09./.-_~!$&'()*+,;:=@?#% \\[]^`{|}<>\"\t\x7f", "..", "//", "%2e", "é", "xn--"], 8);

test("URLs", async () => {
  await agree(
    fc.tuple(scheme, host, fc.constantFrom("/", "", "?"), rest),
    20_000,
    ({ Request }, parts) => new Request(parts.join("")).url,
  );
});

test("values of headers", async () => {
  const value = joined([..." \t\n\rab\0\x0b\xa0é\x7f,"], 8);
  await agree(fc.array(value, { maxLength: 3 }), 10_000, ({ Headers }, values) => {
    const headers = new Headers();
    for (const one of values) headers.append("a", one);
    return [...new Headers(headers)];
  });
});

test("bytes as text", async () => {
  const byte = fc.constantFrom(0xef, 0xbb, 0xbf, 0x80, 0xc2, 0xe0, 0xa0, 0xed, 0xf0, 0x90, 0xf4, 0x8f, 0x41, 0xff);
  await agree(fc.array(byte, { maxLength: 7 }), 10_000, ({ Response }, bytes) =>
    new Response(Uint8Array.from(bytes)).text(),
  );
});

const word = joined(["a", "b\n", "\r\n", "\r", '"', "é", "한", "%0A", "\\", ";", " "], 3);
const file = fc
  .tuple(word, word, fc.constantFrom("", "text/css", "a/b; c=d"))
  .map(([text, name, type]) => new File([text], name, { type }));

test("forms", async () => {
  await agree(fc.array(fc.tuple(word, fc.oneof(word, file)), { maxLength: 4 }), 300, async ({ Response }, parts) => {
    const form = new FormData();
    for (const [name, value] of parts) form.append(name, value as string);
    const response = new Response(form);
    const [type = "", boundary = ""] = response.headers.get("content-type")?.split("boundary=") ?? [];
    const clone = response.clone();
    return [type, (await response.text()).replaceAll(boundary, "B"), (await clone.formData()).getAll("a").length];
  });
});

const given: Readonly<Record<string, readonly unknown[]>> = {
  referrerPolicy: [
    "",
    "no-referrer",
    "no-referrer-",
    "no-referrer-when-downgrade",
    "origin",
    "strict-origin-when-cross-origin",
    "unsafe-url",
  ],
  mode: ["navigate", "same-origin", "no-cors", "cors"],
  credentials: ["omit", "omit\n", "same-origin", "include"],
  cache: ["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"],
  redirect: ["follow", "manual", "error"],
  duplex: ["half", "full"],
  priority: ["high", "low", "auto"],
  integrity: ["x", 1, {}],
  keepalive: [true, 0, "no"],
  window: [{}, false, ""],
  referrer: ["", "/a", "http://b", "about:client", "about:blank"],
  method: ["GET", "PUT", "post", "CONNECT", "trace", "Head", "a b"],
  body: ["x", "stream"],
  signal: [{}, { aborted: false }, AbortSignal.abort()],
};
const init = fc.record(
  Object.fromEntries(
    Object.entries(given).map(([name, values]) => [name, fc.constantFrom(null, undefined, "nonsense", ...values)]),
  ),
  { requiredKeys: [] },
);
const shown = [
  "method",
  "referrer",
  "referrerPolicy",
  "mode",
  "credentials",
  "cache",
  "redirect",
  "integrity",
  "keepalive",
  "duplex",
];

test("inits of requests, and of requests of requests", async () => {
  await agree(fc.tuple(init, fc.option(init)), 10_000, ({ Request }, [first, second]) => {
    const fresh = (one: object): RequestInit =>
      "body" in one && one.body === "stream" ? { ...one, body: new Blob(["s"]).stream() } : one;
    const from = new Request("http://a.test/", fresh(first));
    const request = second ? new Request(from, fresh(second)) : from;
    const options = shown.map((name) => (request as unknown as Record<string, unknown>)[name]);
    return [...options, request.signal.aborted, [...request.headers], request.body === null, from.bodyUsed];
  });
});
