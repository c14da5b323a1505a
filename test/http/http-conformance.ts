/** HTTP/1.1 conformance tests for any server: raw requests with their responses, and random malformed ones. */
import { connect, type Socket } from "node:net";
import { expect, it } from "vitest";
import { raw } from "./raw-client.ts";

/** A server under test: it answers `METHOD target [body]`, so that what it understood can be seen. */
export interface Echo {
  readonly port: number;
  /** How many requests its handler has seen. */
  seen(): number;
}

/** The text that an Echo answers. */
export const echo = (method: string, target: string, body: string): string => `${method} ${target} [${body}]`;

const host = "Host: 127.0.0.1";
const last = "Connection: close";
/** More than node:http keeps by default; they are within the bytes that a head may have. */
const many = Array.from({ length: 2500 }, (_, at) => `a: ${at % 10}`);

/** Refused, or understood so; RFC 9112 unless another is named. */
const refused: readonly (readonly [name: string, lines: readonly string[], answer: RegExp])[] = [
  [
    "two lengths that differ (6.3)",
    ["POST / HTTP/1.1", host, "Content-Length: 3", "Content-Length: 4", "", "abcd"],
    /^HTTP\/1\.1 400/,
  ],
  ["a list of lengths (6.3)", ["POST / HTTP/1.1", host, "Content-Length: 3, 4", "", "abcd"], /^HTTP\/1\.1 400/],
  ["a length with a sign (6.2)", ["POST / HTTP/1.1", host, "Content-Length: +3", "", "abc"], /^HTTP\/1\.1 400/],
  ["a length that is no number (6.2)", ["POST / HTTP/1.1", host, "Content-Length: 0x3", "", "abc"], /^HTTP\/1\.1 400/],
  [
    "a length and chunks (6.1)",
    ["POST / HTTP/1.1", host, "Content-Length: 3", "Transfer-Encoding: chunked", "", "0", "", ""],
    /^HTTP\/1\.1 400/,
  ],
  [
    "chunked that is not last (6.3)",
    ["POST / HTTP/1.1", host, "Transfer-Encoding: chunked, identity", "", "0", "", ""],
    /^HTTP\/1\.1 400/,
  ],
  [
    "chunked twice (6.1)",
    ["POST / HTTP/1.1", host, "Transfer-Encoding: chunked, chunked", last, "", "0", "", ""],
    /^HTTP\/1\.1 400/,
  ],
  [
    "chunked with a vertical tab",
    ["POST / HTTP/1.1", host, "Transfer-Encoding: \x0bchunked", "", "0", "", ""],
    /^HTTP\/1\.1 400/,
  ],
  [
    "a chunk size that is no hex (7.1)",
    ["POST / HTTP/1.1", host, "Transfer-Encoding: chunked", "", "zz", "ab", "0", "", ""],
    /^HTTP\/1\.1 400/,
  ],
  [
    "a chunk size below zero (7.1)",
    ["POST / HTTP/1.1", host, "Transfer-Encoding: chunked", "", "-1", "ab", "0", "", ""],
    /^HTTP\/1\.1 400/,
  ],
  [
    "a chunk size beyond 64 bits (7.1)",
    ["POST / HTTP/1.1", host, "Transfer-Encoding: chunked", "", "11111111111111111", "a", ""],
    /^HTTP\/1\.1 400/,
  ],
  [
    "a chunk longer than it says (7.1)",
    ["POST / HTTP/1.1", host, "Transfer-Encoding: chunked", "", "1", "abc", "0", "", ""],
    /^HTTP\/1\.1 400/,
  ],
  ["a folded header (5.2)", ["GET / HTTP/1.1", host, "X-A: 1", " 2", "", ""], /^HTTP\/1\.1 400/],
  ["space before a colon (5.1)", ["GET / HTTP/1.1", host, "X-A : 1", "", ""], /^HTTP\/1\.1 400/],
  ["a header without a name", ["GET / HTTP/1.1", host, ": 1", "", ""], /^HTTP\/1\.1 400/],
  ["a header without a colon", ["GET / HTTP/1.1", host, "nonsense", "", ""], /^HTTP\/1\.1 400/],
  ["NUL in a header (RFC 9110 5.5)", ["GET / HTTP/1.1", host, "X-A: a\0b", "", ""], /^HTTP\/1\.1 400/],
  ["a bare CR in a header (2.2)", ["GET / HTTP/1.1", host, "X-A: a\rX-B: b", "", ""], /^HTTP\/1\.1 400/],
  ["no Host (3.2)", ["GET / HTTP/1.1", last, "", ""], /^HTTP\/1\.1 40[03]/],
  ["two Hosts (3.2)", ["GET / HTTP/1.1", host, "Host: evil.example", last, "", ""], /^HTTP\/1\.1 40[03]/],
  ["a Host that is none (3.2)", ["GET / HTTP/1.1", "Host: a b@c", last, "", ""], /^HTTP\/1\.1 40[03]/],
  ["a target without a slash (3.2)", ["GET x HTTP/1.1", host, last, "", ""], /^HTTP\/1\.1 400/],
  ["a version to come", ["GET / HTTP/3.0", host, "", ""], /^HTTP\/1\.1 400/],
  ["no HTTP at all", ["\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", "", ""], /^HTTP\/1\.1 400/],
  [
    "headers without end (431, RFC 6585 5)",
    ["GET / HTTP/1.1", host, `X-A: ${"a".repeat(70_000)}`, "", ""],
    /^HTTP\/1\.1 431/,
  ],
  ["a URL without end (414)", [`GET /${"a".repeat(20_000)} HTTP/1.1`, host, last, "", ""], /^HTTP\/1\.1 (?:414|431)/],
  ["lines that end in LF alone (2.2)", ["GET / HTTP/1.1\nHost: 127.0.0.1\n\n"], /^HTTP\/1\.1 400/],
  [
    "LF alone after a chunk (7.1)",
    ["POST / HTTP/1.1", host, "Transfer-Encoding: chunked", "", "1", "a\n0", "", ""],
    /^HTTP\/1\.1 400/,
  ],
  ["a method in small letters (3.1)", ["get / HTTP/1.1", host, last, "", ""], /^HTTP\/1\.1 400/],
  ["a method that nobody knows (3.1)", ["BREW / HTTP/1.1", host, last, "", ""], /^HTTP\/1\.1 (?:400|501)/],
  ["OPTIONS of the server itself (RFC 9110 9.3.7)", ["OPTIONS * HTTP/1.1", host, last, "", ""], /^HTTP\/1\.1 400/],
  [
    "CONNECT, since it is no proxy (RFC 9110 9.3.6)",
    ["CONNECT 127.0.0.1:80 HTTP/1.1", host, "", ""],
    /^HTTP\/1\.1 405/,
  ],
  [
    "two Hosts with 2,500 headers between (3.2)",
    ["GET / HTTP/1.1", host, ...many, host, last, "", ""],
    /^HTTP\/1\.1 40[03]/,
  ],
  [
    "a length after 2,500 headers, and chunks (6.1)",
    ["POST / HTTP/1.1", host, "Transfer-Encoding: chunked", ...many, "Content-Length: 1", "", "0", "", ""],
    /^HTTP\/1\.1 400/,
  ],
  [
    "a coding that it does not know (6.1)",
    ["POST / HTTP/1.1", host, last, "Transfer-Encoding: gzip, chunked", "", "1", "a", "0", "", ""],
    /^HTTP\/1\.1 501/,
  ],
  [
    "chunks in HTTP/1.0 (6.1)",
    ["POST / HTTP/1.0", host, "Connection: keep-alive", "Transfer-Encoding: chunked", "", "1", "a", "0", "", ""],
    /^HTTP\/1\.1 400/,
  ],
  [
    "a coding that it does not know, before it gives leave",
    ["POST / HTTP/1.1", host, "Expect: 100-continue", "Transfer-Encoding: gzip, chunked", "", ""],
    /^HTTP\/1\.1 501/,
  ],
  [
    "a raw backslash in the path, which URLs take for a slash",
    ["GET /a\\b HTTP/1.1", host, last, "", ""],
    /^HTTP\/1\.1 400/,
  ],
  ["TRACE, for which the Web has no Request (405)", ["TRACE / HTTP/1.1", host, last, "", ""], /^HTTP\/1\.1 405/],
  ["a fragment, which is no part of a target (3.2)", ["GET /?a#b HTTP/1.1", host, last, "", ""], /^HTTP\/1\.1 400/],
  [
    "an expectation that nobody knows (417, RFC 9110 10.1.1)",
    ["GET / HTTP/1.1", host, "Expect: tea", last, "", ""],
    /^HTTP\/1\.1 417/,
  ],
];

const understood: readonly (readonly [name: string, lines: readonly string[], body: string])[] = [
  [
    "chunks of odd sizes, extensions and trailers (7.1)",
    [
      "POST /c HTTP/1.1",
      host,
      last,
      "Transfer-Encoding: chunked",
      "",
      "1;x=y",
      "a",
      "00a",
      "bcdefghijk",
      "0",
      "X-T: 1",
      "",
      "",
    ],
    echo("POST", "/c", "abcdefghijk"),
  ],
  [
    "equal lengths, or one",
    ["POST /l HTTP/1.1", host, last, "Content-Length: 3", "", "abc"],
    echo("POST", "/l", "abc"),
  ],
  ["an absolute target (3.2.2)", ["GET http://127.0.0.1/a?b HTTP/1.1", host, last, "", ""], echo("GET", "/a?b", "")],
  ["CRLF before the request (2.2)", ["", "GET /crlf HTTP/1.1", host, last, "", ""], echo("GET", "/crlf", "")],
  [
    "an expectation of HTTP/1.0, which it ignores (RFC 9110 10.1.1)",
    ["POST /e HTTP/1.0", host, "Content-Length: 3", "Expect: 100-continue", "", "abc"],
    echo("POST", "/e", "abc"),
  ],
  ["HTTP/1.0", ["GET /old HTTP/1.0", host, "", ""], echo("GET", "/old", "")],
  [
    "an upgrade that nobody serves (RFC 9110 7.8)",
    ["GET /h2c HTTP/1.1", host, "Connection: close, upgrade", "Upgrade: h2c", "", ""],
    echo("GET", "/h2c", ""),
  ],
  ["a body to GET", ["GET /g HTTP/1.1", host, last, "Content-Length: 3", "", "abc"], "GET /g ["],
];

/** Registers the cases; the seed of the malformed ones is in their name. */
export function httpCases(echoing: () => Echo): void {
  it.each(refused)("refuses %s", async (_, lines, answer) => {
    const before = echoing().seen();
    const text = await raw(echoing().port, lines, "\r\n\r\n");
    expect(text).toMatch(answer);
    expect(text).not.toMatch(/\bat \S+:\d+:\d+|node:internal|ERR_/);
    expect(echoing().seen()).toBe(before);
  });

  it.each(understood)("understands %s", async (_, lines, body) => {
    const text = await raw(echoing().port, lines);
    expect(text).toMatch(/^HTTP\/1\.1 200/);
    expect(text).toContain(body);
  });

  it("sends 100 Continue for a body, and 413 for one that is too long", async () => {
    const { port } = echoing();
    const ask = (length: number): string[] => [
      "POST /e HTTP/1.1",
      host,
      last,
      `Content-Length: ${length}`,
      "Expect: 100-continue",
      "",
      "",
    ];
    expect(await raw(port, [...ask(3).slice(0, -1), "abc"])).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200[\s\S]*\[abc\]/,
    );
    expect(await raw(port, ask(100_000_000))).toMatch(/^HTTP\/1\.1 413/);
  });

  it("answers pipelined requests in their order, and none after a malformed one (9.3.2)", async () => {
    const get = (target: string, ...more: string[]): string[] => [`GET ${target} HTTP/1.1`, host, ...more, ""];
    const all = await raw(echoing().port, [...get("/1"), ...get("/2"), ...get("/3", last), ""]);
    expect([...all.matchAll(/GET \/(\d)/g)].map(([, at]) => at)).toEqual(["1", "2", "3"]);
    const broken = await raw(echoing().port, [...get("/1"), "NONSENSE", "", ...get("/3", last), ""]);
    expect(broken).toContain("400 Bad Request");
    expect(broken).not.toContain("GET /3");
  });

  it("keeps a connection alive between requests, and closes it when asked", async () => {
    const text = await raw(echoing().port, ["GET /k HTTP/1.1", host, "", ""], "GET /k [");
    expect(text).toMatch(/\r\nConnection: keep-alive/i);
    expect(await raw(echoing().port, ["GET /k HTTP/1.1", host, last, "", ""])).toMatch(/\r\nConnection: close/i);
  });

  const seed = Number(process.env["PORTICO_SEED"] ?? 1);
  it(`lives through 300 malformed requests (seed ${seed})`, async () => {
    const random = mulberry(seed);
    for (let at = 0; at < 300; at += 25)
      await Promise.all(Array.from({ length: 25 }, () => throwAt(echoing().port, mangled(random))));
    expect(await raw(echoing().port, ["GET /alive HTTP/1.1", host, last, "", ""])).toContain(echo("GET", "/alive", ""));
  });
}

/** Writes, half-closes and waits for the end, at most a second. */
function throwAt(port: number, bytes: Buffer): Promise<void> {
  return new Promise((done) => {
    const socket: Socket = connect(port, "127.0.0.1", () => socket.end(bytes));
    socket.on("data", () => {});
    socket.on("error", () => {});
    socket.on("close", () => done());
    socket.setTimeout(1000, () => socket.destroy());
  });
}

/** A valid request with some bytes changed, cut, doubled or put in. */
function mangled(random: () => number): Buffer {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const [, lines] = pick([...refused, ...understood]);
  let bytes = Buffer.from(lines.join("\r\n").slice(0, 2000), "latin1");
  for (let edits = 1 + Math.floor(random() * 4); edits > 0; edits--) {
    const at = Math.floor(random() * bytes.length);
    const odd = Buffer.from([Math.floor(random() * 256)]);
    const piece = pick([
      odd,
      Buffer.from("\r\n"),
      Buffer.from("\0"),
      Buffer.from("%zz"),
      Buffer.from("\\"),
      Buffer.from("?"),
      Buffer.from("chunked"),
    ]);
    const cut = pick([0, 0, 1, 1, 5, 50]);
    bytes = Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + cut)]);
  }
  return bytes;
}

function mulberry(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
