/** Cases: bodies in and out, byte by byte. */
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { type Case, caseOf, textOf } from "../case.ts";

const fixture = caseOf("fixture");
const reference = caseOf("reference");
const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const post = (target: string, type: string | undefined, body: string | Uint8Array) => ({
  method: "POST",
  target,
  body,
  headers: type === undefined ? [] : [["Content-Type", type] as const],
});

const pattern = (length: number, period: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => index % period);
const hashed = (bytes: Uint8Array) => ({
  status: 200,
  json: { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") },
});

const multipart = Buffer.concat([
  Buffer.from('--xYz\r\nContent-Disposition: form-data; name="title"\r\n\r\n제목 & more\r\n'),
  Buffer.from(
    '--xYz\r\nContent-Disposition: form-data; name="file"; filename="a b.bin"\r\nContent-Type: ' +
      "application/octet-stream\r\n\r\n",
  ),
  Buffer.from([0, 255, 13, 10, 128]),
  Buffer.from('\r\n--xYz\r\nContent-Disposition: form-data; name="title"\r\n\r\nsecond\r\n--xYz--\r\n'),
]);

/** Bodies. */
export const bodies: readonly Case[] = [
  fixture("every byte out", "/bytes", {
    status: 200,
    headers: { "content-type": "application/octet-stream" },
    body: everyByte,
  }),
  fixture("every byte in and out", post("/bytes", "application/octet-stream", everyByte), {
    status: 200,
    body: everyByte,
  }),
  fixture("bytes that call themselves text", post("/bytes", "text/plain", Uint8Array.from([0xff, 0xfe, 0x00, 0x41])), {
    status: 200,
    body: Uint8Array.from([0xff, 0xfe, 0x00, 0x41]),
  }),
  fixture("bytes that call themselves JSON", post("/bytes", "application/json", Uint8Array.from([0x7b, 0x80, 0x7d])), {
    status: 200,
    body: Uint8Array.from([0x7b, 0x80, 0x7d]),
  }),
  fixture("text with a byte order mark", post("/bytes", "text/plain", "\ufeffbom"), {
    status: 200,
    body: Buffer.from("\ufeffbom"),
  }),
  fixture("line ends stay as they are", post("/bytes", "text/plain", "a\r\nb\nc\r"), {
    status: 200,
    body: "a\r\nb\nc\r",
  }),
  fixture("a body without a type", post("/bytes", undefined, Uint8Array.from([1, 2, 200])), {
    status: 200,
    body: Uint8Array.from([1, 2, 200]),
  }),
  fixture("an empty body", post("/bytes", "text/plain", ""), { status: 200, body: "" }),
  fixture("a zero byte", post("/bytes", "text/plain", "\0"), { status: 200, body: Uint8Array.from([0]) }),
  fixture("unicode of every width", post("/bytes", "text/plain; charset=utf-8", "é 방 😀"), {
    status: 200,
    body: "é 방 😀",
  }),
  fixture("the request's stream as the answer", post("/piped", "application/octet-stream", everyByte), {
    status: 200,
    body: everyByte,
  }),
  fixture("the stream of an empty request", post("/piped", undefined, ""), { status: 200, body: "" }),
  fixture("text is seen as text", post("/echo", "text/plain", "두 줄\n"), { status: 200, check: bodyIs("두 줄\n") }),
  fixture(
    "PATCH has a body",
    { ...post("/echo", "application/json", '{"a":1}'), method: "PATCH" },
    { status: 200, check: bodyIs('{"a":1}') },
  ),
  fixture(
    "DELETE may have a body",
    { ...post("/echo", "text/plain", "gone"), method: "DELETE" },
    { status: 200, check: bodyIs("gone") },
  ),
  fixture(
    "POST without a body",
    { method: "POST", target: "/echo", headers: [["Content-Length", "0"]] },
    { status: 200, check: bodyIs("") },
  ),
  fixture("GET has no body, whatever was sent", { target: "/echo", body: "sent" }, { status: 200, check: bodyIs("") }),
  fixture(
    "HEAD has no body, whatever was sent",
    { method: "HEAD", target: "/odd?what=a+body+or+none", body: "sent" },
    { status: 204 },
  ),
  fixture("a form", post("/form", "application/x-www-form-urlencoded", "name=a+b&name=%2B&text=%EA%B0%80%26&empty="), {
    status: 200,
    json: [
      ["name", "a b"],
      ["name", "+"],
      ["text", "가&"],
      ["empty", ""],
    ],
  }),
  fixture("a multipart form with a file", post("/form", "multipart/form-data; boundary=xYz", multipart), {
    status: 200,
    json: [
      ["title", "제목 & more"],
      ["file", { name: "a b.bin", type: "application/octet-stream", bytes: [0, 255, 13, 10, 128] }],
      ["title", "second"],
    ],
  }),
  fixture("1 MB in", post("/large", "application/octet-stream", pattern(1 << 20, 253)), hashed(pattern(1 << 20, 253))),
  fixture(
    "1 MB of text in",
    post("/large", "text/plain", "0123456789abcdef".repeat(65536)),
    hashed(Buffer.from("0123456789abcdef".repeat(65536))),
  ),
  fixture("4 MB out", "/large?bytes=4194304", { status: 200, body: pattern(4 << 20, 251) }),
  fixture("4 MB of text out", "/large?bytes=4194304&text", {
    status: 200,
    body: Buffer.from("0123456789abcdef".repeat(262_144)),
  }),
  fixture("HTML has its charset", "/page", {
    status: 201,
    headers: { "content-type": "text/html; charset=utf-8", "x-page": "1" },
    body: "<!doctype html><p>é 방 😀</p>",
  }),
  fixture("a length that is too long", "/odd?what=a+length+too+long", { status: 200, body: "hello" }),
  fixture("a length that is too short", "/odd?what=a+length+too+short", { status: 200, body: "hello" }),
  fixture("a content-length without a body", "/odd?what=a+length+of+nothing", { status: 200, body: "" }),
  fixture("204 has no length", "/odd?what=a+length+of+204", {
    status: 204,
    headers: { "content-length": null, "x-a": "1" },
    body: "",
  }),
  fixture("an answer that is a promise with more to it", "/odd?what=a+promise+with+a+status", {
    status: 200,
    body: "kept",
  }),
  fixture("a bare answer", "/bare", { status: 200, body: "" }),
  fixture("a bare answer to POST", { method: "POST", target: "/bare", body: "" }, { status: 200, body: "" }),
  fixture(
    "compressed bytes stay as they are",
    { target: "/encoded", headers: [["Accept-Encoding", "gzip"]] },
    {
      status: 200,
      headers: { "content-encoding": "gzip", vary: "accept-encoding" },
      check: ({ bytes }) => {
        const text = gunzipSync(bytes).toString();
        if (text !== "compressed once, 한 번만. ".repeat(20))
          throw new Error(`unzipped to ${JSON.stringify(text.slice(0, 40))}`);
      },
    },
  ),
  {
    name: "a body that no handler reads breaks nothing after it",
    app: "fixture",
    visitors: 4,
    steps: Array.from({ length: 6 }, () => [
      { ask: { method: "POST", target: "/mw/closed", body: "x".repeat(20) }, expect: { status: 401, body: "closed" } },
      { ask: { target: "/" }, expect: { status: 200, body: "home" } },
      { ask: { method: "PUT", target: "/methods", body: "x".repeat(100_000) }, expect: { status: 200, body: "put" } },
      { ask: { target: "/" }, expect: { status: 200, body: "home" } },
    ]).flat(),
  },
  {
    name: "an upload of megabytes that no handler reads is answered",
    app: "fixture",
    visitors: 4,
    steps: Array.from({ length: 4 }, () => ({
      ask: { method: "PUT", target: "/methods", body: "x".repeat(3_000_000) },
      expect: { status: 200, body: "put" },
    })),
  },
  reference("JSON in and out", post("/api/notes", "application/json", '{"title":"새 노트","tags":["a"]}'), {
    status: 201,
    check: noteIs("새 노트"),
  }),
];

function bodyIs(expected: string) {
  return (answer: Parameters<typeof textOf>[0]): void => {
    const { body } = JSON.parse(textOf(answer)) as { body: string };
    if (body !== expected) throw new Error(`body ${JSON.stringify(body)}, not ${JSON.stringify(expected)}`);
  };
}

function noteIs(title: string) {
  return (answer: Parameters<typeof textOf>[0]): void => {
    const note = JSON.parse(textOf(answer)) as { id: string; title: string; tags: string[] };
    if (note.title !== title || note.tags.join() !== "a" || !/^[0-9a-f-]{36}$/.test(note.id))
      throw new Error(textOf(answer));
  };
}
