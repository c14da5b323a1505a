/** Resources without a server: bodies that are streams, and what development checks. */
import { describe, expect, it } from "vitest";
import { created, resource } from "../../../framework/features/resource/resource.ts";
import { createCall } from "../../../framework/node/testing.ts";
import * as v from "valibot";
import * as z from "zod";

const context = { ...createCall(), params: {}, var: {} };

const json = { method: "POST", headers: { "content-type": "application/json" } };

/** A body without a length, in parts; `pulled` counts those that were asked for. */
function parts(texts: readonly string[]) {
  const found = { pulled: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const text = texts[found.pulled++];
        if (text === undefined) return controller.close();
        controller.enqueue(new TextEncoder().encode(text));
      },
      cancel() {
        found.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  const request = new Request("http://localhost/", { ...json, body, duplex: "half" } as RequestInit);
  return { request, found };
}

const echo = resource({ body: v.unknown(), bodyLimit: 10 }, ({ body }) => ({ body }));

describe("a body without a length", () => {
  it("is read in parts, also where they cut a character", async () => {
    const { request } = parts(['"ab', 'cd"']);
    expect(await (await echo(request, context)).json()).toEqual({ body: "abcd" });
    const bytes = new TextEncoder().encode('"한"');
    const body = new Blob([bytes]).stream();
    const cut = new Request("http://localhost/", { ...json, body, duplex: "half" } as RequestInit);
    expect(await (await echo(cut, context)).json()).toEqual({ body: "한" });
  });

  it("is not read beyond the limit", async () => {
    const { request, found } = parts(Array.from({ length: 100 }, () => '"12345"'));
    const response = await echo(request, context);
    expect(response.status).toBe(413);
    expect(found).toEqual({ pulled: 2, cancelled: true });
  });

  it("is not read at all where its length is too large", async () => {
    const { request, found } = parts(["1"]);
    request.headers.set("content-length", "11");
    expect((await echo(request, context)).status).toBe(413);
    expect(found.pulled).toBe(0);
  });
});

it("zod and valibot say the same of the same mistakes, at the same places", async () => {
  const ofZod = z.object({ title: z.string("a"), tags: z.array(z.object({ "a/b": z.int("b") })) });
  const ofValibot = v.object({
    title: v.string("a"),
    tags: v.array(v.object({ "a/b": v.pipe(v.number("b"), v.integer("b")) })),
  });
  const errorsOf = async (body: typeof ofZod | typeof ofValibot): Promise<unknown> => {
    const request = new Request("http://localhost/", { ...json, body: '{"title":1,"tags":[{"a/b":1},{"a/b":1.5}]}' });
    return (await resource({ body }, () => undefined)(request, context)).json();
  };
  expect(await errorsOf(ofZod)).toEqual(await errorsOf(ofValibot));
  expect(await errorsOf(ofZod)).toEqual({
    title: "Unprocessable Content",
    status: 422,
    errors: [
      { in: "body", pointer: "#/title", detail: "a" },
      { in: "body", pointer: "#/tags/1/a~1b", detail: "b" },
    ],
  });
});

describe("what a handler returns", () => {
  const request = new Request("http://localhost/");

  it("may be made without a value, at a place outside of ASCII", async () => {
    const response = await resource({}, () => created(undefined, "/가\r\nx: y"))(request, context);
    expect([response.status, response.headers.get("location"), await response.text()]).toEqual([
      201,
      "/%EA%B0%80%0D%0Ax:%20y".replace("%20", " ").replace(" ", "%20"),
      "",
    ]);
  });

  it("is not checked in production", async () => {
    const wrong = resource({ response: z.object({ a: z.string() }) }, () => ({ a: 1 }) as never);
    expect(await (await wrong(request, context)).json()).toEqual({ a: 1 });
  });
});

it("types", () => {
  const Note = z.object({ title: z.string(), size: z.coerce.number<string>() });
  const made = resource({ body: Note, query: v.object({ q: v.string() }) }, ({ body, query, params }) => {
    const parts: readonly [string, number, string, string | undefined] = [body.title, body.size, query.q, params["id"]];
    // @ts-expect-error -- no such property
    void body.none;
    return created({ at: Math.max(parts.length) }, "/");
  });
  resource({ path: "/notes" }, ({ params }) => {
    // @ts-expect-error -- no such param: the compiler names the path, and not an unknown
    void params.id;
    const none: object = params;
    return none;
  });
  type Types = NonNullable<(typeof made)["types"]>;
  const sent: Types["body"] = { title: "a", size: "1" };
  const value: Types["value"] = { at: 1 };
  // @ts-expect-error -- the answer is not what its schema says
  resource({ response: Note }, () => ({ title: 1 }));
  expect([sent.size, value.at]).toEqual(["1", 1]);
});
