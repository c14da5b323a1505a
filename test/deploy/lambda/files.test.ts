/** Releases of an app with files on Lambda: its bucket, whose it is, what is posted to it, and what a removal does. */
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { GetFunctionCommand } from "@aws-sdk/client-lambda";
import { afterEach, expect, test } from "vitest";
import { findFilesBucket } from "../../../deploy/lambda/files-bucket.ts";
import { filesBucketName, functionName } from "../../../deploy/lambda/names.ts";
import type { StoredData } from "../../../deploy/platform.ts";
import { switchRelease } from "../../../deploy/switch.ts";
import { removeStage } from "../../../deploy/teardown.ts";
import type { App } from "../../../framework/model/app.ts";
import {
  type DeployFixture,
  type DeployOptions,
  isWrite,
  openDeployFixture,
  page,
  place,
  type RecordedCall,
} from "./deploy-fixture.ts";

let fixture: DeployFixture;
afterEach(() => fixture.close());

const owner = { app: "road", stage: "local" };
const Bucket = filesBucketName(owner, place);
const pictures = `import { files } from "portico/files";
export const GET = async (_: Request, context: never) => {
  const file = await files(context, "pictures").get("a/ü");
  return file ? new Response(file.body, file) : new Response("none");
};
export const POST = async (_: Request, context: never) =>
  Response.json(await files(context, "pictures").uploadForm("a/ü", { maxBytes: 9, type: "text/plain", expires: 600 }));
`;
const url: Partial<App> = {
  group: "app",
  lambda: { architecture: "arm64", logRetention: 30, policies: [], front: "function-url" },
};

const at = (origin: string): URL => new URL("/pictures", origin);
const read = async (origin: string): Promise<string> => (await fetch(at(origin))).text();

/** As a visitor's page sends it; gives the status. */
async function send(origin: string, text: string): Promise<number> {
  const form = (await (await fetch(at(origin), { method: "POST" })).json()) as {
    readonly url: string;
    readonly fields: Readonly<Record<string, string>>;
  };
  const body = new FormData();
  for (const [name, value] of Object.entries(form.fields)) body.set(name, value);
  body.set("file", new Blob([text]), "a.txt");
  return (await fetch(new URL(form.url, origin), { method: "POST", body })).status;
}

/** Calls about the bucket itself since the last look: `PUT cors`. */
const bucketCalls = (calls = fixture.takeCalls()): readonly string[] =>
  calls.filter(({ path }) => path.startsWith(`/${Bucket}`)).map(nameOf);
const nameOf = ({ method, path }: RecordedCall): string => `${method} ${/\?(\w[\w-]*)/.exec(path)?.[1] ?? ""}`.trim();

async function remove(withData: boolean, client?: DeployOptions["client"]) {
  let shown: readonly StoredData[] = [];
  const onPlan = async (_: unknown, data: readonly StoredData[]): Promise<void> => {
    shown = data;
  };
  const platform = await fixture.platform({ ...(client && { client }) }, false);
  const done = await removeStage({ platform, withData, onPlan });
  return { ...done, shown };
}

test.each([
  ["an HTTP API", {}],
  ["a function URL", url],
] as const)("behind %s the bucket is made before the upload, and outlives releases", async (_front, app) => {
  fixture = await openDeployFixture();
  const first = await fixture.deploy({ app });
  expect(first.text).not.toContain("bucket");
  expect(bucketCalls()).toEqual([]);
  await fixture.write("functions/pictures.ts", pictures);
  const { live, text } = await fixture.deploy({ app });
  expect(text).toMatch(new RegExp(`^\\+ bucket +${Bucket} +new$`, "m"));
  expect(text).toMatch(
    new RegExp(
      `^! permission .* s3:GetObject \\+ s3:PutObject \\+ s3:DeleteObject on arn:aws:s3:::${Bucket}/\\* and ` +
        `s3:ListBucket on arn:aws:s3:::${Bucket}$`,
      "m",
    ),
  );
  const writes = fixture.takeCalls().filter(isWrite);
  expect(bucketCalls(writes)).toEqual(["PUT", "PUT publicAccessBlock", "PUT cors", "PUT tagging"]);
  const tagged = writes.findIndex((call) => nameOf(call) === "PUT tagging" && call.path.startsWith(`/${Bucket}`));
  expect(writes.findIndex(({ path }) => /\/functions(\/|$)/.test(path))).toBeGreaterThan(tagged);
  expect(await read(live.url)).toBe("none");
  expect([await send(live.url, "one"), await send(live.url, "0123456789")]).toEqual([204, 400]);
  expect(await read(live.url)).toBe("one");

  fixture.takeCalls();
  expect((await fixture.deploy({ app })).changed).toBe(false);
  const idle = fixture.takeCalls();
  expect([idle.filter(isWrite), bucketCalls(idle)]).toEqual([[], ["GET tagging"]]);
  await fixture.write("functions/pictures.ts", page("none any more"));
  const third = await fixture.deploy({ app });
  expect(third.text).toMatch(/^= bucket +\S+ +not used any more; its data stays until portico remove$/m);
  expect(bucketCalls()).toEqual([]);
  const rollback = async (): Promise<unknown> =>
    switchRelease({
      platform: await fixture.platform({ app }, false),
      command: "rollback",
      smoke: [],
      onSwitch: async () => undefined,
    });
  await rollback();
  expect(await read(live.url)).toBe("one");
  // To the first, which had no files.
  await rollback();
  expect(await findFilesBucket(fixture.clients, owner, place)).toBe("ours");
});

test("only a function that imports files has the bucket's name and may use it", async () => {
  fixture = await openDeployFixture();
  await fixture.write("functions/pictures.ts", pictures);
  await fixture.deploy();
  const find = async (id: string) => {
    const FunctionName = functionName(owner, id);
    const { Configuration } = await fixture.clients.lambda.send(new GetFunctionCommand({ FunctionName }));
    return { bucket: Configuration?.Environment?.Variables?.["PORTICO_FILES"], role: Configuration?.Role };
  };
  const [plain, keeping] = [await find("index"), await find("pictures")];
  expect([plain.bucket, keeping.bucket]).toEqual([undefined, Bucket]);
  expect(plain.role).not.toBe(keeping.role);
});

test(
  "a removal takes the bucket only if that is wanted, with more files than a page of a list has",
  { tags: ["check"] },
  async () => {
    fixture = await openDeployFixture();
    await fixture.write("functions/pictures.ts", pictures);
    const { live } = await fixture.deploy();
    expect(await send(live.url, "one")).toBe(204);
    const put = (Key: string): Promise<unknown> =>
      fixture.clients.s3.send(new PutObjectCommand({ Bucket, Key, Body: "x" }));
    await Promise.all(Array.from({ length: 1_001 }, (_, n) => put(`pictures/${n}`)));
    const bucket = { kind: "bucket", name: Bucket, entries: 1000, isMore: true };
    const first = await remove(false);
    expect(first.kept).toEqual([bucket]);
    expect(first.removed.map(({ kind }) => kind)).not.toContain("bucket");
    const again = await fixture.deploy();
    expect(again.text).toMatch(/^= bucket/m);
    expect(await read(again.live.url)).toBe("one");
    fixture.takeCalls();
    const done = await remove(true);
    expect([done.shown, done.kept]).toEqual([[bucket], []]);
    expect(done.removed).toContainEqual({ kind: "bucket", name: Bucket });
    expect(bucketCalls().filter((call) => /POST|DELETE/.test(call))).toEqual(["POST delete", "POST delete", "DELETE"]);
    expect(await findFilesBucket(fixture.clients, owner, place)).toBeUndefined();
    expect(await remove(true)).toMatchObject({ removed: [], kept: [] });
  },
);

test("one of that name that is not ours is refused before any write; an empty one without tags is taken", async () => {
  fixture = await openDeployFixture();
  await fixture.write("functions/pictures.ts", pictures);
  const { s3 } = fixture.clients;
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutObjectCommand({ Bucket, Key: "theirs", Body: "x" }));
  const refused = async (): Promise<void> => {
    fixture.takeCalls();
    await expect(fixture.deploy()).rejects.toMatchObject({ code: "NAME_TAKEN" });
    expect(fixture.takeCalls().filter(isWrite)).toEqual([]);
    expect(await remove(true)).toMatchObject({ removed: [] });
  };
  await refused();
  const TagSet = [{ Key: "portico:app", Value: "other" }];
  await s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }));
  await refused();
  const owned = { ExpectedBucketOwner: "111111111111" };
  await expect(s3.send(new GetBucketTaggingCommand({ Bucket, ...owned }))).rejects.toMatchObject({
    name: "AccessDenied",
  });
  const elsewhere = { ...place, account: "111111111111" };
  await s3.send(new CreateBucketCommand({ Bucket: filesBucketName(owner, elsewhere) }));
  await expect(findFilesBucket(fixture.clients, owner, elsewhere)).rejects.toMatchObject({ code: "BUCKET_TAKEN" });
});

test("a bucket that was deleted by hand is made again; the release stays", { tags: ["check"] }, async () => {
  fixture = await openDeployFixture();
  await fixture.write("functions/pictures.ts", pictures);
  const first = await fixture.deploy();
  await fixture.clients.s3.send(new DeleteBucketCommand({ Bucket }));
  const { text, live } = await fixture.deploy();
  expect(text).toMatch(/^\+ bucket/m);
  expect(live.number).toBe(first.live.number);
  expect(await send(live.url, "again")).toBe(204);
});

test("in a VPC the plan says what else the functions need", async () => {
  fixture = await openDeployFixture();
  await fixture.write("functions/pictures.ts", pictures);
  const vpc = { subnets: ["subnet-1"], securityGroups: ["sg-1"] };
  const { text } = await fixture.deploy({
    app: { lambda: { architecture: "arm64", logRetention: 30, policies: [], vpc } },
  });
  expect(text).toMatch(/^\+ bucket .*gateway endpoint for S3/m);
});

test(
  "a removal deletes every key that a file can have, also those that XML cannot hold",
  { tags: ["check"] },
  async () => {
    fixture = await openDeployFixture();
    await fixture.write("functions/pictures.ts", pictures);
    await fixture.deploy();
    const put = (Key: string): Promise<unknown> =>
      fixture.clients.s3.send(new PutObjectCommand({ Bucket, Key: `pictures/${Key}`, Body: "x" }));
    await Promise.all(["\x01", "a\x1fb", "\uffff", "a b", "a+b", "100%", "<&>\r\n\t", "😀"].map(put));
    expect(await remove(true)).toMatchObject({ kept: [], shown: [{ entries: 8 }] });
    expect(await findFilesBucket(fixture.clients, owner, place)).toBeUndefined();
  },
);

test(
  "an empty bucket without tags that somebody fills during a removal is left as it is",
  { tags: ["check"] },
  async () => {
    fixture = await openDeployFixture();
    const { s3 } = fixture.clients;
    await s3.send(new CreateBucketCommand({ Bucket }));
    const client: DeployOptions["client"] = {
      async transport({ operation }, call) {
        if (operation === "DeleteBucket") await s3.send(new PutObjectCommand({ Bucket, Key: "theirs", Body: "x" }));
        return call();
      },
    };
    expect((await remove(true, client)).removed).not.toContainEqual({ kind: "bucket", name: Bucket });
    expect(await (await s3.send(new GetObjectCommand({ Bucket, Key: "theirs" }))).Body!.transformToString()).toBe("x");
  },
);

/** A run that ends as soon as its first call of this name took effect. */
function dyingAfter(operation: string): NonNullable<DeployOptions["client"]> {
  let isDead = false;
  return {
    async transport(call, go) {
      if (isDead) throw new Error("died");
      const result = await go();
      isDead = call.operation === operation;
      if (isDead) throw new Error("died");
      return result;
    },
  };
}

test(
  "runs that die after each change of the bucket are finished by the next, and keep the files",
  { tags: ["check"] },
  async () => {
    fixture = await openDeployFixture();
    // Makes the bucket of leases, so that the other calls are about this one.
    await fixture.deploy();
    await fixture.write("functions/pictures.ts", pictures);
    for (const call of ["CreateBucket", "PutPublicAccessBlock", "PutBucketCors", "PutBucketTagging"])
      await expect(fixture.deploy({ client: dyingAfter(call) }), call).rejects.toThrow("died");
    const { live, text } = await fixture.deploy();
    expect(text).toMatch(/^= bucket/m);
    expect(await send(live.url, "one")).toBe(204);
    expect(await read(live.url)).toBe("one");
    expect((await fixture.deploy()).changed).toBe(false);
    for (const call of ["DeleteObjects", "DeleteBucket"])
      await expect(remove(true, dyingAfter(call)), call).rejects.toThrow("died");
    expect(await findFilesBucket(fixture.clients, owner, place)).toBeUndefined();
    expect(await remove(true)).toMatchObject({ kept: [] });
    expect(await remove(true)).toEqual({ removed: [], kept: [], shown: [] });
  },
);

test(
  "a lost answer to a creation: the bucket is adopted, and one that a dead run left goes with --data",
  { tags: ["check"] },
  async () => {
    fixture = await openDeployFixture();
    await fixture.write("functions/pictures.ts", pictures);
    let lost = 0;
    const client: DeployOptions["client"] = {
      transport: async ({ operation }, call) => {
        const result = await call();
        if (operation !== "CreateBucket" || lost++ > 1) return result;
        throw Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
      },
    };
    const { live } = await fixture.deploy({ client });
    expect(lost).toBeGreaterThan(1);
    expect(await send(live.url, "one")).toBe(204);
    await remove(true);
    await fixture.clients.s3.send(new CreateBucketCommand({ Bucket }));
    expect(await remove(true)).toMatchObject({ removed: [{ kind: "bucket", name: Bucket }], kept: [] });
  },
);
