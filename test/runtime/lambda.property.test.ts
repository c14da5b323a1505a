/** Property tests: through any event source, the handler gets the client's request, and the client its response. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { apiPath } from "../../framework/emulation/http-api/routing.ts";
import type { HttpHeaders, HttpRequest } from "../../framework/model/http-message.ts";
import { type HttpEvent, toLambda } from "../../framework/runtime/lambda.ts";
import { canonicalPath, escapePath } from "../../framework/runtime/path.ts";
import { type EventSource, eventSources } from "./event-sources.ts";

const host = "shop.example.com:8443";
const context = { awsRequestId: "request-1", getRemainingTimeInMillis: () => 3000 };
const isAlone = /^(GET|HEAD)$/;

const anyCase = (hex: string): fc.Arbitrary<string> => fc.constantFrom(hex, hex.toLowerCase());
/** A segment as a client may write it: escaped, needlessly escaped, or as it is where that is allowed. */
const segment = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.string({ unit: "grapheme", maxLength: 3 }).map(encodeURIComponent) },
      fc.constantFrom(
        "..",
        ".",
        "%2E",
        "a+b",
        "@evil.com",
        ":80",
        "\\",
        "~",
        "!$&'()*,;=",
        "%00",
        "100%25",
        "%25%32%46",
      ),
      fc.constantFrom("%41", "%2F", "%3F", "%23", "%5C", "%EA%B0%80").chain(anyCase),
    ),
    { maxLength: 4 },
  )
  .map((parts) => parts.join(""));
const path = fc.array(segment, { maxLength: 5 }).map((segments) => `/${segments.join("/")}`);

const query = fc
  .array(
    fc.tuple(
      fc.constantFrom("a", "b", "한", "a b", "x[]"),
      fc.string({ unit: "grapheme", maxLength: 5 }),
      fc.boolean(),
    ),
    {
      maxLength: 6,
    },
  )
  .map((pairs) =>
    pairs.map(
      ([name, value, asForm]) =>
        `${encodeURIComponent(name)}=` +
        (asForm ? String(new URLSearchParams([["", value]])).slice(1) : encodeURIComponent(value)),
    ),
  )
  .map((pairs) => (pairs.length > 0 ? `?${pairs.join("&")}` : ""));

const headerValue = fc
  .array(fc.integer({ min: 0x21, max: 0xff }).filter((code) => code < 0x7f || code > 0xa0))
  .map((codes) => String.fromCharCode(...codes));
const requestHeaders = fc.array(
  fc.tuple(fc.constantFrom("X-One", "x-one", "x-two", "Accept", "If-None-Match"), headerValue),
  {
    maxLength: 6,
  },
);
const cookieText = fc.stringMatching(/^[a-z]{1,3}=[!-+\--:<-~]{0,8}$/);
const cookies = fc
  .array(cookieText, { maxLength: 3 })
  .map((all) => (all.length > 0 ? [["Cookie", all.join("; ")] as const] : []));
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.string({ unit: "grapheme" }).map((text) => Uint8Array.from(Buffer.from(text))),
);
const type = fc.constantFrom("text/plain", "application/json", "image/png", "application/x-www-form-urlencoded");

interface AnyRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: HttpHeaders;
  readonly body: Uint8Array;
}
const anyRequest: fc.Arbitrary<AnyRequest> = fc
  .record({
    method: fc.constantFrom("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"),
    path,
    query,
    body: bytes,
    headers: fc
      .tuple(requestHeaders, cookies, type)
      .map(([own, sent, given]): HttpHeaders => [...own, ...sent, ["Content-Type", given]]),
  })
  // Malformed escapes, which are answered 400, have their own test.
  .filter((one) => isDecodable(one.path));

function isDecodable(text: string): boolean {
  try {
    return decodeURIComponent(text) !== "";
  } catch {
    return false;
  }
}

const toHttpRequest = (
  source: EventSource,
  { method, path: asPath, query: asQuery, headers, body }: AnyRequest,
): HttpRequest => ({
  method,
  target: source.prefix + asPath + asQuery,
  headers: [["Host", host], ...headers],
  body,
  clientAddress: "203.0.113.9",
  scheme: "https",
  port: 8443,
});

/** The canonical request that the adapter must make, without what the event source loses. */
function expectedOf(source: EventSource, { method, path: asPath, query: asQuery, headers, body }: AnyRequest) {
  const { separator } = source;
  const groups = Map.groupBy(headers, ([name]) => (source.name === "REST API" ? name : name.toLowerCase()));
  const joined = [...groups].map(([name, pairs]): [string, string] => {
    const values = pairs.map(([, value]) => value);
    return [name.toLowerCase(), separator === undefined ? (values.at(-1) ?? "") : values.join(separator)];
  });
  const all = Map.groupBy(joined, ([name]) => name);
  const { origin, pathname } = new URL(
    `https://${host}${source.decodesPath ? escapePath(apiPath(asPath) ?? "") : canonicalPath(asPath)}`,
  );
  return {
    method,
    origin,
    pathname,
    query:
      source.query === "verbatim"
        ? new URL(`https://x/${asQuery}`).search
        : queryGroups(asQuery, source.query === "last"),
    headers: Object.fromEntries(
      [...all].map(([name, values]) => [
        name,
        values
          .map(([, value]) => value)
          .join(", ")
          .trim(),
      ]),
    ),
    body: Buffer.from(isAlone.test(method) ? "" : body).toString("hex"),
    clientAddress: "203.0.113.9",
  };
}

/** Values by name, since maps do not keep the order of pairs. */
function queryGroups(search: string, lastOnly: boolean): Record<string, readonly string[]> {
  const groups = Map.groupBy(new URLSearchParams(search), ([name]) => name);
  return Object.fromEntries(
    [...groups].map(([name, pairs]) => [name, pairs.map(([, value]) => value).slice(lastOnly ? -1 : 0)]),
  );
}

async function seenThrough(source: EventSource, one: AnyRequest) {
  let seen: object | undefined;
  const handler = toLambda(async (request, { clientAddress }) => {
    const { origin, pathname, search } = new URL(request.url);
    const names = new Set(one.headers.map(([name]) => name.toLowerCase()));
    seen = {
      method: request.method,
      origin,
      pathname,
      clientAddress,
      query: source.query === "verbatim" ? search : queryGroups(search, false),
      headers: Object.fromEntries([...request.headers].filter(([name]) => names.has(name))),
      body: Buffer.from(await request.arrayBuffer()).toString("hex"),
    };
    return new Response();
  });
  // As it comes out of Lambda: JSON.
  await handler(JSON.parse(JSON.stringify(source.toEvent(toHttpRequest(source, one)))) as HttpEvent, context);
  return seen;
}

const answered = fc.record({
  status: fc.integer({ min: 200, max: 599 }),
  headers: fc.dictionary(fc.stringMatching(/^x-[a-z]{1,8}$/), headerValue, { maxKeys: 5 }),
  cookies: fc.uniqueArray(cookieText, { maxLength: 5 }),
  type,
  encoding: fc.option(fc.constantFrom("gzip", "br")),
  body: bytes,
  method: fc.constantFrom("GET", "HEAD", "POST"),
});

describe.each(eventSources)("$name", (source) => {
  it("passes any request on unchanged", async () => {
    await fc.assert(
      fc.asyncProperty(anyRequest, async (one) => {
        // An HTTP API answers these itself.
        fc.pre(!source.decodesPath || apiPath(one.path) !== undefined);
        expect(await seenThrough(source, one)).toEqual(expectedOf(source, one));
      }),
      { numRuns: 300 },
    );
  });

  it("passes any response on unchanged", async () => {
    await fc.assert(
      fc.asyncProperty(answered, async ({ status, headers, cookies: set, type: given, encoding, body, method }) => {
        const isNull = [204, 205, 304].includes(status);
        const handler = toLambda(() => {
          const sent = new Headers({
            ...headers,
            "content-type": given,
            ...(encoding && { "content-encoding": encoding }),
          });
          for (const cookie of set) sent.append("set-cookie", cookie);
          return new Response(isNull ? null : Uint8Array.from(body), { status, headers: sent });
        });
        const request = toHttpRequest(source, { method, path: "/", query: "", headers: [], body: new Uint8Array() });
        const answer = source.toClientResponse(
          JSON.parse(JSON.stringify(await handler(source.toEvent(request), context))),
        );
        const own = answer.headers.filter(([name]) => /^x-|^content-/.test(name));
        expect(answer.status).toBe(status);
        expect(Object.fromEntries(own)).toEqual({
          ...headers,
          "content-type": given,
          ...(encoding && { "content-encoding": encoding }),
        });
        expect(answer.headers.flatMap(([name, value]) => (name === "set-cookie" ? [value] : []))).toEqual(set);
        expect(Buffer.from(answer.body as Uint8Array).toString("hex")).toBe(
          Buffer.from(isNull || method === "HEAD" ? "" : body).toString("hex"),
        );
      }),
      { numRuns: 200 },
    );
  });
});
