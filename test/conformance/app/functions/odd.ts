/** `/odd?what=…` answers in ways that types allow and few expect. Module state, since that is what is looked at. */
import type { Handler } from "portico";

const streamOf = (source: UnderlyingDefaultSource<Uint8Array>): Response => new Response(new ReadableStream(source));

let text: Response | undefined;
let json: Response | undefined;
let nothing: Response | undefined;

const answers: Readonly<Record<string, Handler>> = {
  text: () => new Response("text"),
  "one text": () => (text ??= new Response("once")),
  "one json": () => (json ??= Response.json({ once: true }, { headers: { "x-a": "1" } })),
  "one without a body": () => (nothing ??= new Response(null, { status: 202 })),
  "a body that fails to end": () =>
    streamOf({
      pull: (controller) => controller.enqueue(new TextEncoder().encode("part")),
      cancel: () => Promise.reject(new Error("cannot end")),
    }),
  "a body that was read": async () => {
    const read = new Response("read");
    await read.text();
    return read;
  },
  "a promise with a status": () => Object.assign(Promise.resolve(new Response("kept")), { status: "fulfilled" }),
  "a length too long": () => new Response("hello", { headers: { "content-length": "30" } }),
  "a length too short": () => new Response("hello", { headers: { "content-length": "3" } }),
  "a length of nothing": () => new Response(null, { headers: { "content-length": "3" } }),
  "a length of 204": () => new Response(null, { status: 204, headers: { "content-length": "3", "x-a": "1" } }),
  "a request's headers changed": ({ headers }) => {
    headers.set("x-a", "changed");
    return new Response(headers.get("x-a"));
  },
  "a copy's headers changed": (request) => {
    const { headers } = new Request(request);
    headers.set("x-a", "changed");
    return new Response(headers.get("x-a"));
  },
  "an answer that is none": () => {
    throw Object.assign(new Error("secret detail"), { getResponse: () => 7 });
  },
  "an answer that fails": () => {
    const fail = (): never => {
      throw new Error("secret detail");
    };
    throw Object.assign(new Error("secret detail"), { getResponse: fail });
  },
  "a stream of strings": () => streamOf({ start: (controller) => controller.enqueue("secret" as never) }),
  "a stream of strings later": () =>
    streamOf({
      async pull(controller) {
        await Promise.resolve();
        controller.enqueue("secret" as never);
        controller.close();
      },
    }),
  "a body or none": (request) => new Response(null, { status: request.body === null ? 204 : 200 }),
  "a header beyond ASCII": () => new Response("bytes", { headers: { "x-bytes": "caf\xe9" } }),
  "a network error": () => Response.error(),
  "work that is a thenable": (_, { waitUntil }) => {
    // oxlint-disable-next-line unicorn/no-thenable -- as query builders are
    waitUntil({ then: (done: () => void) => done() } as unknown as Promise<void>);
    waitUntil(undefined as unknown as Promise<void>);
    return new Response("given");
  },
};

export const GET: Handler = (request, context) =>
  answers[new URL(request.url).searchParams.get("what") ?? ""]!(request, context);
