/** Who may use the control port: nobody but a client that signs with the cloud's own key. */
import { readFileSync, statSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { ListFunctionsCommand } from "@aws-sdk/client-lambda";
import { SignatureV4 } from "@smithy/signature-v4";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findCloud } from "../../../framework/local/cloud/find-cloud.ts";
import { Sha256 } from "../../../framework/local/cloud/sha256.ts";
import { listen } from "../../../framework/local/listen.ts";
import { clientsOf, type Lab, openLab, refusalOf } from "./lab.ts";

let lab: Lab;
beforeAll(async () => void (lab = await openLab()));
beforeEach(() => void (lab.ahead = 0));
afterAll(() => lab.close());

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  /** Sent after signing. */
  readonly more?: Readonly<Record<string, string>>;
  /** Signed with. */
  readonly signed?: Readonly<Record<string, string>>;
  readonly date?: Date;
  readonly service?: string;
  readonly region?: string;
  readonly unsigned?: boolean;
}

interface Received {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** A raw request, signed with the right key unless it says otherwise; node:http lets us lie about any header. */
async function send(what: Sent = {}): Promise<Received> {
  const { method = "GET", path = "/2015-03-31/functions", body = "", service = "lambda", region = "us-east-1" } = what;
  const { accessKeyId, secretAccessKey, port } = lab.cloud;
  const signer = new SignatureV4({ service, region, credentials: { accessKeyId, secretAccessKey }, sha256: Sha256 });
  const plain = {
    method,
    protocol: "http:",
    hostname: "127.0.0.1",
    path,
    query: {},
    headers: { host: `127.0.0.1:${port}`, ...what.signed },
    body,
  };
  const { headers } = what.unsigned ? plain : await signer.sign(plain, { ...(what.date && { signingDate: what.date }) });
  return raw(port, method, path, { ...headers, ...what.more }, body);
}

function raw(port: number, method: string, path: string, headers: Readonly<Record<string, string>>, body = ""): Promise<Received> {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, method, path, headers, setHost: !("host" in headers) }, (message) => {
      const chunks: Buffer[] = [];
      message.on("data", (chunk: Buffer) => chunks.push(chunk));
      message.on("end", () => resolve({ status: message.statusCode, headers: message.headers, text: Buffer.concat(chunks).toString() }));
    });
    call.on("error", reject);
    call.end(body);
  });
}

describe("the key", () => {
  it("is random, and readable by its owner alone", () => {
    const file = join(lab.folder, "key");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { schemaVersion, secretAccessKey } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    expect({ schemaVersion, secretAccessKey }).toEqual({ schemaVersion: 1, secretAccessKey: lab.cloud.secretAccessKey });
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

  it("is refused by Sec-Fetch-Site, preflights and the ping included", async () => {
    expect((await send({ more: { "sec-fetch-site": "cross-site" } })).status).toBe(403);
    const preflight = { origin: "https://evil.example", "access-control-request-method": "POST" };
    expect((await send({ method: "OPTIONS", unsigned: true, more: preflight })).status).toBe(403);
    const ping = `/portico/ping?nonce=${"0".repeat(64)}`;
    expect((await send({ path: ping, unsigned: true, more: { "sec-fetch-site": "same-site" } })).status).toBe(403);
  });

  it("is refused when its name was rebound to 127.0.0.1", async () => {
    expect((await send({ signed: { host: "evil.example" } })).status).toBe(403);
    expect((await send({ signed: { host: `127.0.0.1.evil.example:${lab.cloud.port}` } })).status).toBe(403);
  });
});

describe("a signature", () => {
  it("lets a right call in", async () => {
    const { status, headers, text } = await send();
    expect({ status, body: JSON.parse(text) as unknown }).toEqual({ status: 200, body: { Functions: [] } });
    expect(headers["access-control-allow-origin"]).toBeUndefined();
    expect(headers["x-amzn-requestid"]).toMatch(/^[0-9a-f-]{36}$/);
  });

  it("is needed", async () => {
    const { status, headers } = await send({ unsigned: true });
    expect({ status, type: headers["x-amzn-errortype"] }).toEqual({ status: 403, type: "MissingAuthenticationTokenException" });
    const bearer = await send({ unsigned: true, more: { authorization: `Bearer ${lab.cloud.secretAccessKey}` } });
    expect(bearer.headers["x-amzn-errortype"]).toBe("IncompleteSignatureException");
  });

  it("by another key is refused, in each protocol's own words", async () => {
    const wrongSecret = clientsOf({ ...lab.cloud, secretAccessKey: "x".repeat(40) });
    const wrongId = clientsOf({ ...lab.cloud, accessKeyId: "AKIAAAAAAAAAAAAAAAAA" });
    const list = new ListFunctionsCommand({});
    expect(await refusalOf(wrongSecret.lambda.send(list))).toMatchObject({ name: "InvalidSignatureException", status: 403 });
    expect(await refusalOf(wrongId.lambda.send(list))).toMatchObject({ name: "UnrecognizedClientException", status: 403 });
    const { ListRolePoliciesCommand } = await import("@aws-sdk/client-iam");
    const policies = new ListRolePoliciesCommand({ RoleName: "lab" });
    expect(await refusalOf(wrongSecret.iam.send(policies))).toMatchObject({ name: "SignatureDoesNotMatch", status: 403 });
    expect(await refusalOf(wrongId.iam.send(policies))).toMatchObject({ name: "InvalidClientTokenId", status: 403 });
  });

  it("with a session token is refused: those belong to real accounts", async () => {
    const answer = await send({ signed: { "x-amz-security-token": "token" } });
    expect(answer).toMatchObject({ status: 403, headers: { "x-amzn-errortype": "UnrecognizedClientException" } });
  });

  it("is good for five minutes, not for a replay later or from the future", async () => {
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

  it("for a service or region that is not here is refused by name", async () => {
    expect(await send({ service: "dynamodb" })).toMatchObject({ status: 404, text: expect.stringContaining("the service dynamodb") });
    expect(await send({ service: "constructor" })).toMatchObject({ status: 404 });
    expect(await send({ region: "eu-west-1" })).toMatchObject({ status: 403, text: expect.stringContaining("eu-west-1") });
  });
});

describe("STS", () => {
  it("says who the caller is", async () => {
    const body = "Action=GetCallerIdentity&Version=2011-06-15";
    const { status, text } = await send({ method: "POST", path: "/", body, service: "sts" });
    expect(status).toBe(200);
    expect(text).toContain(
      "<GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:root</Arn><UserId>000000000000</UserId><Account>000000000000</Account>",
    );
  });
});

describe("findCloud", () => {
  it("finds the server that holds the key, on the port that was asked for or where it was started last", async () => {
    const { folder, cloud } = lab;
    expect(await findCloud({ folder, port: cloud.port })).toEqual({ url: cloud.url });
    expect(await findCloud({ folder, port: 1 })).toEqual({ url: cloud.url });
  });

  it("passes over a server with another key, one that relays pings, and one that is none", async () => {
    const other = await openLab();
    const seen: string[] = [];
    const relay = await listen({
      port: 0,
      handle: async ({ target, headers }) => {
        seen.push(target, ...headers.flat());
        const answer = await fetch(`${lab.cloud.url}${target}`);
        return { status: answer.status, headers: [], body: new Uint8Array(await answer.arrayBuffer()) };
      },
    });
    try {
      // The other state's folder knows its own server through running.json, so what is asked for here is passed over.
      expect(await findCloud({ folder: other.folder, port: lab.cloud.port })).toEqual({ url: other.cloud.url });
      expect(await findCloud({ folder: lab.folder, port: relay.port })).toEqual({ url: lab.cloud.url });
      expect(seen.length).toBeGreaterThan(0);
      expect(seen.join(" ")).not.toContain(lab.cloud.secretAccessKey);
    } finally {
      await relay.close();
      await other.close();
    }
  });

  it("finds nothing where nothing was ever started", async () => {
    expect(await findCloud({ folder: join(lab.folder, "nowhere"), port: lab.cloud.port })).toBeUndefined();
  });
});
