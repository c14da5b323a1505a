/** Cases: photos that visitors of the reference app upload, through the form that its page has. */
import { type Answer, type Case, type Step, textOf } from "../case.ts";

/** Bytes with which a JPEG begins; the rest is nobody's business here. */
const photo = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.from("a photo")]);

const unescaped = (text: string): string =>
  text.replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<").replaceAll("&amp;", "&");

/** The page's form: where it goes, its fields, and the page that follows. */
function formOf(answer: Answer) {
  const html = textOf(answer);
  const part = (pattern: RegExp): string => unescaped(pattern.exec(html)?.[1] ?? "");
  const fields = [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
  return {
    action: part(/ action="([^"]*)"/),
    next: part(/ data-next="([^"]*)"/),
    fields: fields.map(([, name = "", value = ""]) => [name, unescaped(value)] as const),
  };
}

const page: Step = {
  ask: { target: "/photos" },
  expect: { status: 200, headers: { "cache-control": "no-store" }, body: /accept="image\/jpeg".*at most 4 MB/s },
};

/** Sends a form of an answer before as a browser does, with the file last. @param at which answer, from 0 */
const upload = (
  file: Uint8Array,
  expect: Step["expect"],
  { at = 0, change = (value: string, _name: string): string => value } = {},
): Step => ({
  ask: ({ origin, answers }) => {
    const { action, fields } = formOf(answers[at]!);
    const url = new URL(action, origin);
    const parts = fields.map(
      ([name, value]) => `--B\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${change(value, name)}\r\n`,
    );
    const head = `--B\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`;
    return {
      method: "POST",
      ...(url.origin !== new URL(origin).origin && { to: url.origin }),
      target: url.pathname,
      headers: [
        ["Content-Type", "multipart/form-data; boundary=B"],
        ["Origin", origin],
      ],
      body: Buffer.concat([Buffer.from(parts.join("") + head), file, Buffer.from("\r\n--B--\r\n")]),
    };
  },
  expect,
});

/** The page that follows an upload. @param at the answer with its form, from 0 */
const followed = (expect: Step["expect"], at = 0): Step => ({
  ask: ({ answers }) => ({ target: new URL(formOf(answers[at]!).next).pathname }),
  expect,
});

const keyOf = (answer: Answer): string => new URL(formOf(answer).next).pathname.split("/").at(-1) ?? "";

const read = (range: string | undefined, expect: Step["expect"]): Step => ({
  ask: ({ answers }) => ({
    target: `/photos/${keyOf(answers[0]!)}`,
    ...(range !== undefined && { headers: [["Range", range]] }),
  }),
  expect,
});

const stored: Step["expect"] = ({ answers }) => ({
  status: 303,
  // S3 adds a query.
  check: ({ headers }) => {
    const [, location = ""] = headers.find(([name]) => name.toLowerCase() === "location") ?? [];
    if (location.split("?")[0] !== formOf(answers[0]!).next) throw new Error(`to ${location}`);
  },
});

/** The reference app's photos. */
export const photos: readonly Case[] = [
  {
    name: "a visitor's photo is stored by its form, listed and read, whole and in part",
    app: "reference",
    steps: [
      page,
      upload(photo, stored),
      followed({ status: 303, headers: { location: "/photos" } }),
      {
        ask: { target: "/photos" },
        expect: ({ answers }) => ({ status: 200, body: new RegExp(`<img src="/photos/${keyOf(answers[0]!)}"`) }),
      },
      read(undefined, {
        status: 200,
        headers: { "content-type": "image/jpeg", "accept-ranges": "bytes", "x-content-type-options": "nosniff" },
        body: photo,
      }),
      read("bytes=4-", {
        status: 206,
        headers: { "content-range": `bytes 4-${photo.length - 1}/${photo.length}` },
        body: "a photo",
      }),
      read("bytes=99-", { status: 416, headers: { "content-range": `bytes */${photo.length}` } }),
    ],
  },
  {
    name: "a file that is no photo is not kept",
    app: "reference",
    steps: [
      page,
      upload(Buffer.from("GIF89a"), stored),
      followed({ status: 415, body: /The file is not a JPEG, so it was not kept\./ }),
      followed({ status: 404, json: { error: "There is no such photo" } }),
    ],
  },
  {
    name: "a form takes neither a larger photo nor another type, and nothing of them is kept",
    app: "reference",
    steps: [
      page,
      // S3 says 400 and 403 where Portico says 413 and 415.
      upload(Buffer.alloc(4_000_001), { status: [400, 413] }),
      upload(
        photo,
        { status: [403, 415] },
        { change: (value, name) => (name === "Content-Type" ? "text/html" : value) },
      ),
      upload(photo, { status: 403 }, { change: (value, name) => (name === "policy" ? `${value}AAAA` : value) }),
      read(undefined, { status: 404, json: { error: "There is no such photo" } }),
    ],
  },
  ...["none", "%00", "..%2Fx"].map((key): Case => ({
    name: `no photo: ${key}`,
    app: "reference",
    steps: [{ ask: { target: `/photos/${key}` }, expect: { status: 404, json: { error: "There is no such photo" } } }],
  })),
];
