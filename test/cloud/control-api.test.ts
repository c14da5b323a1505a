/** Access to the control port: only clients with the cloud's key, and no pages in browsers. */
// @module-tag check
import { readFileSync, statSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { SignatureV4 } from "@smithy/signature-v4";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { Sha256 } from "../../framework/emulation/aws/sha256.ts";
import { clientsOf, type Lab, openLab, refusalOf } from "./lab.ts";

let lab: Lab;
beforeAll(async () => void (lab = await openLab()));
beforeEach(() => void (lab.ahead = 0));
afterAll(() => lab.close());

interface RawRequest {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  /** Headers that are added after signing. */
  readonly more?: Readonly<Record<string, string>>;
  /** Headers that are added before signing. */
  readonly signed?: Readonly<Record<string, string>>;
  readonly date?: Date;
  readonly service?: string;
  readonly region?: string;
  readonly unsigned?: boolean;
}

interface RawResponse {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** A raw request, signed with the cloud's key by default. node:http can send any header, wrong ones included. */
async function send(sent: RawRequest = {}): Promise<RawResponse> {
  const { method = "GET", path = "/2015-03-31/functions", body = "", service = "lambda", region = "us-east-1" } = sent;
  const { accessKeyId, secretAccessKey, port } = lab.cloud;
  const signer = new SignatureV4({ service, region, credentials: { accessKeyId, secretAccessKey }, sha256: Sha256 });
  const plain = {
    method,
    protocol: "http:",
    hostname: "127.0.0.1",
    path,
    query: {},
    headers: { host: `127.0.0.1:${port}`, ...sent.signed },
    body,
  };
  const { headers } = sent.unsigned
    ? plain
    : await signer.sign(plain, { ...(sent.date && { signingDate: sent.date }) });
  return raw(port, method, path, { ...headers, ...sent.more }, body);
}

function raw(
  port: number,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body = "",
): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const call = request(
      { host: "127.0.0.1", port, method, path, headers, setHost: !("host" in headers) },
      (message) => {
        const chunks: Buffer[] = [];
        message.on("data", (chunk: Buffer) => chunks.push(chunk));
        message.on("end", () =>
          resolve({ status: message.statusCode, headers: message.headers, text: Buffer.concat(chunks).toString() }),
        );
      },
    );
    call.on("error", reject);
    call.end(body);
  });
}

describe("the key", () => {
  it("is random, and readable by its owner only", () => {
    const file = join(lab.folder, "key");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { schemaVersion, secretAccessKey } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    expect({ schemaVersion, secretAccessKey }).toEqual({
      schemaVersion: 1,
      secretAccessKey: lab.cloud.secretAccessKey,
    });
    expect(lab.cloud.secretAccessKey.length).toBe(40);
  });
});

describe("a page in a browser", () => {
  it("is refused with any Origin, signed or not, and gets no CORS header", async () => {
    for (const origin of ["https://evil.example", `http://127.0.0.1:${lab.cloud.port}`, "null"]) {
      const { status, headers } = await send({ more: { origin } });
      expect(status).toBe(403);
      expect(Object.keys(headers).filter((name) => name.startsWith("access-control-"))).toEqual([]);
    }
  });

  it("is refused by Sec-Fetch-Site, also with preflights and the ping", async () => {
    expect((await send({ more: { "sec-fetch-site": "cross-site" } })).status).toBe(403);
    const preflight = { origin: "https://evil.example", "access-control-request-method": "POST" };
    expect((await send({ method: "OPTIONS", unsigned: true, more: preflight })).status).toBe(403);
    const ping = `/portico/ping?nonce=${"0".repeat(64)}`;
    expect((await send({ path: ping, unsigned: true, more: { "sec-fetch-site": "same-site" } })).status).toBe(403);
  });

  it("is refused when its host name was rebound to 127.0.0.1", async () => {
    expect((await send({ signed: { host: "evil.example" } })).status).toBe(403);
    expect((await send({ signed: { host: `127.0.0.1.evil.example:${lab.cloud.port}` } })).status).toBe(403);
  });
});

describe("a signature", () => {
  it("admits a correct call", async () => {
    const { status, headers, text } = await send();
    expect({ status, body: JSON.parse(text) as unknown }).toEqual({ status: 200, body: { Functions: [] } });
    expect(headers["access-control-allow-origin"]).toBeUndefined();
    expect(headers["x-amzn-requestid"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("is required", async () => {
    const { status, headers } = await send({ unsigned: true });
    expect({ status, type: headers["x-amzn-errortype"] }).toEqual({
      status: 403,
      type: "MissingAuthenticationTokenException",
    });
    const bearer = await send({ unsigned: true, more: { authorization: `Bearer ${lab.cloud.secretAccessKey}` } });
    expect(bearer.headers["x-amzn-errortype"]).toBe("IncompleteSignatureException");
  });

  it("by another key is refused, with each protocol's error", async () => {
    const wrongSecret = clientsOf({ ...lab.cloud, secretAccessKey: "x".repeat(40) });
    const wrongId = clientsOf({ ...lab.cloud, accessKeyId: "AKIAAAAAAAAAAAAAAAAA" });
    const list = new ListFunctionsCommand({});
    for (const accessKeyId of ["test", "akia-x_1.y", "a+b="]) {
      const noId = clientsOf({ ...lab.cloud, accessKeyId });
      expect(await refusalOf(noId.lambda.send(list)), accessKeyId).toMatchObject({
        name: "UnrecognizedClientException",
        status: 403,
      });
    }
    expect(await refusalOf(wrongSecret.lambda.send(list))).toMatchObject({
      name: "InvalidSignatureException",
      status: 403,
    });
    expect(await refusalOf(wrongId.lambda.send(list))).toMatchObject({
      name: "UnrecognizedClientException",
      status: 403,
    });
    const { ListRolePoliciesCommand } = await import("@aws-sdk/client-iam");
    const policies = new ListRolePoliciesCommand({ RoleName: "lab" });
    expect(await refusalOf(wrongSecret.iam.send(policies))).toMatchObject({
      name: "SignatureDoesNotMatch",
      status: 403,
    });
    expect(await refusalOf(wrongId.iam.send(policies))).toMatchObject({ name: "InvalidClientTokenId", status: 403 });
  });

  it("with a session token is refused, since those belong to real accounts", async () => {
    const answer = await send({ signed: { "x-amz-security-token": "token" } });
    expect(answer).toMatchObject({ status: 403, headers: { "x-amzn-errortype": "UnrecognizedClientException" } });
  });

  it("is valid for five minutes before and after its date", async () => {
    const aged = (minutes: number) => send({ date: new Date(Date.now() + minutes * 60_000) });
    expect((await aged(-4)).status).toBe(200);
    expect(await aged(-6)).toMatchObject({ status: 403, headers: { "x-amzn-errortype": "InvalidSignatureException" } });
    expect((await aged(6)).status).toBe(403);
  });

  it("covers method, path, query, body and headers", async () => {
    const signer = (method: string, path: string, body: string) => {
      const { accessKeyId, secretAccessKey, port } = lab.cloud;
      const plain = {
        method,
        protocol: "http:",
        hostname: "",
        path,
        query: {},
        headers: { host: `127.0.0.1:${port}`, "x-amz-note": "a" },
        body,
      };
      return new SignatureV4({
        service: "lambda",
        region: "us-east-1",
        credentials: { accessKeyId, secretAccessKey },
        sha256: Sha256,
      }).sign(plain);
    };
    const { headers } = await signer("POST", "/2015-03-31/functions", '{"a":1}');
    const { port } = lab.cloud;
    const untouched = await raw(port, "POST", "/2015-03-31/functions", headers, '{"a":1}');
    expect(untouched.status).toBe(400);
    const changed = [
      raw(port, "PUT", "/2015-03-31/functions", headers, '{"a":1}'),
      raw(port, "POST", "/2015-03-31/functions/", headers, '{"a":1}'),
      raw(port, "POST", "/2015-03-31/functions?Marker=x", headers, '{"a":1}'),
      raw(port, "POST", "/2015-03-31/functions", headers, '{"a":2}'),
      raw(port, "POST", "/2015-03-31/functions", { ...headers, "x-amz-note": "b" }, '{"a":1}'),
      raw(port, "POST", "/2015-03-31/functions", { ...headers, "x-amz-more": "b" }, '{"a":1}'),
    ];
    for (const answer of changed)
      expect(await answer).toMatchObject({ status: 403, headers: { "x-amzn-errortype": "InvalidSignatureException" } });
  });

  it("for an unknown service or region is refused by name", async () => {
    expect(await send({ service: "kinesis" })).toMatchObject({
      status: 404,
      text: expect.stringContaining("the service kinesis"),
    });
    expect(await send({ service: "constructor" })).toMatchObject({ status: 404 });
    expect(await send({ region: "eu-west-1" })).toMatchObject({
      status: 403,
      text: expect.stringContaining("eu-west-1"),
    });
  });
});

describe("STS", () => {
  it("returns the caller's identity", async () => {
    const body = "Action=GetCallerIdentity&Version=2011-06-15";
    const { status, text } = await send({ method: "POST", path: "/", body, service: "sts" });
    expect(status).toBe(200);
    expect(text).toContain(
      "<GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:root</Arn>" +
        "<UserId>000000000000</UserId><Account>000000000000</Account>",
    );
  });
});
