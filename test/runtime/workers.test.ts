/** Tests of the Workers adapter: the version header, and the functions that a release starts. */
// @module-tag isolated
import { describe, expect, test } from "vitest";
import type { Fetch } from "../../framework/runtime/route-function.ts";
import { type LoadModule, toWorkers } from "../../framework/runtime/workers.ts";

const id = "0f2c1d6e-0000-4000-8000-000000000001";
const context = { waitUntil: () => undefined };
const ask = async (
  path: string,
  headers: Record<string, string> = {},
  { app = home, load }: { app?: Fetch; load?: LoadModule } = {},
) =>
  toWorkers(app, [], load).fetch(
    new Request(`https://a.example${path}`, { headers }),
    { PORTICO_VERSION: { id } },
    context,
  );
const home: Fetch = () => new Response("home");

describe("a response has the version header", () => {
  test("for requests with the version's id, errors and malformed paths included", async () => {
    for (const path of ["/", "/%zz", "/.portico/version"]) {
      const { headers } = await ask(path, { "portico-version": id });
      expect(headers.get("portico-version"), path).toBe(id);
    }
    expect((await ask("/%zz", { "portico-version": id })).status).toBe(400);
  });

  test("for no other request", async () => {
    for (const headers of [{}, { "portico-version": "another" }, { "portico-version": "" }]) {
      for (const path of ["/", "/.portico/version"]) {
        const response = await ask(path, headers);
        expect([response.headers.has("portico-version"), await response.text()], path).toEqual([false, "home"]);
      }
    }
  });

  test("and an app that echoes headers cannot send it for another version", async () => {
    const echo: Fetch = ({ headers }) => new Response(null, { headers });
    expect(
      (await ask("/", { "portico-version": "another", "x-kept": "1" }, { app: echo })).headers.get("portico-version"),
    ).toBeNull();
  });

  test("without a change to the app's Response, which it may return again", async () => {
    const shared = new Response(null, { status: 204, headers: { "x-own": "1" } });
    const response = await ask("/", { "portico-version": id }, { app: () => shared });
    expect([response.status, response.headers.get("x-own"), shared.headers.has("portico-version")]).toEqual([
      204,
      "1",
      false,
    ]);
  });

  test("and keeps immutable headers, and a body that has not ended", async () => {
    expect(
      (await ask("/", { "portico-version": id }, { app: () => Response.redirect("https://b.example/") })).status,
    ).toBe(302);
    const body = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("first")) });
    const response = await ask("/", { "portico-version": id }, { app: () => new Response(body) });
    const { value } = await response.body!.getReader().read();
    expect(new TextDecoder().decode(value)).toBe("first");
  });
});

describe("a release starts functions", () => {
  const load: LoadModule = (name) =>
    name === "./functions/bad.js" ? Promise.reject(new TypeError("not at start")) : Promise.resolve({});
  const start = (headers: Record<string, string>) => ask("/.portico/version", headers, { load });

  test("and gets the errors of those that fail", async () => {
    const response = await start({ "portico-version": id, "portico-start": "good,bad" });
    expect([response.headers.get("portico-version"), await response.json()]).toEqual([
      id,
      { bad: "TypeError: not at start" },
    ]);
    expect(await (await start({ "portico-version": id, "portico-start": "good" })).json()).toEqual({});
    expect(await (await start({ "portico-version": id })).json()).toEqual({});
  });

  test("which no other request can", async () => {
    expect(await (await start({ "portico-version": "another", "portico-start": "bad" })).text()).toBe("home");
    expect(await (await start({ "portico-start": "bad" })).text()).toBe("home");
  });
});
