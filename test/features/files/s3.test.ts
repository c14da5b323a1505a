/** The engine of S3: what it sends, and what it makes of answers that are lost, late or no success. */
// @module-tag isolated
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { isUnsent } from "../../../framework/features/aws/signed-call.ts";
import { type Files, files } from "../../../framework/features/files/lambda.ts";
import { createCall } from "../../../framework/node/testing.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let own: Files;
/** What the server answers next; then 200. */
let answers: Answer[] = [];
let asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(`${request.method} ${request.url}`);
  const answer = answers.shift() ?? status(200);
  request.resume();
  answer(request, response);
});

const status =
  (code: number, body = ""): Answer =>
  (_, response) =>
    void response.writeHead(code, { etag: '"e"', "last-modified": new Date().toUTCString() }).end(body);
const cut: Answer = (request) => void request.socket.destroy();
const xml = (code: string): string => `<Error><Code>${code}</Code></Error>`;

beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  Object.assign(process.env, {
    AWS_REGION: "eu-west-1",
    AWS_ACCESS_KEY_ID: "ASIAKEY",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_SESSION_TOKEN: "token",
    AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    PORTICO_FILES: "app--dev",
  });
  own = files(createCall(), "n");
});
afterAll(() => new Promise((done) => (server.close(done), server.closeAllConnections())));
beforeEach(() => {
  answers = [];
  asked = [];
});

const codeOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => "done",
    (error: { readonly code?: string; readonly message: string }) => error.code ?? error.message,
  );

it("repeats what certainly did not happen, and reads", async () => {
  answers = [status(503), status(503)];
  expect(await codeOf(own.put("k", "text"))).toBe("done");
  answers = [status(500), cut];
  expect(await codeOf(own.get("k"))).toBe("done");
  expect(asked).toEqual([...Array<string>(3).fill("PUT /app--dev/n/k"), ...Array<string>(3).fill("GET /app--dev/n/k")]);
});

it("says when it gave up, and when it cannot know", async () => {
  answers = [503, 503, 503, 503].map((code) => status(code));
  expect(await codeOf(own.put("k", "text"))).toBe("FILE_BUSY");
  expect(asked).toHaveLength(4);
  for (const lost of [cut, status(500)]) {
    answers = [lost];
    expect(await codeOf(own.put("k", "text"))).toBe("FILE_OUTCOME_UNKNOWN");
    answers = [lost];
    expect(await codeOf(own.delete("k"))).toBe("FILE_OUTCOME_UNKNOWN");
  }
  expect(asked).toHaveLength(8);
});

it("repeats no stream, whose own error is the caller's", async () => {
  const stream = new Response("text").body;
  answers = [status(503)];
  expect(await codeOf(own.put("k", stream, { size: 4 }))).toBe("FILE_BUSY");
  const failing = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.error(new Error("of the caller"));
    },
  });
  expect(await codeOf(own.put("k", failing, { size: 4 }))).toBe("of the caller");
  expect(failing.locked).toBe(false);
  expect(asked.length).toBeLessThanOrEqual(2);
});

it("tells a file that is not there from a bucket that is not there, or not permitted", async () => {
  answers = [status(404, xml("NoSuchKey"))];
  expect(await own.get("k")).toBeUndefined();
  answers = [status(404, xml("NoSuchBucket")), status(403, xml("AccessDenied")), status(400, xml("Odd"))];
  expect(await codeOf(own.get("k"))).toBe("FILE_MISSING");
  expect(await codeOf(own.put("k", ""))).toBe("FILE_MISSING");
  expect(await codeOf(own.get("k"))).toBe("S3 answered 400 Odd");
});

it("makes a form whose policy names all its fields, in ASCII", async () => {
  const { url, fields } = await own.uploadForm("é\u{10ffff}", { maxBytes: 5, type: "text/plain", expires: 60 });
  expect(url).toBe(`${process.env["AWS_ENDPOINT_URL_S3"]}/app--dev/`);
  const { policy = "", "x-amz-signature": signature, ...others } = fields;
  expect(signature).toMatch(/^[0-9a-f]{64}$/);
  const text = Buffer.from(policy, "base64").toString();
  expect(text).toMatch(/^[ -~]*$/);
  const { conditions } = JSON.parse(text) as { readonly conditions: readonly unknown[] };
  expect(conditions).toEqual([
    { bucket: "app--dev" },
    ["content-length-range", 0, 5],
    ...Object.entries(others).map(([name, value]) => ["eq", `$${name}`, value]),
  ]);
  expect(others).toMatchObject({ key: "n/é\u{10ffff}", "x-amz-security-token": "token" });
  expect(others["x-amz-credential"]).toMatch(/^ASIAKEY\/\d{8}\/eu-west-1\/s3\/aws4_request$/);
  expect(await codeOf(own.uploadForm("a/${filename}", { maxBytes: 5, type: "a/b" }))).toBe("FILE_KEY");
});

it("knows that nothing was sent where no address of a name takes a connection, or one", () => {
  const refused = Object.assign(new Error("refused"), { code: "ECONNREFUSED", syscall: "connect" });
  // As Node fails for a name with several addresses (lib/net.js, internalConnectMultiple).
  const all = Object.assign(new AggregateError([refused, refused]), { code: "ECONNREFUSED" });
  const reset = Object.assign(new Error("reset"), { code: "ECONNRESET", syscall: "read" });
  expect([refused, all, reset, {}].map((cause) => isUnsent(cause))).toEqual([true, true, false, false]);
});
