/**
 * Forms that pages send to a bucket: the signature of AWS's own example, every condition of a policy, who may send one,
 * and what pages of other origins may read.
 */
// @module-tag check
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketCorsCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { DeleteRolePolicyCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { issueSession } from "../../../../framework/emulation/aws/session-credentials.ts";
import { signPolicy } from "../../../../framework/emulation/s3/post-object.ts";
import { filesStatements } from "../../../../framework/model/files-bucket.ts";
import { type Lab, openLab, refusalOf } from "../../lab.ts";

let lab: Lab;
const Bucket = "forms--dev";
beforeAll(async () => {
  lab = await openLab();
  await lab.s3.send(new CreateBucketCommand({ Bucket }));
});
afterAll(() => lab.close());

type Fields = Readonly<Record<string, string>>;
interface Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** A signed form. @param conditions besides those of its own fields */
function signedForm(
  {
    fields = { key: "k", "Content-Type": "text/plain" },
    conditions = [["content-length-range", 1, 10]],
    expiration = new Date(Date.now() + 60_000 + lab.ahead).toISOString(),
    own = true,
    ahead = 0,
    day,
  }: {
    readonly fields?: Fields;
    readonly conditions?: readonly unknown[];
    readonly expiration?: string;
    readonly own?: boolean;
    /** Of its date, in ms. */
    readonly ahead?: number;
    /** In its scope, in place of the date's. */
    readonly day?: string;
  } = {},
  { accessKeyId, secretAccessKey, sessionToken }: Key = lab.cloud,
): Fields {
  const date = new Date(Date.now() + lab.ahead + ahead).toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = [day ?? date.slice(0, 8), "us-east-1", "s3", "aws4_request"];
  const all = {
    ...fields,
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-credential": [accessKeyId, ...scope].join("/"),
    "x-amz-date": date,
    ...(sessionToken !== undefined && { "x-amz-security-token": sessionToken }),
  };
  const named = own ? Object.entries(all).map(([name, value]) => ({ [name]: value })) : [];
  const document = JSON.stringify({ expiration, conditions: [{ bucket: Bucket }, ...named, ...conditions] });
  const policy = Buffer.from(document).toString("base64");
  return { ...all, policy, "x-amz-signature": signPolicy(policy, secretAccessKey, scope) };
}

async function send(fields: Fields, text = "hello", headers: Fields = {}, filename = "a.txt") {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  body.set("file", new Blob([text], { type: "text/html" }), filename);
  const response = await fetch(`${lab.cloud.url}/${Bucket}/`, { method: "POST", body, headers, redirect: "manual" });
  return { response, shown: await shownOf(response) };
}

/** Status, and code and message of the error. */
async function shownOf(response: Response): Promise<readonly unknown[]> {
  const text = await response.text();
  const [, code] = /<Code>(.*)<\/Code>/.exec(text) ?? [];
  const [, message] = /<Message>(.*)<\/Message>/.exec(text) ?? [];
  return code === undefined ? [response.status, text] : [response.status, code, message?.replaceAll("&quot;", "'")];
}
const sent = async (...given: Parameters<typeof send>) => (await send(...given)).shown;
const read = async (Key: string) =>
  (await lab.s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString();

it("signs as AWS's example does (API reference, Example: Browser-Based Upload using HTTP POST)", () => {
  // The published policy has the line breaks of Windows.
  const policy = Buffer.from(
    [
      `{ "expiration": "2015-12-30T12:00:00.000Z",`,
      `  "conditions": [`,
      `    {"bucket": "sigv4examplebucket"},`,
      `    ["starts-with", "$key", "user/user1/"],`,
      `    {"acl": "public-read"},`,
      `    {"success_action_redirect": "http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html"},`,
      `    ["starts-with", "$Content-Type", "image/"],`,
      `    {"x-amz-meta-uuid": "14365123651274"},`,
      `    {"x-amz-server-side-encryption": "AES256"},`,
      `    ["starts-with", "$x-amz-meta-tag", ""],`,
      ``,
      `    {"x-amz-credential": "AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request"},`,
      `    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},`,
      `    {"x-amz-date": "20151229T000000Z" }`,
      `  ]`,
      `}`,
    ].join("\r\n"),
  ).toString("base64");
  const scope = ["20151229", "us-east-1", "s3", "aws4_request"];
  expect(signPolicy(policy, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", scope)).toBe(
    "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e",
  );
});

describe("a form", () => {
  it("stores the file under its key, with the type of the form", async () => {
    const { response, shown } = await send(signedForm());
    expect(shown).toEqual([204, ""]);
    expect(response.headers.get("etag")).toBe('"5d41402abc4b2a76b9719d911017c592"');
    expect(await read("k")).toBe("hello");
    const head = await lab.s3.send(new HeadObjectCommand({ Bucket, Key: "k" }));
    expect(head).toMatchObject({ ContentType: "text/plain", ContentLength: 5 });
  });

  it("may ask for 200 or 201, and for the name of the file in its key", async () => {
    const of = (status: string) => signedForm({ fields: { key: "up/${filename}", success_action_status: status } });
    expect(await sent(of("200"))).toEqual([403, "AccessDenied", expect.stringContaining("'$key'")]);
    const free = { conditions: [["starts-with", "$key", "up/"]], own: false };
    const date = Object.keys(signedForm()).filter((name) => /^x-amz-(?!signature)/.test(name));
    const open = (status: string) =>
      signedForm({
        fields: { key: "up/${filename}", success_action_status: status },
        ...free,
        conditions: [
          ...free.conditions,
          ["eq", "$success_action_status", status],
          ...date.map((name) => ["starts-with", `$${name}`, ""]),
        ],
      });
    expect((await sent(open("200"), "a", {}, "C:\\나.txt"))[0]).toBe(200);
    expect(await read("up/나.txt")).toBe("a");
    const [status, text] = await sent(open("201"), "a", {}, "b.txt");
    expect([status, text]).toEqual([201, expect.stringContaining("<Key>up/b.txt</Key>")]);
    expect((await sent(open("299"), "a", {}, "b.txt"))[0]).toBe(204);
  });

  it("leads to a page that it names, which learns what was stored", async () => {
    const next = signedForm({
      fields: { key: "k", "Content-Type": "text/plain", success_action_redirect: "https://app.example/done?a=1" },
    });
    const { response } = await send(next);
    expect([response.status, response.headers.get("location")]).toEqual([
      303,
      `https://app.example/done?a=1&bucket=${Bucket}&key=k&etag=%225d41402abc4b2a76b9719d911017c592%22`,
    ]);
    const odd = signedForm({
      fields: { key: "k", "Content-Type": "text/plain", success_action_redirect: "/done" },
    });
    expect((await sent(odd))[0]).toBe(204);
  });

  it("is held to every condition of its policy", async () => {
    await lab.s3.send(new PutObjectCommand({ Bucket, Key: "kept", Body: "before" }));
    const form = signedForm({ fields: { key: "kept", "Content-Type": "text/plain" } });
    const failed = (text: string) => [403, "AccessDenied", `Invalid according to Policy: ${text}`];
    expect(await sent(form, "x".repeat(11))).toEqual([
      400,
      "EntityTooLarge",
      "Your proposed upload exceeds the maximum allowed size",
    ]);
    expect(await sent(form, "")).toEqual([400, "EntityTooSmall", expect.any(String)]);
    expect(await sent({ ...form, "Content-Type": "text/html" })).toEqual(
      failed("Policy Condition failed: ['eq','$Content-Type','text/plain']"),
    );
    expect(await sent({ ...form, key: "other" })).toEqual(failed("Policy Condition failed: ['eq','$key','kept']"));
    expect(await sent({ ...form, "Cache-Control": "public" })).toEqual(failed("Extra input fields: cache-control"));
    const { "Content-Type": _, ...untyped } = form;
    expect(await sent(untyped)).toEqual(failed("Policy Condition failed: ['eq','$Content-Type','text/plain']"));
    expect((await sent({ ...form, "x-ignore-me": "1" }))[0]).toBe(204);
    await lab.s3.send(new PutObjectCommand({ Bucket, Key: "kept", Body: "before" }));
    const elsewhere = signedForm({ conditions: [["eq", "$bucket", "other"]] });
    expect(await sent(elsewhere)).toEqual(failed("Policy Condition failed: ['eq','$bucket','other']"));
    const types = (Type: string) =>
      signedForm({
        fields: { key: "kept", "Content-Type": Type },
        conditions: [["starts-with", "$Content-Type", "image/"]],
      });
    expect((await sent(types("image/png, text/html")))[0]).toBe(403);
    const past = new Date(Date.now() + lab.ahead - 1000).toISOString();
    expect(await sent(signedForm({ expiration: past }))).toEqual(failed("Policy expired."));
    expect(await read("kept")).toBe("before");
  });

  it("needs a policy that can be read, and a signature of it", async () => {
    const form = signedForm();
    const changed = { ...form, policy: Buffer.from("{}").toString("base64") };
    expect((await sent(changed))[1]).toBe("SignatureDoesNotMatch");
    const { policy: _, ...anonymous } = form;
    expect(await sent(anonymous)).toEqual([403, "AccessDenied", "Access Denied"]);
    for (const name of ["key", "x-amz-credential", "x-amz-date", "x-amz-algorithm", "x-amz-signature"]) {
      const { [name]: _without, ...rest } = form;
      expect(await sent(rest)).toEqual([400, "InvalidArgument", expect.stringContaining(`'${name}'`)]);
    }
    expect((await sent(signedForm({}, { ...lab.cloud, accessKeyId: "AKIAAAAAAAAAAAAAAAAA" })))[1]).toBe(
      "InvalidAccessKeyId",
    );
    expect((await sent(signedForm({}, { ...lab.cloud, sessionToken: "a.b" })))[1]).toBe("InvalidToken");
    for (const conditions of [[["eq", "key", "k"]], [["near", "$key", "k"]], [{ a: "1", b: "2" }], ["key"]])
      expect((await sent(signedForm({ conditions })))[1]).toBe("InvalidPolicyDocument");
    for (const day of ["", "2", String(new Date().getUTCFullYear()), "20200101"])
      expect(await sent(signedForm({ day }))).toEqual([400, "InvalidArgument", expect.stringContaining("Credential")]);
    expect((await sent(signedForm({ ahead: 14 * 60_000 })))[0]).toBe(204);
    expect(await sent(signedForm({ ahead: 16 * 60_000 }))).toEqual([403, "AccessDenied", "Request is not valid yet"]);
    expect((await sent(signedForm({ ahead: -8 * 24 * 3600_000 })))[2]).toBe("Request has expired");
    expect((await sent(signedForm({ expiration: "tomorrow" })))[1]).toBe("InvalidPolicyDocument");
    expect(await sent(signedForm({ fields: { key: "k", acl: "public-read" } }))).toEqual([
      501,
      "NotImplemented",
      expect.stringContaining("acl"),
    ]);
  });

  it("is a well-formed one with one file", async () => {
    const post = async (body: string, type = "multipart/form-data; boundary=b") =>
      shownOf(await fetch(`${lab.cloud.url}/${Bucket}`, { method: "POST", body, headers: { "content-type": type } }));
    const part = (name: string, text: string) =>
      `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`;
    const fields = Object.entries(signedForm()).map(([name, value]) => part(name, value));
    expect((await post("a=b", "application/x-www-form-urlencoded")).slice(0, 2)).toEqual([412, "PreconditionFailed"]);
    expect((await post(`${part("key", "k")}--b--`)).slice(0, 2)).toEqual([400, "InvalidArgument"]);
    expect((await post(part("key", "k"))).slice(0, 2)).toEqual([400, "MalformedPOSTRequest"]);
    expect((await post(`${fields.join("")}${part("file", "cut")}--`)).slice(0, 2)).toEqual([
      400,
      "MalformedPOSTRequest",
    ]);
    expect((await post(`${part("long", "x".repeat(21_000))}${part("file", "")}--b--`))[1]).toBe(
      "MaxPostPreDataLengthExceeded",
    );
    // What follows the file is ignored, as S3 does.
    expect(await post(`${fields.join("")}${part("file", "hi")}${part("more", "1")}--b--`)).toEqual([204, ""]);
    expect(await post(`${part("file", "hi")}${fields.join("")}--b--`)).toEqual([
      400,
      "InvalidArgument",
      expect.stringContaining("'key'"),
    ]);
    expect(
      await shownOf(await fetch(`${lab.cloud.url}/no-such-bucket`, { method: "POST", body: new FormData() })),
    ).toEqual([404, "NoSuchBucket", expect.any(String)]);
  });
});

it("is no form when it has a signature of its own", async () => {
  const headers = { authorization: "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request" };
  expect((await sent(signedForm(), "hello", headers))[0]).toBe(403);
});

describe("a function's role", () => {
  const session = () => issueSession(lab.cloud.secretAccessKey, { role: "lab", session: "reader" });
  const client = () =>
    new S3Client({
      endpoint: lab.cloud.url,
      region: lab.cloud.region,
      forcePathStyle: true,
      maxAttempts: 1,
      credentials: session(),
    });
  const setPolicy = (...Statement: readonly object[]) =>
    lab.iam.send(
      new PutRolePolicyCommand({
        RoleName: "lab",
        PolicyName: "portico",
        PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement }),
      }),
    );

  it("may do with objects and forms what its policies say, and nothing with buckets", async () => {
    const s3 = client();
    const put = () => s3.send(new PutObjectCommand({ Bucket, Key: "mine", Body: "x" }));
    const get = (Key: string) => s3.send(new GetObjectCommand({ Bucket, Key }));
    const list = () => s3.send(new ListObjectsV2Command({ Bucket }));
    const form = () => sent(signedForm({}, session()));
    expect(await refusalOf(put())).toMatchObject({
      name: "AccessDenied",
      status: 403,
      message: expect.stringContaining("s3:PutObject on resource: arn:aws:s3:::forms--dev/mine"),
    });
    expect((await form()).slice(0, 2)).toEqual([403, "AccessDenied"]);
    await setPolicy(...filesStatements(Bucket));
    await put();
    expect(await (await get("mine")).Body!.transformToString()).toBe("x");
    expect(await refusalOf(get("none"))).toMatchObject({ name: "NoSuchKey", status: 404 });
    expect((await list()).KeyCount).toBeGreaterThan(0);
    expect(await form()).toEqual([204, ""]);
    expect(await refusalOf(s3.send(new CreateBucketCommand({ Bucket: "mine" })))).toMatchObject({
      name: "AccessDenied",
    });
    await setPolicy(filesStatements(Bucket)[0]!);
    expect(await refusalOf(list())).toMatchObject({ name: "AccessDenied", status: 403 });
    // Without ListBucket nobody learns what is missing.
    expect(await refusalOf(get("none"))).toMatchObject({ name: "AccessDenied", status: 403 });
    await setPolicy(...filesStatements("other"));
    expect(await refusalOf(get("mine"))).toMatchObject({ name: "AccessDenied" });
    await lab.iam.send(new DeleteRolePolicyCommand({ RoleName: "lab", PolicyName: "portico" }));
  });

  it("signs with its token alone", async () => {
    await setPolicy(...filesStatements(Bucket));
    const { sessionToken: _, ...keys } = session();
    expect((await sent(signedForm({}, keys)))[1]).toBe("InvalidAccessKeyId");
    const { "x-amz-security-token": token, ...without } = signedForm({}, session());
    expect(token).toBeDefined();
    expect((await sent(without))[0]).toBe(403);
  });
});

describe("pages of other origins", () => {
  const ask = (headers: Fields) => fetch(`${lab.cloud.url}/${Bucket}/`, { method: "OPTIONS", headers });
  const origin = "https://app.example";
  const asked = { origin, "access-control-request-method": "POST", "sec-fetch-site": "cross-site" };

  it("may send a form but not read the answer, until a rule allows it", async () => {
    const { response } = await send(signedForm(), "hello", { origin });
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([204, null]);
    expect(await shownOf(await ask(asked))).toEqual([
      403,
      "AccessForbidden",
      "CORSResponse: CORS is not enabled for this bucket.",
    ]);
    const CORSRules = [
      {
        AllowedOrigins: ["https://*.example"],
        AllowedMethods: ["POST"],
        AllowedHeaders: ["X-A*"],
        ExposeHeaders: ["ETag"],
      },
    ];
    await lab.s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration: { CORSRules } }));
    for (const text of ["hello", "far too long"]) {
      const { headers } = (await send(signedForm(), text, { origin })).response;
      expect(headers.get("access-control-allow-origin")).toBe(origin);
      expect(headers.get("access-control-expose-headers")).toBe("ETag");
    }
    const other = (await send(signedForm(), "hello", { origin: "https://example" })).response;
    expect([other.status, other.headers.get("access-control-allow-origin")]).toEqual([204, null]);
    const allowed = await ask({ ...asked, "access-control-request-headers": "x-ab, X-AC" });
    expect([allowed.status, allowed.headers.get("access-control-allow-headers")]).toEqual([200, "x-ab, x-ac"]);
    for (const more of [
      { "access-control-request-headers": "x-b" },
      { "access-control-request-method": "PUT" },
      { origin: "http://app.example" },
    ])
      expect((await ask({ ...asked, ...more })).status).toBe(403);
    expect((await ask({})).status).toBe(400);
  });

  it("may call nothing else of the control port", async () => {
    for (const [method, path] of [
      ["GET", `/${Bucket}/k`],
      ["POST", `/${Bucket}?delete`],
      ["OPTIONS", `/${Bucket}/k`],
      ["POST", "/"],
    ] as const)
      expect([path, (await fetch(`${lab.cloud.url}${path}`, { method, headers: { origin } })).status]).toEqual([
        path,
        403,
      ]);
  });
});
