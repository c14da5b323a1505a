/** The client without a server: the requests that it sends, and what becomes of the answers. */
import { describe, expect, expectTypeOf, it } from "vitest";
import * as v from "valibot";
import { ClientError, createClient } from "../../../framework/features/client/index.ts";
import { created, resource } from "../../../framework/features/resource/resource.ts";
import type { Handler } from "../../../framework/runtime/handler.ts";

const Note = v.object({ title: v.string(), tags: v.optional(v.array(v.string())) });

const routes = {
  "/": { GET: (() => new Response("home")) as Handler },
  "/notes": {
    GET: resource({ query: v.object({ tag: v.optional(v.array(v.string())), page: v.string() }) }, () => [1]),
    POST: resource({ body: Note }, ({ body }) => created({ ...body, at: new Date(0), skip: () => 1 }, "/notes/1")),
  },
  "/notes/[id]": {
    GET: resource({ response: Note }, () => ({ title: "a" })),
    DELETE: resource({}, () => undefined),
  },
  "/files/[...path]": { GET: resource({}, () => 1) },
  "/[[...path]]": { GET: resource({}, () => 1) },
  "/wiki/[[...path]]": { GET: resource({}, () => 1) },
  "/카페/a?b": { GET: resource({}, () => 1) },
};
type Routes = typeof routes;

/** A client whose requests are kept, and answered by `answer`. */
function clientOf(answer: () => Response = () => Response.json(null)) {
  const sent: { readonly url: string; readonly init: RequestInit }[] = [];
  const api = createClient<Routes>("https://example.com/base", {
    headers: { authorization: "a" },
    fetch: async (url, init) => {
      sent.push({ url, init });
      return answer();
    },
  });
  return { api, sent, path: () => sent.at(-1)!.url.replace("https://example.com/base", "") };
}

describe("a request", () => {
  it("has its params, query, body and headers", async () => {
    const { api, sent, path } = clientOf();
    await api.post("/notes", { body: { title: "안녕" }, headers: { "x-a": "b" } });
    expect(sent[0]).toMatchObject({
      url: "https://example.com/base/notes",
      init: {
        method: "POST",
        body: '{"title":"안녕"}',
      },
    });
    const headersOf = (at: number): object => Object.fromEntries(sent.at(at)!.init.headers as Headers);
    expect(headersOf(0)).toEqual({ "content-type": "application/json", authorization: "a", "x-a": "b" });
    await api.get("/", { headers: { Authorization: "b" } });
    expect(headersOf(-1)).toEqual({ authorization: "b" });
    await api.get("/notes", { query: { page: "1 & 2", tag: ["a", "b"] } });
    expect(path()).toBe("/notes?page=1+%26+2&tag=a&tag=b");
    await api.get("/");
    expect(path()).toBe("/");
    await api.get("/[[...path]]");
    expect(path()).toBe("/");
  });

  it("escapes params, and what a path cannot hold is an error", async () => {
    const { api, path } = clientOf();
    await api.delete("/notes/[id]", { params: { id: "a/b ?#%한" } });
    expect(path()).toBe("/notes/a%2Fb%20%3F%23%25%ED%95%9C");
    await api.get("/files/[...path]", { params: { path: "a b/c" } });
    expect(path()).toBe("/files/a%20b/c");
    await api.get("/wiki/[[...path]]");
    expect(path()).toBe("/wiki");
    await api.get("/wiki/[[...path]]", { params: { path: "x" } });
    expect(path()).toBe("/wiki/x");
    await api.get("/카페/a?b");
    expect(path()).toBe("/%EC%B9%B4%ED%8E%98/a%3Fb");
    for (const id of ["", ".", ".."])
      await expect(api.delete("/notes/[id]", { params: { id } })).rejects.toThrow(`"${id}" is no id`);
    await expect(api.get("/files/[...path]", { params: { path: "a/../b" } })).rejects.toThrow(TypeError);
  });
});

describe("an answer", () => {
  it("is JSON, text or nothing", async () => {
    const answers = [Response.json({ a: 1 }), new Response("text"), new Response(null, { status: 204 })];
    const { api } = clientOf(() => answers.shift()!);
    expect([await api.get("/"), await api.get("/"), await api.get("/")]).toEqual([{ a: 1 }, "text", undefined]);
  });

  it("that is no success is an error with its problem", async () => {
    const problem = {
      title: "Unprocessable Content",
      status: 422,
      errors: [{ in: "body", pointer: "#", detail: "x" }],
    };
    const { api } = clientOf(() => Response.json(problem, { status: 422 }));
    const error = await api.post("/notes", { body: { title: "" } }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ClientError);
    expect(error).toMatchObject({ status: 422, problem, message: "422 Unprocessable Content" });
    const other = clientOf(() => new Response("<h1>down</h1>", { status: 502 })).api;
    await expect(other.get("/")).rejects.toMatchObject({
      status: 502,
      problem: { detail: "<h1>down</h1>" },
      message: "502 <h1>down</h1>",
    });
  });
});

it("has the types of the routes", async () => {
  const { api } = clientOf(() => Response.json({ title: "a", at: "" }));
  const made = await api.post("/notes", { body: { title: "a" } });
  expectTypeOf(made.at).toEqualTypeOf<string>();
  expectTypeOf(made.title).toEqualTypeOf<string>();
  // @ts-expect-error -- functions are not in JSON
  void made.skip;
  const read = await api.get("/notes/[id]", { params: { id: 1 } });
  expectTypeOf(read.title).toEqualTypeOf<string>();
  const wrong = [
    // @ts-expect-error -- no such path
    () => api.get("/note"),
    // @ts-expect-error -- no such method
    () => api.put("/notes/[id]", { params: { id: 1 } }),
    // @ts-expect-error -- no params
    () => api.get("/notes/[id]"),
    // @ts-expect-error -- another param
    () => api.get("/notes/[id]", { params: { ids: 1 } }),
    // @ts-expect-error -- no body
    () => api.post("/notes"),
    // @ts-expect-error -- a wrong body
    () => api.post("/notes", { body: { title: 1 } }),
    // @ts-expect-error -- a body that is not taken
    () => api.delete("/notes/[id]", { params: { id: 1 }, body: {} }),
    // @ts-expect-error -- a query without a page
    () => api.get("/notes", { query: { tag: ["a"] } }),
    // @ts-expect-error -- a wrong query
    () => api.get("/notes", { query: { page: 1 } }),
    // @ts-expect-error -- a param where there is none
    () => api.get("/", { params: { id: 1 } }),
  ];
  expect(wrong).toHaveLength(10);
});
