/** Uploads through the real SDK to a server that refuses and delays as Lambda does. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Clock } from "../../../deploy/clock.ts";
import { createClients } from "../../../deploy/lambda/clients.ts";
import { uploadFunction } from "../../../deploy/lambda/functions.ts";
import type { LambdaFunction } from "../../../deploy/lambda/lambda-function.ts";

type Reply = readonly [status: number, errorType: string | undefined, body: Readonly<Record<string, unknown>>];

let server: Server;
let folder: string;
let replies: Map<string, Reply[]>;
let seen: string[];
let now: number;
const clock: Clock = {
  now: () => now,
  sleep: async (milliseconds) => {
    now += milliseconds;
  },
  later: () => () => undefined,
};
const owner = { app: "a", stage: "b" };
const arn = "arn:aws:lambda:us-east-1:000000000000:function:a--b--index-000000";
const tags = { "portico:app": "a", "portico:stage": "b" };

beforeEach(async () => {
  now = 1_000_000;
  seen = [];
  folder = await mkdtemp(join(tmpdir(), "portico-upload-"));
  await writeFile(join(folder, "index.zip"), "zip");
  server = createServer((request, response) => {
    const call = `${request.method} ${decodeURIComponent(request.url ?? "").replace(/.*functions/, "")}`;
    seen.push(call);
    const [status, errorType, body] = replies.get(call)?.shift() ?? [404, "ResourceNotFoundException", {}];
    request.resume();
    response.writeHead(status, {
      "content-type": "application/json",
      ...(errorType && { "x-amzn-errortype": errorType }),
    });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

function upload(created: number) {
  const { port } = server.address() as AddressInfo;
  const clients = createClients(
    {
      endpoint: `http://127.0.0.1:${port}`,
      region: "us-east-1",
      credentials: { accessKeyId: "AKIA", secretAccessKey: "x" },
    },
    { clock },
  );
  const settings = {
    runtime: "nodejs24.x",
    handler: "index.handler",
    architecture: "arm64",
    memory: 128,
    timeout: 3,
    env: {},
    logGroup: "/g",
  } as const;
  const fn: LambdaFunction = {
    id: "index",
    name: "a--b--index-000000",
    key: "f".repeat(64),
    zip: join(folder, "index.zip"),
    build: "b",
    kept: [],
    files: [],
    ownKey: "f".repeat(64),
    role: "a--b--role",
    settings,
  };
  return uploadFunction(
    {
      clients,
      owner,
      roles: new Map([["a--b--role", { arn: "arn:aws:iam::0:role/r", created }]]),
      liveAssets: undefined,
      requireLease: () => undefined,
    },
    fn,
  );
}

const notYet: Reply = [400, "InvalidParameterValueException", { message: "any" }];
/** As Lambda repeats it. */
const settings = {
  Role: "arn:aws:iam::0:role/r",
  Runtime: "nodejs24.x",
  Handler: "index.handler",
  MemorySize: 128,
  Timeout: 3,
  Architectures: ["arm64"],
  LoggingConfig: { LogFormat: "Text", LogGroup: "/g" },
};
const made: Reply = [201, undefined, { ...settings, FunctionArn: `${arn}:1`, Version: "1", State: "Pending" }];

test("a role that was just made is waited for, and so is the version's state", async () => {
  replies = new Map([
    ["POST ", [notYet, notYet, made]],
    ["POST /", [notYet, notYet, made]],
    [
      "GET /a--b--index-000000?Qualifier=1",
      [
        [200, undefined, { Configuration: { State: "Pending" } }],
        [200, undefined, { Configuration: { State: "Active" } }],
      ],
    ],
  ]);
  expect((await upload(now)).version).toEqual({ function: "index", number: "1", ref: `${arn}:1`, key: "f".repeat(64) });
  expect(seen.filter((call) => call.startsWith("POST"))).toHaveLength(3);
  expect(now).toBeGreaterThan(1_000_000);
});

test("with a role that is old, a wrong parameter is final", async () => {
  replies = new Map([["POST ", [notYet, made]]]);
  await expect(upload(now - 600_000)).rejects.toMatchObject({ name: "InvalidParameterValueException" });
  expect(seen.filter((call) => call.startsWith("POST"))).toHaveLength(1);
});

test("an update in progress is waited for, and a failed one is the user's error", async () => {
  const latest = { FunctionName: "a--b--index-000000", CodeSha256: "old", Architectures: ["arm64"], State: "Active" };
  replies = new Map([
    [
      "GET /a--b--index-000000",
      [
        [200, undefined, { Configuration: latest, Tags: tags }],
        [200, undefined, { Configuration: { ...latest, LastUpdateStatus: "InProgress" } }],
        [200, undefined, { Configuration: { ...latest, LastUpdateStatus: "Successful" } }],
        [200, undefined, { Configuration: { ...latest, LastUpdateStatus: "Failed", LastUpdateStatusReason: "disk" } }],
      ],
    ],
    ["GET /a--b--index-000000/versions", [[200, undefined, { Versions: [] }]]],
    [
      "PUT /a--b--index-000000/code",
      [
        [409, "ResourceConflictException", { message: "any" }],
        [200, undefined, { ...latest, CodeSha256: "new", LastUpdateStatus: "InProgress" }],
      ],
    ],
  ]);
  await expect(upload(0)).rejects.toMatchObject({ code: "FUNCTION_FAILED", message: expect.stringContaining("disk") });
  expect(seen.filter((call) => call.startsWith("PUT"))).toHaveLength(2);
});

test("somebody else's function is not touched", async () => {
  replies = new Map([
    ["GET /a--b--index-000000", [[200, undefined, { Configuration: {}, Tags: { ...tags, "portico:stage": "other" } }]]],
  ]);
  await expect(upload(0)).rejects.toThrow("belongs to another app");
  expect(seen).toEqual(["GET /a--b--index-000000"]);
});
