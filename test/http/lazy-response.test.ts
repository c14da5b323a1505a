/** Tests that the lazy Response behaves like the platform's in every use. */
// @module-tag isolated
import { expect, it } from "vitest";
import { installLazyResponse, peekLazyParts, takeLazyParts } from "../../framework/http/lazy-response.ts";

const Platform = globalThis.Response;
installLazyResponse();
const Plain = globalThis.Response;

type Make = (Class: typeof Response) => Response;
const makes: readonly (readonly [string, Make])[] = [
  ["text", (R) => new R("text")],
  ["nothing", (R) => new R()],
  ["null", (R) => new R(null, { status: 204 })],
  ["empty text", (R) => new R("")],
  ["unicode and a lone surrogate", (R) => new R("안녕 \ud800")],
  ["headers", (R) => new R("x", { status: 201, headers: { "X-A": "1", "content-type": "text/html" } })],
  ["headers twice in another case", (R) => new R("x", { headers: { "X-A": "1", "x-a": "2" } })],
  ["a value with space around", (R) => new R("x", { headers: { a: " b\t" } })],
  ["an empty value", (R) => new R("x", { headers: { a: "" } })],
  ["a number as a value", (R) => new R("x", { headers: { a: 1 } as unknown as Record<string, string> })],
  [
    "pairs",
    (R) =>
      new R("x", {
        headers: [
          ["set-cookie", "a=1"],
          ["set-cookie", "b=2"],
        ],
      }),
  ],
  ["Headers", (R) => new R("x", { headers: new Headers({ a: "b" }) })],
  ["statusText", (R) => new R("x", { statusText: "Fine" })],
  ["a status as text", (R) => new R("x", { status: "202" as unknown as number })],
  ["bytes", (R) => new R(new Uint8Array([1, 2, 255]))],
  ["params", (R) => new R(new URLSearchParams({ a: "b" }))],
  ["a stream", (R) => new R(new Blob(["streamed"]).stream())],
  ["a response as init", (R) => new R("y", new R("x", { status: 404, headers: { a: "b" } }))],
  ["a response's body", (R) => new R(new R("x").body)],
  ["a clone", (R) => new R("x", { headers: { a: "b" } }).clone()],
  ["json", (R) => R.json({ a: [1, "é"] })],
  ["json with a status", (R) => R.json({}, { status: 422 })],
  ["json with headers", (R) => R.json({}, { headers: { "content-type": "application/problem+json" } })],
  ["a redirect", (R) => R.redirect("https://example.com/a b", 303)],
  ["an error", (R) => R.error()],
  ["changed headers", (R) => ((r) => (r.headers.append("a", "c"), r))(new R("x", { headers: { a: "b" } }))],
];

async function facts(response: Response): Promise<unknown> {
  const { status, ok, statusText, type, url, redirected, bodyUsed } = response;
  const before = {
    status,
    ok,
    statusText,
    type,
    url,
    redirected,
    bodyUsed,
    headers: [...response.headers],
    cookies: response.headers.getSetCookie(),
  };
  const body = response.body === null ? null : Buffer.from(await response.arrayBuffer()).toString("hex");
  return { ...before, body, used: response.bodyUsed, is: response instanceof Response, tag: String(response) };
}

it.each(makes)("%s", async (_, make) => {
  expect(await facts(make(Plain))).toEqual(await facts(make(Platform)));
});

const refusals: readonly (readonly [string, Make])[] = [
  ["status 42", (R) => new R("x", { status: 42 })],
  ["status 101", (R) => new R(null, { status: 101 })],
  ["204 with text", (R) => new R("x", { status: 204 })],
  ["CR LF in a value", (R) => new R("x", { headers: { a: "b\r\nc: d" } })],
  ["a value beyond Latin-1", (R) => new R("x", { headers: { a: "안" } })],
  ["a name with a space", (R) => new R("x", { headers: { "a b": "c" } })],
  ["json of nothing", (R) => R.json(undefined)],
  ["a redirect with 200", (R) => R.redirect("/", 200)],
];
it.each(refusals)("refuses %s", (_, make) => {
  const say = (Class: typeof Response): unknown => {
    try {
      return make(Class);
    } catch (error) {
      return { name: (error as Error).name, message: (error as Error).message };
    }
  };
  expect(say(Plain)).toEqual(say(Platform));
});

it("is sent once, as the platform's is; any number of times without a body", () => {
  const response = new Plain("x");
  const nothing = new Plain(null, { status: 204 });
  expect([takeLazyParts(response)?.body, takeLazyParts(response), peekLazyParts(response), response.bodyUsed]).toEqual([
    "x",
    undefined,
    undefined,
    true,
  ]);
  expect(() => response.clone()).toThrow(TypeError);
  expect([takeLazyParts(nothing)?.status, takeLazyParts(nothing)?.status, nothing.bodyUsed]).toEqual([204, 204, false]);
});

it("is lazy until more is read, and always an instance of the platform's class", () => {
  const response = new Plain("x", { headers: { a: "b" } });
  expect(peekLazyParts(response)).toEqual({
    status: 200,
    headers: ["a", "b", "content-type", "text/plain;charset=UTF-8"],
    body: "x",
  });
  void response.headers;
  expect(peekLazyParts(response)).toBeUndefined();
  expect([response instanceof Platform, new Platform() instanceof Plain, {} instanceof Plain, Plain.name]).toEqual([
    true,
    true,
    false,
    "Response",
  ]);
});
