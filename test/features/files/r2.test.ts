/** Files in R2 that go up in parts, in the R2 of workerd: their bytes, and what a failing part leaves. */
import { Log, LogLevel, Miniflare } from "miniflare";
import { afterAll, beforeAll, expect, it } from "vitest";
import { files } from "../../../framework/features/files/workers.ts";
import { createCall } from "../../../framework/node/testing.ts";

interface Upload {
  uploadPart(number: number, value: Uint8Array): Promise<unknown>;
  abort(): Promise<void>;
  complete(parts: readonly unknown[]): Promise<unknown>;
}
type Bucket = Awaited<ReturnType<Miniflare["getR2Bucket"]>>;

let miniflare: Miniflare;
let bucket: Bucket;
beforeAll(async () => {
  miniflare = new Miniflare({
    modules: true,
    script: "export default { fetch: () => new Response() }",
    log: new Log(LogLevel.NONE),
    r2Buckets: ["FILES"],
  });
  bucket = await miniflare.getR2Bucket("FILES");
});
afterAll(() => miniflare.dispose());

const open = (own: object) => {
  const env = { PORTICO_FILES: own, PORTICO_FILES_KEY: "key" };
  return files(createCall({ platform: { name: "workers", env, context: {}, cf: {} } }), "n");
};

const size = 9 * 1024 ** 2 + 1;
const bytes = new Uint8Array(size).map((_, at) => at % 251);

/** In pieces of other sizes than parts. */
const streamOf = (): ReadableStream<Uint8Array> => {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= size) return controller.close();
      controller.enqueue(bytes.slice(at, at + 700_001));
      at += 700_001;
    },
  });
};

/** The bucket, whose parts fail from one on. */
function failingFrom(number: number) {
  const calls: string[] = [];
  const failing = {
    put: bucket.put.bind(bucket),
    async createMultipartUpload(...options: Parameters<Bucket["createMultipartUpload"]>): Promise<Upload> {
      const upload = (await bucket.createMultipartUpload(...options)) as unknown as Upload;
      return {
        uploadPart: (part, value) => {
          calls.push(`part ${part}`);
          return part < number ? upload.uploadPart(part, value) : Promise.reject(new Error("down"));
        },
        abort: () => (calls.push("abort"), upload.abort()),
        complete: (parts) => upload.complete(parts),
      };
    },
  };
  return { failing, calls };
}

it.each(["bytes", "stream"])("%s of 9 MB go up in two parts, and come back as they were", async (kind) => {
  const { failing, calls } = failingFrom(Infinity);
  const stored = await open(failing).put(kind, kind === "bytes" ? bytes : streamOf(), { size, type: "a/b" });
  expect([stored.size, calls]).toEqual([size, ["part 1", "part 2"]]);
  const found = await open(bucket).get(kind);
  expect([found?.size, found?.type]).toEqual([size, "a/b"]);
  expect(Buffer.compare(await new Response(found!.body).bytes(), bytes)).toBe(0);
});

it.each([1, 2])("part %d that fails leaves nothing, and the stream is nobody's any more", async (number) => {
  const { failing, calls } = failingFrom(number);
  const stream = streamOf();
  await expect(open(failing).put("failed", stream, { size })).rejects.toMatchObject({ code: "FILE_BUSY" });
  expect(calls.at(-1)).toBe("abort");
  expect(stream.locked).toBe(false);
  expect(await open(bucket).get("failed")).toBeUndefined();
});
