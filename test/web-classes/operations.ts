/** Random operations on web classes, and their execution. */
import fc from "fast-check";
import { outcome, type Web } from "./table-row.ts";

/** One call; objects are numbered in the order of their creation, and `on` is the number of one. */
export interface Operation {
  readonly does: string;
  readonly on: number;
  readonly name: string;
  readonly value: string;
  readonly kind: number;
  readonly status: number;
}

const names = [
  "a",
  "A",
  "b",
  "set-cookie",
  "Set-Cookie",
  "cookie",
  "content-type",
  "a b",
  "",
  "x-é",
  "content-encoding",
];
const values = [
  "1",
  " 2 ",
  "",
  "a=b; c",
  "text/html",
  "multipart/form-data",
  "한",
  "a\nb",
  "\xff",
  "application/x-www-form-urlencoded",
  "{}",
];

/** Every operation there is. */
const verbs = [
  ...[
    "newHeaders",
    "newResponse",
    "newRequest",
    "json",
    "redirect",
    "error",
    "copyResponse",
    "copyRequest",
    "requestOf",
    "clone",
  ],
  ...["get", "has", "set", "append", "delete", "getSetCookie", "entries", "look"],
  ...["text", "toJson", "bytes", "arrayBuffer", "blob", "formData", "body", "drain", "lock", "cancel"],
];

/** A sequence: the first makes something. */
export const operations: fc.Arbitrary<readonly Operation[]> = fc.array(
  fc.record({
    does: fc.constantFrom(...verbs),
    on: fc.nat(5),
    name: fc.constantFrom(...names),
    value: fc.constantFrom(...values),
    kind: fc.nat(9),
    status: fc.constantFrom(200, 201, 204, 205, 304, 301, 404, 500, 599, 99, 600, 0),
  }),
  { minLength: 2, maxLength: 14 },
);

type Made = Headers | Request | Response;

const bodyOf = ({ kind, value }: Operation): BodyInit | null | undefined =>
  [
    null,
    undefined,
    value,
    "",
    new TextEncoder().encode(value),
    new Blob([value], { type: "text/css" }),
    new URLSearchParams({ a: value }),
    new Blob([value]).stream(),
    "\ufeff\ud800",
    new TextEncoder().encode(value).buffer,
  ][kind];

const headersOf = ({ kind, name, value }: Operation): HeadersInit | undefined =>
  [
    undefined,
    { [name]: value },
    [
      [name, value],
      [name, "again"],
    ] as [string, string][],
    {},
  ][kind % 4];

const methods = ["GET", "post", "PUT", "patch", "HEAD", "delete", "TRACE", "a b"];

function make({ Headers, Request, Response }: Web, operation: Operation, on: Made | undefined): Made | undefined {
  const { does, status, value, kind } = operation;
  const headers = headersOf(operation);
  const init = { status, ...(headers && { headers }) };
  const method = methods[status % methods.length]!;
  const asked = { method, duplex: "half", ...(headers && { headers }) } as RequestInit;
  if (does === "newHeaders") return new Headers(headers);
  if (does === "newResponse") return new Response(bodyOf(operation), kind % 3 ? init : undefined);
  if (does === "newRequest") return new Request("http://a.test/b", { ...asked, body: bodyOf(operation) ?? null });
  if (does === "json") return Response.json({ value }, init);
  if (does === "redirect") return Response.redirect("http://a.test/c", status);
  if (does === "error") return Response.error();
  if (does === "copyResponse" && on instanceof Response) return new Response(on.body, on);
  if (does === "copyRequest" && on instanceof Request) return new Request(on, kind % 2 ? asked : undefined);
  if (does === "requestOf" && on && !(on instanceof Headers))
    return new Request("http://a.test/d", { ...asked, body: on.body });
  if (does === "clone" && on && !(on instanceof Headers)) return on.clone();
  return undefined;
}

const makers = new Set(verbs.slice(0, 10));

async function use(operation: Operation, on: Made, isHeaders: boolean): Promise<unknown> {
  const { does, name, value } = operation;
  const headers = isHeaders ? (on as Headers) : (on as Response).headers;
  if (does === "get" || does === "has") return headers[does](name);
  if (does === "set" || does === "append") return headers[does](name, value);
  if (does === "delete") return headers.delete(name);
  if (does === "getSetCookie") return headers.getSetCookie();
  if (isHeaders || does === "entries") return [...headers];
  const message = on as Response & Request;
  if (does === "look")
    return [
      message.status,
      message.ok,
      message.type,
      message.bodyUsed,
      message.method,
      message.mode,
      message.body?.locked,
    ];
  if (does === "toJson") return JSON.stringify(await message.json());
  if (does === "text" || does === "bytes" || does === "arrayBuffer") return message[does]();
  if (does === "blob") return message.blob().then(async (blob) => [blob.type, await blob.text()]);
  if (does === "formData") return message.formData().then((form) => [...form]);
  if (does === "body") return message.body === null;
  if (does === "lock") return void message.body?.getReader();
  // Not awaited: half of a tee is cancelled with the other.
  if (does === "cancel") return void message.body?.cancel().catch(() => undefined);
  const chunks: unknown[] = [];
  for await (const chunk of message.body ?? []) chunks.push(chunk);
  return chunks;
}

/** What each operation gave, and in the end what is left of every object. */
export async function run(web: Web, all: readonly Operation[]): Promise<readonly unknown[]> {
  const made: Made[] = [];
  const log: unknown[] = [];
  for (const operation of all) {
    const on = made[made.length ? operation.on % made.length : 0];
    log.push(
      await outcome(web, async () => {
        if (!makers.has(operation.does)) return on && use(operation, on, on instanceof web.Headers);
        const next = make(web, operation, on);
        if (next) made.push(next);
        return next && [String(next)];
      }),
    );
  }
  for (const one of made) {
    const headers = one instanceof web.Headers ? one : one.headers;
    log.push(
      [...headers],
      one instanceof web.Headers ? "" : one.bodyUsed,
      await outcome(web, () => (one instanceof web.Headers ? "" : one.text())),
    );
  }
  return log;
}
