/** Tests of `portico/testing`, which calls handlers and modules with a Request. */
import { Hono } from "hono";
import { expect, test } from "vitest";
import { createCall, invoke } from "../../framework/node/testing.ts";
import type { Handler } from "../../framework/runtime/handler.ts";
import { HttpError } from "../../framework/runtime/http-error.ts";

const hello: Handler<"/hello/[name]"> = (request, { params, env, var: own }) =>
  Response.json([request.method, new URL(request.url).pathname, params.name, env["GREETING"], own["user"]]);

test("a handler, its params typed by its path", async () => {
  const response = await invoke(hello, "/hello/Ann", {
    params: { name: "Ann" },
    env: { GREETING: "hi" },
    var: { user: 7 },
  });
  expect(await response.json()).toEqual(["GET", "/hello/Ann", "Ann", "hi", 7]);
});

test("params that are not the handler's are a type error", async () => {
  // @ts-expect-error -- the param is called "name"
  await invoke(hello, "/hello/Ann", { params: { nam: "Ann" } });
});

test("a module: methods, HEAD after GET, 405 with Allow, OPTIONS", async () => {
  const module = { GET: hello, POST: () => new Response("posted", { status: 201 }) };
  const of = (method: string): Promise<Response> => invoke(module, new Request("http://localhost/", { method }), {});
  expect((await of("POST")).status).toBe(201);
  expect((await of("HEAD")).status).toBe(200);
  const refused = await of("DELETE");
  expect([refused.status, refused.headers.get("allow")]).toEqual([405, "GET, POST, HEAD, OPTIONS"]);
  expect((await of("OPTIONS")).status).toBe(204);
  expect((await of("CONSTRUCTOR")).status).toBe(405);
});

test("a Hono app gets the env", async () => {
  const app = new Hono<{ Bindings: { GREETING: string } }>().get("/x", (c) => c.text(c.env.GREETING));
  expect(await (await invoke({ default: app }, "/x", { env: { GREETING: "hi" } })).text()).toBe("hi");
});

test("an HttpError becomes its response; another error is thrown", async () => {
  const refuse: Handler = () => {
    throw new HttpError(422, "no");
  };
  expect(await invoke(refuse, "/")).toMatchObject({ status: 422 });
  const bug: Handler = () => {
    throw new TypeError("bug");
  };
  await expect(invoke(bug, "/")).rejects.toThrow(TypeError);
});

test("a call has fresh ids and takes overrides", () => {
  expect(createCall().requestId).not.toBe(createCall().requestId);
  expect(createCall({ clientAddress: "1.2.3.4" }).clientAddress).toBe("1.2.3.4");
});
