/** Stage local talks to the local cloud only, with a poisoned environment and all other sockets blocked. */
// @module-tag isolated
import { execFileSync } from "node:child_process";
import { toUserError } from "../../../deploy/lambda/aws-error.ts";
import { closeSync, constants, openSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createClients } from "../../../deploy/lambda/clients.ts";
import { GetApisCommand } from "@aws-sdk/client-apigatewayv2";
import { openDeployFixture } from "./deploy-fixture.ts";

const elsewhere = "http://192.0.2.1:9";
const connect = Socket.prototype.connect;
let folder: string;
let pipes: readonly string[];
let attempts: string[];

/** Whoever opens a pipe that nobody writes to waits for ever: a read of it is a test that times out. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "portico-poison-"));
  pipes = ["config", "credentials"].map((name) => join(folder, name));
  for (const pipe of pipes) execFileSync("mkfifo", [pipe]);
  const poison = {
    AWS_CONFIG_FILE: pipes[0],
    AWS_SHARED_CREDENTIALS_FILE: pipes[1],
    HOME: folder,
    AWS_SDK_LOAD_CONFIG: "1",
    AWS_PROFILE: "production",
    AWS_ACCESS_KEY_ID: "AKIAPOISONPOISONPOIS",
    AWS_SECRET_ACCESS_KEY: "poison",
    AWS_SESSION_TOKEN: "poison",
    AWS_CREDENTIAL_EXPIRATION: "soon",
    AWS_REGION: "eu-poison-1",
    AWS_DEFAULT_REGION: "eu-poison-2",
    AWS_ENDPOINT_URL: elsewhere,
    AWS_ENDPOINT_URL_LAMBDA: elsewhere,
    AWS_ENDPOINT_URL_IAM: elsewhere,
    AWS_ENDPOINT_URL_APIGATEWAYV2: elsewhere,
    AWS_USE_FIPS_ENDPOINT: "true",
    AWS_USE_DUALSTACK_ENDPOINT: "true",
    AWS_MAX_ATTEMPTS: "0",
    AWS_RETRY_MODE: "poison",
    AWS_DEFAULTS_MODE: "auto",
    AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
    AWS_EC2_METADATA_SERVICE_ENDPOINT: elsewhere,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: elsewhere,
    AWS_WEB_IDENTITY_TOKEN_FILE: pipes[1],
    AWS_ROLE_ARN: "arn:aws:iam::1:role/poison",
    HTTP_PROXY: elsewhere,
    HTTPS_PROXY: elsewhere,
    http_proxy: elsewhere,
    AWS_SDK_UA_APP_ID: "poison",
    AWS_AUTH_SCHEME_PREFERENCE: "httpBearerAuth",
    AWS_CA_BUNDLE: pipes[0],
  };
  for (const [name, value] of Object.entries(poison)) vi.stubEnv(name, value);
  attempts = [];
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
    const [first, second] = args.flat() as [unknown, unknown];
    const { host, path } = (typeof first === "object" ? first : { host: second }) as {
      readonly host?: string;
      readonly path?: string;
    };
    const target = host ?? "localhost";
    if (path !== undefined && host === undefined) return Reflect.apply(connect, this, args) as Socket;
    if (/^(127\.0\.0\.1|localhost|::1)$/.test(target)) return Reflect.apply(connect, this, args) as Socket;
    attempts.push(target);
    throw new Error(`blocked: ${target}`);
  };
});

afterEach(async () => {
  Socket.prototype.connect = connect;
  vi.unstubAllEnvs();
  // Lets go of whoever reads, so that a failure ends the worker too.
  for (const pipe of pipes) closeSync(openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK));
  await rm(folder, { recursive: true, force: true });
});

test("the block blocks", () => {
  expect(() => new Socket().connect(9, "192.0.2.1")).toThrow("blocked");
});

test("a poisoned environment changes nothing", async () => {
  const fixture = await openDeployFixture();
  try {
    const { live } = await fixture.deploy();
    expect(await (await fetch(live.url)).text()).toBe("home");
    expect((await fixture.deploy()).changed).toBe(false);
    expect(attempts).toEqual([]);
  } finally {
    await fixture.close();
  }
});

test("a cloud that is not there, and one that refuses, are the user's errors", async () => {
  const nobody = {
    endpoint: "http://127.0.0.1:1",
    region: "us-east-1",
    credentials: { accessKeyId: "AKIA", secretAccessKey: "x" },
  };
  const failure = await createClients(nobody)
    .apiOnce.send(new GetApisCommand({}))
    .catch((error: unknown) => error);
  expect(toUserError(failure, nobody.endpoint)).toMatchObject({ code: "CLOUD_UNREACHABLE", cause: failure });
  const fixture = await openDeployFixture();
  try {
    const stranger = createClients({
      ...nobody,
      endpoint: await fixture.clients.api.config.endpoint!().then(({ hostname, port }) => `http://${hostname}:${port}`),
    });
    const refusal = await stranger.api.send(new GetApisCommand({})).catch((error: unknown) => error);
    expect(toUserError(refusal, "x")).toMatchObject({ code: "CLOUD_REFUSED", cause: refusal });
    const bug = new TypeError("bug");
    expect(toUserError(bug, "x")).toBe(bug);
  } finally {
    await fixture.close();
  }
});
