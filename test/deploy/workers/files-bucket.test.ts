/** Releases of an app with files on Workers: its bucket, whose it is, its upload forms, and what a removal does. */
import { afterEach, expect, test } from "vitest";
import { findBucket } from "../../../deploy/workers/files-bucket.ts";
import { listSecrets } from "../../../deploy/workers/secrets.ts";
import { removeStage } from "../../../deploy/teardown.ts";
import type { StoredData } from "../../../deploy/platform.ts";
import { isWrite, openDeployFixture, type DeployFixture } from "./deploy-fixture.ts";

let fixture: DeployFixture;
afterEach(() => fixture.close());

const owner = { app: "road", stage: "local" };
const pictures = `import { files } from "portico/files";
export const GET = async (_: Request, context: never) => {
  const file = await files(context, "pictures").get("a/ü");
  return file ? new Response(file.body, file) : new Response("none");
};
export const POST = async (_: Request, context: never) =>
  Response.json(await files(context, "pictures").uploadForm("a/ü", { maxBytes: 9, type: "text/plain", expires: 600 }));
`;

interface Form {
  readonly url: string;
  readonly fields: Readonly<Record<string, string>>;
}

const formOf = async (url: string): Promise<Form> =>
  (await (await fetch(new URL("/pictures", url), { method: "POST" })).json()) as Form;

async function send(url: string, form: Form, text: string): Promise<number> {
  const body = new FormData();
  for (const [name, value] of Object.entries(form.fields)) body.set(name, value);
  body.set("file", new Blob([text]), "a.txt");
  return (await fetch(new URL(form.url, url), { method: "POST", body })).status;
}

const read = async (url: string): Promise<string> => (await fetch(new URL("/pictures", url))).text();

async function remove(withData: boolean) {
  let shown: readonly StoredData[] = [];
  const onPlan = async (_: unknown, data: readonly StoredData[]): Promise<void> => {
    shown = data;
  };
  const done = await removeStage({ platform: await fixture.platform({}, false), withData, onPlan });
  return { ...done, shown };
}

const putObject = (key: string): Promise<unknown> =>
  fixture.client.call({
    operation: "putObject",
    method: "PUT",
    path: `/r2/buckets/road--local/objects/${key}`,
    json: {},
  });

test("the bucket is made first and outlives releases, as its forms do; a removal takes it only if wanted", async () => {
  fixture = await openDeployFixture();
  await fixture.deploy();
  expect(await findBucket(fixture.client, owner)).toBeUndefined();
  await fixture.write("functions/pictures.ts", pictures);
  fixture.takeCalls();
  const { live, text } = await fixture.deploy();
  expect(text).toMatch(/^\+ bucket +road--local +new$/m);
  expect(text).toMatch(/^\+ binding +PORTICO_FILES +new$/m);
  const writes = fixture.takeCalls().filter(isWrite);
  expect(writes[0]?.path).toMatch(/\/r2\/buckets$/);
  expect(writes[1]?.path).toMatch(/\/objects\/\.portico\/owner\/road\/local$/);
  const form = await formOf(live.url);
  expect(await send(live.url, form, "one")).toBe(204);
  expect((await fixture.deploy()).changed).toBe(false);
  // Another version, with the same key.
  await fixture.write("functions/more.ts", `export const GET = () => new Response("more");\n`);
  expect((await fixture.deploy()).text).toMatch(/^= bucket/m);
  expect([await send(live.url, form, "two"), await send(live.url, form, "0123456789")]).toEqual([204, 413]);
  expect(await read(live.url)).toBe("two");
  expect(await listSecrets(fixture.client, owner)).toEqual([]);

  const bucket = { kind: "bucket", name: "road--local", entries: 1, isMore: false };
  expect(await remove(false)).toMatchObject({ kept: [bucket], removed: [{ kind: "worker" }] });
  const again = await fixture.deploy();
  expect(await read(again.live.url)).toBe("two");
  // Its key went with the Worker.
  expect(await send(again.live.url, form, "three")).toBe(403);
  const done = await remove(true);
  expect([done.shown, done.kept]).toEqual([[bucket], []]);
  expect(done.removed).toContainEqual({ kind: "bucket", name: "road--local" });
  expect(await findBucket(fixture.client, owner)).toBeUndefined();
  expect(await remove(true)).toMatchObject({ removed: [], kept: [] });
  // As a removal leaves it that dies before its last call.
  await fixture.client.call({
    operation: "createBucket",
    method: "POST",
    path: "/r2/buckets",
    json: { name: bucket.name },
  });
  expect(await remove(true)).toMatchObject({ removed: [{ kind: "bucket", name: bucket.name }], kept: [] });
});

test(
  "one of that name that somebody filled is refused and left alone; an empty one is taken over",
  { tags: ["check"] },
  async () => {
    fixture = await openDeployFixture();
    await fixture.write("functions/pictures.ts", pictures);
    const create = {
      operation: "createBucket",
      method: "POST",
      path: "/r2/buckets",
      json: { name: "road--local" },
    } as const;
    await fixture.client.call(create);
    await putObject("theirs");
    fixture.takeCalls();
    await expect(fixture.deploy()).rejects.toMatchObject({ code: "NAME_TAKEN" });
    expect(fixture.takeCalls().filter(isWrite)).toEqual([]);
    expect(await remove(true)).toMatchObject({ removed: [] });
    await putObject(".portico/owner/other/local");
    expect(await findBucket(fixture.client, owner)).toBe("taken");
    for (const key of ["theirs", ".portico/owner/other/local"])
      await fixture.client.call({
        operation: "deleteObject",
        method: "DELETE",
        path: `/r2/buckets/road--local/objects/${key}`,
      });
    expect(await findBucket(fixture.client, owner)).toBe("empty");
    const { live } = await fixture.deploy();
    expect(await read(live.url)).toBe("none");
    expect(await findBucket(fixture.client, owner)).toBe("ours");
  },
);

test("a bucket that was deleted by hand is made again", { tags: ["check"] }, async () => {
  fixture = await openDeployFixture();
  await fixture.write("functions/pictures.ts", pictures);
  await fixture.deploy();
  const path = "/r2/buckets/road--local";
  await fixture.client.call({
    operation: "deleteObject",
    method: "DELETE",
    path: `${path}/objects/.portico/owner/road/local`,
  });
  await fixture.client.call({ operation: "deleteBucket", method: "DELETE", path });
  const { text, live } = await fixture.deploy();
  expect(text).toMatch(/^\+ bucket/m);
  expect(await send(live.url, await formOf(live.url), "again")).toBe(204);
});
