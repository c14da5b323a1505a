/** Any request through any front is the client's request again, and any response the function's. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { apiPath } from "../../framework/local/http-api/api-path.ts";
import type { WireHeaders, WireRequest } from "../../framework/model/wire.ts";
import { type HttpEvent, toLambda } from "../../framework/runtime/lambda.ts";
import { canonicalPath, escapePath } from "../../framework/runtime/path.ts";
import { type Front, fronts } from "./fronts.ts";

const host = "shop.example.com:8443";
const context = { awsRequestId: "request-1", getRemainingTimeInMillis: () => 3000 };
const isAlone = /^(GET|HEAD)$/;

const anyCase = (hex: string): fc.Arbitrary<string> => fc.constantFrom(hex, hex.toLowerCase());
/** A segment as a client may write it: escaped, needlessly escaped, or as it is where that is allowed. */
const segment = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.string({ unit: "grapheme", maxLength: 3 }).map(encodeURIComponent) },
      fc.constantFrom("..", ".", "%2E", "a+b", "@evil.com", ":80", "\\", "~", "!$&'()*,;=", "%00", "100%25", "%25%32%46"),
      fc.constantFrom("%41", "%2F", "%3F", "%23", "%5C", "%EA%B0%80").chain(anyCase),
    ),
    { maxLength: 4 },
  )
  .map((parts) => parts.join(""));
const path = fc.array(segment, { maxLength: 5 }).map((segments) => `/${segments.join("/")}`);

const query = fc
  .array(fc.tuple(fc.constantFrom("a", "b", "한", "a b", "x[]"), fc.string({ unit: "grapheme", maxLength: 5 }), fc.boolean()), {
    maxLength: 6,
  })
  .map((pairs) =>
    pairs.map(
      ([name, value, asForm]) =>
        `${encodeURIComponent(name)}=${asForm ? String(new URLSearchParams([["", value]])).slice(1) : encodeURIComponent(value)}`,
    ),
  )
  .map((pairs) => (pairs.length > 0 ? `?${pairs.join("&")}` : ""));

const headerValue = fc
  .array(fc.integer({ min: 0x21, max: 0xff }).filter((code) => code < 0x7f || code > 0xa0))
  .map((codes) => String.fromCharCode(...codes));
const requestHeaders = fc.array(fc.tuple(fc.constantFrom("X-One", "x-one", "x-two", "Accept", "If-None-Match"), headerValue), {
  maxLength: 6,
});
const cookieText = fc.stringMatching(/^[a-z]{1,3}=[!-+\--:<-~]{0,8}$/);
const cookies = fc.array(cookieText, { maxLength: 3 }).map((all) => (all.length > 0 ? [["Cookie", all.join("; ")] as const] : []));
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.string({ unit: "grapheme" }).map((text) => Uint8Array.from(Buffer.from(text))),
);
const type = fc.constantFrom("text/plain", "application/json", "image/png", "application/x-www-form-urlencoded");

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: WireHeaders;
  readonly body: Uint8Array;
}
const asked: fc.Arbitrary<Asked> = fc
  .record({
    method: fc.constantFrom("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"),
    ...{ path, query, body: bytes },
    headers: fc.tuple(requestHeaders, cookies, type).map(([own, sent, given]): WireHeaders => [...own, ...sent, ["Content-Type", given]]),
  })
  // A client that cannot be understood gets 400; that is another test's.
  .filter((one) => isDecodable(one.path));

function isDecodable(text: string): boolean {
  try {
    return decodeURIComponent(text) !== "";
  } catch {
    return false;
  }
}

const wireOf = (front: Front, { method, path: asPath, query: asQuery, headers, body }: Asked): WireRequest => ({
  ...{ method, target: front.prefix + asPath + asQuery, headers: [["Host", host], ...headers], body },
  ...{ clientAddress: "203.0.113.9", scheme: "https", port: 8443 },
});

/** What an adapter must make of it: its one canonical form, without what the front loses. */
function expectedOf(front: Front, { method, path: asPath, query: asQuery, headers, body }: Asked) {
  const { joint } = front;
  const groups = Map.groupBy(headers, ([name]) => (front.name === "REST API" ? name : name.toLowerCase()));
  const joined = [...groups].map(([name, pairs]): [string, string] => {
    const values = pairs.map(([, value]) => value);
    return [name.toLowerCase(), joint === undefined ? (values.at(-1) ?? "") : values.join(joint)];
  });
  const all = Map.groupBy(joined, ([name]) => name);
  const { origin, pathname } = new URL(`https://${host}${front.decodesPath ? escapePath(apiPath(asPath) ?? "") : canonicalPath(asPath)}`);
  return {
    ...{ method, origin, pathname },
    query: front.query === "verbatim" ? new URL(`https://x/${asQuery}`).search : queryGroups(asQuery, front.query === "last"),
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
  return Object.fromEntries([...groups].map(([name, pairs]) => [name, pairs.map(([, value]) => value).slice(lastOnly ? -1 : 0)]));
}

async function seenThrough(front: Front, one: Asked) {
  let seen: object | undefined;
  const handler = toLambda(async (request, { clientAddress }) => {
    const { origin, pathname, search } = new URL(request.url);
    const names = new Set(one.headers.map(([name]) => name.toLowerCase()));
    seen = {
      ...{ method: request.method, origin, pathname, clientAddress },
      query: front.query === "verbatim" ? search : queryGroups(search, false),
      headers: Object.fromEntries([...request.headers].filter(([name]) => names.has(name))),
      body: Buffer.from(await request.arrayBuffer()).toString("hex"),
    };
    return new Response();
  });
  // As it comes out of Lambda: JSON.
  await handler(JSON.parse(JSON.stringify(front.toEvent(wireOf(front, one)))) as HttpEvent, context);
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

describe.each(fronts)("$name", (front) => {
  it("hands over any request as it was", async () => {
    await fc.assert(
      fc.asyncProperty(asked, async (one) => {
        // An HTTP API answers these itself.
        fc.pre(!front.decodesPath || apiPath(one.path) !== undefined);
        expect(await seenThrough(front, one)).toEqual(expectedOf(front, one));
      }),
      { numRuns: 300 },
    );
  });

  it("hands back any response as it was", async () => {
    await fc.assert(
      fc.asyncProperty(answered, async ({ status, headers, cookies: set, type: given, encoding, body, method }) => {
        const isNull = [204, 205, 304].includes(status);
        const handler = toLambda(() => {
          const sent = new Headers({ ...headers, "content-type": given, ...(encoding && { "content-encoding": encoding }) });
          for (const cookie of set) sent.append("set-cookie", cookie);
          return new Response(isNull ? null : Uint8Array.from(body), { status, headers: sent });
        });
        const request = wireOf(front, { method, path: "/", query: "", headers: [], body: new Uint8Array() });
        const answer = front.toAnswer(JSON.parse(JSON.stringify(await handler(front.toEvent(request), context))));
        const own = answer.headers.filter(([name]) => /^x-|^content-/.test(name));
        expect(answer.status).toBe(status);
        expect(Object.fromEntries(own)).toEqual({ ...headers, "content-type": given, ...(encoding && { "content-encoding": encoding }) });
        expect(answer.headers.flatMap(([name, value]) => (name === "set-cookie" ? [value] : []))).toEqual(set);
        expect(Buffer.from(answer.body as Uint8Array).toString("hex")).toBe(
          Buffer.from(isNull || method === "HEAD" ? "" : body).toString("hex"),
        );
      }),
      { numRuns: 200 },
    );
  });
});
