/** Tests of the route of upload forms, as clients send them: whole, in pieces, cut off, forged and too late. */
import { describe, expect, it } from "vitest";
import { files } from "../../../framework/features/files/node.ts";
import { uploads } from "../../../framework/features/files/node-uploads.ts";
import { createCall } from "../../../framework/node/testing.ts";

const call = createCall();
const pictures = files(call, "pictures");
const key = (): string => crypto.randomUUID();

type Fields = Readonly<Record<string, string>>;

/** The form as a browser sends it. */
function encoded(fields: Fields, file: string | undefined, tail = "\r\n--B--\r\n"): Uint8Array {
  const parts = Object.entries(fields).map(
    ([name, value]) => `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  const disposition = `Content-Disposition: form-data; name="file"; filename="a;b.png"`;
  const head = `--B\r\n${disposition}\r\nContent-Type: image/png\r\n\r\n`;
  return Buffer.from(parts.join("") + (file === undefined ? "--B--\r\n" : head + file + tail));
}

/** @param size of the pieces in which it comes */
function request(url: string, body: Uint8Array, size = Infinity, type = "multipart/form-data; boundary=B"): Request {
  let at = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= body.length) return controller.close();
      controller.enqueue(body.slice(at, at + size));
      at += size;
    },
  });
  return new Request(new URL(url, "http://localhost"), {
    method: "POST",
    headers: { "content-type": type, ...(size === Infinity && { "content-length": `${body.length}` }) },
    body: stream,
    duplex: "half",
  } as RequestInit);
}

const form = (name: string, maxBytes = 20, expires = 60) =>
  pictures.uploadForm(name, { maxBytes, type: "image/png", expires });

const textOf = async (name: string): Promise<string | undefined> => {
  const found = await pictures.get(name);
  return found && new Response(found.body).text();
};

/** Status and error. */
async function answerOf(sent: Request): Promise<readonly unknown[]> {
  const response = await uploads(sent, call);
  const text = await response.text();
  return [response.status, ...(text ? [(JSON.parse(text) as { readonly error: string }).error] : [])];
}

it.each([Infinity, 1, 2, 3, 7, 64])("stores the file of a form that comes in pieces of %d bytes", async (size) => {
  const name = key();
  const { url, fields, method } = await form(name);
  expect(method).toBe("POST");
  for (const file of ["12345678901234567890", "", "\r\n--\r\n--", "--B--\r\n"]) {
    const response = await uploads(request(url, encoded(fields, file), size), call);
    expect(response.status).toBe(204);
    const found = await pictures.get(name);
    expect(found).toMatchObject({ type: "image/png", size: file.length, etag: response.headers.get("etag") });
    expect(await new Response(found!.body).text()).toBe(file);
  }
});

it("leads a browser to the page that was signed once the file is stored", async () => {
  const name = key();
  const redirect = "https://example.com/생김?a=1&b";
  const { url, fields } = await pictures.uploadForm(name, { maxBytes: 3, type: "image/png", redirect });
  const response = await uploads(request(url, encoded(fields, "abc")), call);
  expect([response.status, response.headers.get("location")]).toEqual([303, new URL(redirect).href]);
  expect(await textOf(name)).toBe("abc");
  const tooLarge = await uploads(request(url, encoded(fields, "abcd")), call);
  expect([tooLarge.status, tooLarge.headers.get("location")]).toEqual([413, null]);
});

it("takes what curl and undici send: a quoted boundary, no last line break", async () => {
  const name = key();
  const { url, fields } = await form(name);
  const body = encoded(fields, "abc", "\r\n--B--");
  expect(await answerOf(request(url, body, Infinity, 'multipart/form-data; charset=utf-8; boundary="B"'))).toEqual([
    204,
  ]);
  expect(await textOf(name)).toBe("abc");
});

describe("refuses and stores nothing of", () => {
  it.each([Infinity, 5])("a file that is too large, in pieces of %d bytes", async (size) => {
    const name = key();
    const { url, fields } = await form(name);
    const sent = request(url, encoded(fields, "x".repeat(23)), size);
    expect(await answerOf(sent)).toEqual([413, "the file has more than 20 bytes"]);
    expect(await textOf(name)).toBeUndefined();
  });

  it("another type", async () => {
    const name = key();
    const { url, fields } = await form(name);
    const sent = request(url, encoded({ ...fields, "Content-Type": "text/html" }, "x"));
    expect(await answerOf(sent)).toEqual([415, "the form takes files of type image/png alone"]);
    expect(await textOf(name)).toBeUndefined();
  });

  it("an expired form", async () => {
    const name = key();
    const { url, fields } = await form(name, 20, 1);
    await expect
      .poll(async () => answerOf(request(url, encoded(fields, "x"))))
      .toEqual([403, "the form has expired; load the page again"]);
  });

  it("forged forms", async () => {
    const name = key();
    const { url, fields } = await form(name);
    const policy = JSON.parse(Buffer.from(fields["policy"]!, "base64url").toString()) as object;
    const larger = Buffer.from(JSON.stringify({ ...policy, maxBytes: 1e9 })).toString("base64url");
    const { signature: _, ...unsigned } = fields;
    const forged = [
      [url, { ...fields, policy: larger }],
      [url, { ...fields, signature: "" }],
      [url, unsigned],
      [url, {}],
      [url.replace("pictures", "others"), fields],
    ] as const;
    for (const [to, own] of forged)
      expect(await answerOf(request(to, encoded(own, "x")))).toEqual([
        403,
        "this app did not sign the form, or it was changed",
      ]);
    expect(await textOf(name)).toBeUndefined();
  });

  it("forms that are no forms, that end too early, and whose file is not the last", async () => {
    const name = key();
    const { url, fields } = await form(name);
    const whole = encoded(fields, "x");
    const noFile = 'the form ends before a field "file"';
    expect(await answerOf(request(url, whole, 9, "text/plain"))).toEqual([400, expect.stringContaining("multipart")]);
    expect(await answerOf(request(url, encoded(fields, undefined)))).toEqual([400, noFile]);
    expect(await answerOf(request(url, whole.subarray(0, 50), 9))).toEqual([400, noFile]);
    expect(await answerOf(request(url, whole.subarray(0, -9), 9))).toEqual([400, "the form is cut off"]);
    const more = '\r\n--B\r\nContent-Disposition: form-data; name="more"\r\n\r\nx\r\n--B--\r\n';
    expect(await answerOf(request(url, encoded(fields, "x", more), 9))).toEqual([
      400,
      'the field "file" is not the last one',
    ]);
    const long = { ...fields, long: "x".repeat(70_000) };
    expect(await answerOf(request(url, encoded(long, "x"), 9000))).toEqual([400, expect.stringContaining("65536")]);
    expect((await uploads(new Request(`http://localhost${url}`), call)).status).toBe(405);
    expect(await textOf(name)).toBeUndefined();
  });
});

it.each([
  ["maxBytes", { maxBytes: 0, type: "a/b" }, "FILE_FORM"],
  ["maxBytes", { maxBytes: 1.5, type: "a/b" }, "FILE_FORM"],
  ["expires", { maxBytes: 1, type: "a/b", expires: 0 }, "FILE_FORM"],
  ["expires", { maxBytes: 1, type: "a/b", expires: 700_000 }, "FILE_FORM"],
  ["redirect", { maxBytes: 1, type: "a/b", redirect: "/here" }, "ERR_INVALID_URL"],
  ["type", { maxBytes: 1, type: "" }, "FILE_TYPE"],
])("a form is refused for its %s", async (_, options, code) => {
  await expect(pictures.uploadForm("k", options)).rejects.toMatchObject({ code });
});
