/** The operations of S3, called by the AWS SDK's client and with raw HTTP requests. */
// @module-tag check
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  type CORSRule,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketAclCommand,
  PutBucketCorsCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutPublicAccessBlockCommand,
  paginateListObjectsV2,
  S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lab, openLab, refusalOf } from "../../lab.ts";
import { sendSigned } from "../signed.ts";

let lab: Lab;
const Bucket = "portico-000000000000";
beforeAll(async () => {
  lab = await openLab();
  await lab.s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => lab.close());

const put = (Key: string, Body: string, more: Partial<PutObjectCommandInput> = {}) =>
  lab.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = async (Key: string): Promise<string> =>
  (await lab.s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString();

describe("buckets", () => {
  it("can be created again by their owner, as in us-east-1", async () => {
    await lab.s3.send(new CreateBucketCommand({ Bucket: "made.here" }));
    await lab.s3.send(new CreateBucketCommand({ Bucket: "made.here" }));
    expect(await refusalOf(lab.s3.send(new GetObjectCommand({ Bucket: "not.made", Key: "a" })))).toMatchObject({
      name: "NoSuchBucket",
    });
  });

  it("are refused with an invalid name or location", async () => {
    for (const odd of ["ab", "Upper", "a_b", "a..b", "192.168.1.1", "xn--a", "-ab", "a".repeat(64), "name-s3alias"]) {
      expect(await refusalOf(lab.s3.send(new CreateBucketCommand({ Bucket: odd })))).toMatchObject({
        name: "InvalidBucketName",
        status: 400,
      });
    }
    const at = (LocationConstraint: "us-east-1" | "eu-west-1") =>
      lab.s3.send(
        new CreateBucketCommand({
          Bucket: "placed",
          CreateBucketConfiguration: { LocationConstraint: LocationConstraint as "eu-west-1" },
        }),
      );
    expect(await refusalOf(at("us-east-1"))).toMatchObject({ name: "InvalidLocationConstraint", status: 400 });
    expect(await refusalOf(at("eu-west-1"))).toMatchObject({ name: "IllegalLocationConstraintException", status: 400 });
  });

  it("block public access by default, and have tags", async () => {
    const file = join(lab.folder, "state", "buckets", `${Bucket}.json`);
    const kept = () => (JSON.parse(readFileSync(file, "utf8")) as { record: object }).record;
    const all = { BlockPublicAcls: true, IgnorePublicAcls: true, BlockPublicPolicy: true, RestrictPublicBuckets: true };
    expect(kept()).toMatchObject({ publicAccess: all, tags: {} });
    const some = { ...all, RestrictPublicBuckets: false };
    await lab.s3.send(new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: some }));
    const TagSet = [
      { Key: "portico", Value: "a b/+c=@" },
      { Key: "나", Value: "" },
    ];
    await lab.s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
    expect(kept()).toMatchObject({ publicAccess: some, tags: { portico: "a b/+c=@", 나: "" } });
    const twice = { TagSet: [TagSet[0]!, TagSet[0]!] };
    expect(await refusalOf(lab.s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: twice })))).toMatchObject({
      name: "InvalidTag",
    });
    expect((await lab.s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet).toEqual(TagSet);
  });

  it("have rules of cross-origin requests", async () => {
    const file = join(lab.folder, "state", "buckets", `${Bucket}.json`);
    const rules = () => (JSON.parse(readFileSync(file, "utf8")) as { record: { cors?: object } }).record.cors;
    const set = (...CORSRules: readonly CORSRule[]) =>
      lab.s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules: [...CORSRules] } }));
    expect(rules()).toBeUndefined();
    const rule = { AllowedOrigins: ["https://a.example", "http://*.b.example"], AllowedMethods: ["POST", "GET"] };
    const full = { ...rule, AllowedHeaders: ["x-*"], ExposeHeaders: ["ETag"], MaxAgeSeconds: 600 };
    await set(rule, full);
    const kept = { origins: rule.AllowedOrigins, methods: rule.AllowedMethods, headers: [], exposed: [] };
    expect(rules()).toEqual([kept, { ...kept, headers: ["x-*"], exposed: ["ETag"], maxAge: 600 }]);
    for (const [wrong, name] of [
      [{ ...rule, AllowedOrigins: ["*.*"] }, "InvalidRequest"],
      [{ ...rule, AllowedMethods: ["PATCH"] }, "InvalidRequest"],
      [{ ...rule, ExposeHeaders: ["x-*"] }, "InvalidRequest"],
      [{ ...rule, AllowedOrigins: [] }, "MalformedXML"],
    ] as const)
      expect(await refusalOf(set(wrong as unknown as CORSRule))).toMatchObject({ name, status: 400 });
  });

  it("are deleted when they are empty", async () => {
    await lab.s3.send(new CreateBucketCommand({ Bucket: "short-lived" }));
    const empty = { Bucket: "short-lived" };
    expect(await refusalOf(lab.s3.send(new GetBucketTaggingCommand(empty)))).toMatchObject({ name: "NoSuchTagSet" });
    await lab.s3.send(new PutObjectCommand({ ...empty, Key: "a", Body: "" }));
    expect(await refusalOf(lab.s3.send(new DeleteBucketCommand(empty)))).toMatchObject({
      name: "BucketNotEmpty",
      status: 409,
    });
    await lab.s3.send(new DeleteObjectCommand({ ...empty, Key: "a" }));
    await lab.s3.send(new DeleteBucketCommand(empty));
    expect(await refusalOf(lab.s3.send(new DeleteBucketCommand(empty)))).toMatchObject({ name: "NoSuchBucket" });
  });
});

describe("objects", () => {
  it("are put, read and deleted with their headers and metadata", async () => {
    const { ETag, ChecksumCRC32 } = await put("a/나의 비밀 방 +&%.json", '{"a":1}', {
      ContentType: "application/json",
      CacheControl: "no-store",
      Metadata: { release: "7" },
    });
    expect(ETag).toBe('"bb6cb5c68df4652941caf652a366f2d8"');
    expect(ChecksumCRC32).toMatch(/^[A-Za-z0-9+/]{6}==$/);
    const Key = "a/나의 비밀 방 +&%.json";
    const head = await lab.s3.send(new HeadObjectCommand({ Bucket, Key }));
    expect(head).toMatchObject({
      ETag,
      ContentLength: 7,
      ContentType: "application/json",
      CacheControl: "no-store",
      Metadata: { release: "7" },
    });
    expect(head.LastModified).toBeInstanceOf(Date);
    expect(await get(Key)).toBe('{"a":1}');
    await lab.s3.send(new DeleteObjectCommand({ Bucket, Key }));
    await lab.s3.send(new DeleteObjectCommand({ Bucket, Key }));
    expect(await refusalOf(get(Key))).toMatchObject({ name: "NoSuchKey", status: 404 });
    expect(await refusalOf(lab.s3.send(new HeadObjectCommand({ Bucket, Key })))).toMatchObject({
      name: "NotFound",
      status: 404,
    });
  });

  it("are uploaded as a chunked stream with a trailing checksum", async () => {
    const Body = Readable.from([Buffer.from("first "), Buffer.alloc(100_000, "x"), Buffer.from(" last")]);
    await lab.s3.send(new PutObjectCommand({ Bucket, Key: "stream", Body, ContentLength: 100_011 }));
    expect((await get("stream")).length).toBe(100_011);
    const { ContentEncoding } = await lab.s3.send(new HeadObjectCommand({ Bucket, Key: "stream" }));
    expect(ContentEncoding).toBeUndefined();
  });

  it("with a wrong checksum or an unsupported algorithm are refused", async () => {
    expect(await refusalOf(put("sum", "text", { ChecksumCRC32: "AAAAAA==" }))).toMatchObject({
      name: "BadDigest",
      status: 400,
    });
    expect(await refusalOf(put("sum", "text", { ContentMD5: "AAAAAAAAAAAAAAAAAAAAAA==" }))).toMatchObject({
      name: "BadDigest",
      status: 400,
    });
    expect(await refusalOf(put("sum", "text", { ChecksumCRC64NVME: "AAAAAAAAAAA=" }))).toMatchObject({
      name: "NotImplemented",
      status: 501,
    });
    await put("sum", "text", { ChecksumAlgorithm: "SHA256" });
    const { ChecksumSHA256 } = await lab.s3.send(
      new HeadObjectCommand({ Bucket, Key: "sum", ChecksumMode: "ENABLED" }),
    );
    expect(ChecksumSHA256).toBe(createHash("sha256").update("text").digest("base64"));
  });

  it("are files that only their owner can read", async () => {
    await put("private", "a secret");
    const folder = join(lab.folder, "s3");
    const modes = readdirSync(folder).map((name) => statSync(join(folder, name)).mode & 0o777);
    expect(new Set(modes)).toEqual(new Set([0o600]));
  });

  it("survive a restart", async () => {
    await put("kept", "one");
    await put("kept", "two", { Metadata: { a: "b" } });
    await lab.restart();
    expect(await get("kept")).toBe("two");
  });

  it("are read in one range of bytes, as the SDK asks for it", async () => {
    await put("ranged", "0123456789");
    const read = (Range: string) => lab.s3.send(new GetObjectCommand({ Bucket, Key: "ranged", Range }));
    const shown = async (Range: string) => {
      const { ContentRange, ContentLength, Body } = await read(Range);
      return [ContentRange, ContentLength, await Body!.transformToString()];
    };
    expect(await shown("bytes=2-4")).toEqual(["bytes 2-4/10", 3, "234"]);
    expect(await shown("bytes=8-99")).toEqual(["bytes 8-9/10", 2, "89"]);
    expect(await shown("bytes=-3")).toEqual(["bytes 7-9/10", 3, "789"]);
    expect(await shown("bytes=0-1,3-4")).toEqual([undefined, 10, "0123456789"]);
    for (const beyond of ["bytes=10-", "bytes=-0"])
      expect(await refusalOf(read(beyond))).toMatchObject({ name: "InvalidRange", status: 416 });
  });

  it("are deleted many at once, with any key that XML can name", async () => {
    const keys = ["many/a&b", "many/<나>", "many/none"];
    for (const key of keys.slice(0, 2)) await put(key, "x");
    const Delete = { Objects: keys.map((Key) => ({ Key })) };
    const { Deleted } = await lab.s3.send(new DeleteObjectsCommand({ Bucket, Delete }));
    expect(Deleted?.map(({ Key }) => Key)).toEqual(keys);
    expect((await lab.s3.send(new ListObjectsV2Command({ Bucket, Prefix: "many/" }))).KeyCount).toBe(0);
    const quiet = await lab.s3.send(new DeleteObjectsCommand({ Bucket, Delete: { ...Delete, Quiet: true } }));
    expect(quiet.Deleted).toBeUndefined();
    const odd = { Objects: [{ Key: "a\x01" }] };
    expect(await refusalOf(lab.s3.send(new DeleteObjectsCommand({ Bucket, Delete: odd })))).toMatchObject({
      name: "MalformedXML",
    });
    const versions = { Objects: [{ Key: "a", VersionId: "1" }] };
    expect(await refusalOf(lab.s3.send(new DeleteObjectsCommand({ Bucket, Delete: versions })))).toMatchObject({
      name: "NotImplemented",
    });
  });
});

describe("preconditions", () => {
  it("let only one of two writers create an object", async () => {
    const results = await Promise.all(
      ["one", "two", "three"].map((body) =>
        put("lock", body, { IfNoneMatch: "*" }).then(
          () => body,
          (error: Error) => error.name,
        ),
      ),
    );
    expect(results.filter((result) => result === "PreconditionFailed")).toHaveLength(2);
    expect(results).toContain(await get("lock"));
    expect(await refusalOf(put("lock", "four", { IfNoneMatch: "*" }))).toMatchObject({ status: 412 });
  });

  it("let only a client with the current ETag replace or delete an object", async () => {
    const { ETag: first } = await put("lease", "first");
    const { ETag: second } = await put("lease", "second", { IfMatch: first });
    expect(await refusalOf(put("lease", "third", { IfMatch: first }))).toMatchObject({
      name: "PreconditionFailed",
      status: 412,
    });
    const remove = (IfMatch: string | undefined) =>
      lab.s3.send(new DeleteObjectCommand({ Bucket, Key: "lease", IfMatch }));
    expect(await refusalOf(remove(first))).toMatchObject({ name: "PreconditionFailed", status: 412 });
    await remove(second);
    expect(await refusalOf(put("lease", "fourth", { IfMatch: second }))).toMatchObject({
      name: "NoSuchKey",
      status: 404,
    });
    expect(await refusalOf(remove(second))).toMatchObject({ name: "NoSuchKey", status: 404 });
  });

  it("apply to reads too", async () => {
    const { ETag } = await put("read", "text");
    const read = (more: object) => lab.s3.send(new GetObjectCommand({ Bucket, Key: "read", ...more }));
    await read({ IfMatch: ETag });
    expect(await refusalOf(read({ IfMatch: '"other"' }))).toMatchObject({ status: 412 });
    expect(await refusalOf(read({ IfNoneMatch: ETag }))).toMatchObject({ status: 304 });
  });
});

describe("ListObjectsV2", () => {
  it("lists a prefix in pages, sorted by the bytes of the keys", async () => {
    await lab.s3.send(new CreateBucketCommand({ Bucket: "listed" }));
    const keys = ["apps/a/1", "apps/a/2", "apps/a-b/1", "apps/b/𝒳", "apps/b/ｚ", "other"];
    for (const Key of keys.toReversed()) await lab.s3.send(new PutObjectCommand({ Bucket: "listed", Key, Body: Key }));
    const found: (string | undefined)[] = [];
    for await (const page of paginateListObjectsV2(
      { client: lab.s3, pageSize: 2 },
      { Bucket: "listed", Prefix: "apps/" },
    )) {
      expect(page.KeyCount).toBeLessThanOrEqual(2);
      found.push(...(page.Contents ?? []).map(({ Key }) => Key));
    }
    expect(found).toEqual(["apps/a-b/1", "apps/a/1", "apps/a/2", "apps/b/ｚ", "apps/b/𝒳"]);
    const folders = await lab.s3.send(new ListObjectsV2Command({ Bucket: "listed", Prefix: "apps/", Delimiter: "/" }));
    expect(folders.CommonPrefixes).toEqual([{ Prefix: "apps/a-b/" }, { Prefix: "apps/a/" }, { Prefix: "apps/b/" }]);
    expect(folders).toMatchObject({ IsTruncated: false, KeyCount: 3 });
    const prefixes: (string | undefined)[] = [];
    for await (const page of paginateListObjectsV2(
      { client: lab.s3, pageSize: 1 },
      { Bucket: "listed", Delimiter: "/" },
    ))
      prefixes.push(
        ...[...(page.CommonPrefixes ?? []), ...(page.Contents ?? []).map(({ Key: Prefix }) => ({ Prefix }))].map(
          ({ Prefix }) => Prefix,
        ),
      );
    expect(prefixes).toEqual(["apps/", "other"]);
    const encoded = await lab.s3.send(
      new ListObjectsV2Command({ Bucket: "listed", EncodingType: "url", Prefix: "apps/b/", MaxKeys: 1 }),
    );
    expect(encoded.Contents?.map(({ Key }) => Key)).toEqual(["apps/b/%EF%BD%9A"]);
    const after = await lab.s3.send(new ListObjectsV2Command({ Bucket: "listed", StartAfter: "apps/b/ｚ" }));
    expect(after.Contents?.map(({ Key, Size }) => [Key, Size])).toEqual([
      ["apps/b/𝒳", 11],
      ["other", 5],
    ]);
    const odd = lab.s3.send(new ListObjectsV2Command({ Bucket: "listed", ContinuationToken: "§" }));
    expect(await refusalOf(odd)).toMatchObject({ name: "InvalidArgument", status: 400 });
  });
});

describe("the expected bucket owner", () => {
  it("must be this account", async () => {
    await put("owned", "", { ExpectedBucketOwner: "000000000000" });
    expect(await refusalOf(put("owned", "", { ExpectedBucketOwner: "111122223333" }))).toMatchObject({
      name: "AccessDenied",
      status: 403,
    });
  });
});

describe("an HTTP response", () => {
  it("contains XML, request ids and the date of the cloud's clock", async () => {
    const { status, headers, text } = await sendSigned(lab.cloud, "s3", "GET", `/${Bucket}/nothing`);
    expect(status).toBe(404);
    expect(headers.get("content-type")).toBe("application/xml");
    expect(Math.abs(Date.parse(headers.get("date")!) - Date.now())).toBeLessThan(60_000);
    const id = headers.get("x-amz-request-id");
    expect(text).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code>` +
        `<Message>The specified key does not exist.</Message><Key>nothing</Key>` +
        `<RequestId>${id}</RequestId><HostId>${headers.get("x-amz-id-2")}</HostId></Error>`,
    );
    const failed = await refusalOf(put("lock", "", { IfNoneMatch: "*" }));
    expect(failed.message).toBe("At least one of the pre-conditions you specified did not hold");
  });

  it("refuses unsigned and wrongly signed requests with S3's errors", async () => {
    const { accessKeyId, secretAccessKey, url: endpoint, region } = lab.cloud;
    const stranger = (credentials: { accessKeyId: string; secretAccessKey: string }, where = region) =>
      new S3Client({ endpoint, region: where, credentials, forcePathStyle: true, maxAttempts: 1 }).send(
        new GetObjectCommand({ Bucket, Key: "kept" }),
      );
    const wrong = await refusalOf(stranger({ accessKeyId, secretAccessKey: "x".repeat(40) }));
    expect(wrong).toMatchObject({ name: "SignatureDoesNotMatch", status: 403 });
    const unknown = await refusalOf(stranger({ accessKeyId: "AKIAAAAAAAAAAAAAAAAA", secretAccessKey }));
    expect(unknown).toMatchObject({ name: "InvalidAccessKeyId", status: 403 });
  });

  it("refuses unsupported headers and parameters by name", async () => {
    const list = lab.s3.send(new ListBucketsCommand({}));
    expect(await refusalOf(list)).toMatchObject({
      name: "NotImplemented",
      status: 501,
      message: expect.stringContaining("GET /"),
    });
    const acl = lab.s3.send(new PutBucketAclCommand({ Bucket, ACL: "public-read" }));
    expect(await refusalOf(acl)).toMatchObject({
      name: "NotImplemented",
      status: 501,
      message: expect.stringContaining("?acl"),
    });
    const tagged = await refusalOf(put("tagged", "", { Tagging: "a=b" }));
    expect(tagged).toMatchObject({ name: "NotImplemented", message: expect.stringContaining("x-amz-tagging") });
    expect(await refusalOf(put("k".repeat(1025), ""))).toMatchObject({ name: "KeyTooLongError", status: 400 });
    await put("k".repeat(1024), "");
    expect(await get("k".repeat(1024))).toBe("");
  });
});
