/** The files of an app in an S3 bucket, whose objects are called `NAMESPACE/KEY`. */
import { parseRange } from "../../runtime/preconditions.ts";
import type { Engine, FoundFile, ListedFile } from "./engine.ts";
import { FileError } from "./file-error.ts";
import type { Bucket, S3Answer } from "./s3-call.ts";

/** The operations on a namespace. */
export function createS3Engine(bucket: Bucket, namespace: string): Engine {
  const nameOf = (key: string): string => `${namespace}/${key}`;
  return {
    async put(key, content, type) {
      const headers = { "content-type": type };
      const answer = await bucket.send({ method: "PUT", name: nameOf(key), headers, content });
      await expectStatus(answer, 200);
      answer.resume();
      return { size: content.size!, etag: answer.headers.etag!, modified: new Date(answer.headers.date!) };
    },
    async get(key, range) {
      const name = nameOf(key);
      const headers = isRange(range) ? { range: range!.replace(/\s/g, "") } : {};
      const answer = await bucket.send({ method: "GET", name, headers });
      // S3 does not say the type and the tag with 416.
      const found = answer.statusCode === 416 ? await bucket.send({ method: "HEAD", name }) : answer;
      if (found === answer) {
        if (found.statusCode === 404 && (await codeOf(found)) === "NoSuchKey") return undefined;
        if (found.statusCode !== 206) await expectStatus(found, 200);
        return { ...toFound(found), body: toStream(answer) };
      }
      answer.resume();
      found.resume();
      if (found.statusCode === 404) return undefined;
      await expectStatus(found, 200);
      return { ...toFound(found), body: null };
    },
    async delete(key) {
      const answer = await bucket.send({ method: "DELETE", name: nameOf(key) });
      await expectStatus(answer, 204);
      answer.resume();
    },
    async list(prefix, after, limit) {
      const query = {
        "encoding-type": "url",
        "list-type": "2",
        "max-keys": String(limit),
        prefix: nameOf(prefix),
        ...(after && { "start-after": nameOf(after) }),
      };
      const answer = await bucket.send({ method: "GET", query });
      await expectStatus(answer, 200);
      const parts = (await textOf(answer)).split("<Contents>").slice(1);
      return parts.map((part) => toListed(part, namespace));
    },
    form: async (key, limits) => bucket.form(nameOf(key), limits),
  };
}

/** Whether the header is one range of bytes, whatever the size is. */
const isRange = (range: string | undefined): boolean =>
  range !== undefined && parseRange(range, Number.MAX_SAFE_INTEGER).status !== 200;

function toFound({ headers }: S3Answer): Omit<FoundFile, "body"> {
  const [, size = headers["content-length"]] = /\/(\d+)$/.exec(headers["content-range"] ?? "") ?? [];
  return {
    size: Number(size),
    type: headers["content-type"] ?? "application/octet-stream",
    etag: headers.etag!,
    modified: new Date(headers["last-modified"]!),
  };
}

/** Bytes of an answer that is read to its end although nobody wants it, so that its connection is used again. */
const smallBody = 65_536;

function toStream(answer: S3Answer): ReadableStream<Uint8Array> {
  const parts = answer[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { value } = await parts.next();
        if (value) controller.enqueue(value);
        else controller.close();
      },
      cancel() {
        if (Number(answer.headers["content-length"]) > smallBody) answer.destroy();
        else answer.resume();
      },
    },
    { highWaterMark: 0 },
  );
}

async function textOf(answer: S3Answer): Promise<string> {
  let text = "";
  for await (const part of answer.setEncoding("utf8")) text += part as string;
  return text;
}

const codeOf = async (answer: S3Answer): Promise<string> => valueOf(await textOf(answer), "Code");

/** Throws FileError for another status: FILE_MISSING where it is about the bucket or the role. */
async function expectStatus(answer: S3Answer, status: number): Promise<void> {
  if (answer.statusCode === status) return;
  const code = answer.readableEnded ? "" : await codeOf(answer);
  if (/^(?:NoSuchBucket|AccessDenied)$/.test(code) || answer.statusCode === 404)
    throw new FileError("FILE_MISSING", "no bucket, or no permission: release with portico deploy");
  throw new Error(`S3 answered ${answer.statusCode} ${code}`);
}

/** The text of an element of S3's XML. */
const valueOf = (xml: string, name: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "";

const toListed = (part: string, namespace: string): ListedFile => ({
  // S3 writes a space as a plus sign.
  key: decodeURIComponent(valueOf(part, "Key").replaceAll("+", "%20")).slice(namespace.length + 1),
  size: Number(valueOf(part, "Size")),
  etag: valueOf(part, "ETag").replaceAll("&quot;", '"'),
  modified: new Date(valueOf(part, "LastModified")),
});
