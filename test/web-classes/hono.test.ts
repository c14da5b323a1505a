/** Tests that Hono and its middleware respond alike with the lightweight and the platform's classes, on Lambda. */
// @module-tag check
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toEvent } from "../../framework/emulation/http-api/event.ts";
import { createLambdaRuntime } from "../../framework/emulation/lambda/runtime.ts";
import { buildApp } from "../../framework/bundler/build.ts";
import type { Manifest } from "../../framework/model/manifest.ts";
import type { HttpRequest } from "../../framework/model/http-message.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import { makeApp, makeFolder } from "../bundler/test-app.ts";
import type { Ask, HonoCase } from "./hono/case.ts";
import { middleware } from "./hono/middleware.ts";
import { parts } from "./hono/parts.ts";
import { patient } from "../emulation/lambda/patient.ts";

const cases: readonly HonoCase[] = [...middleware, ...parts];
const modes = ["light", "platform"] as const;
type Mode = (typeof modes)[number];

const source = ({ name, imports, code }: HonoCase): string =>
  `import { Hono } from "hono";\n${imports}\n` +
  `const app: any = new Hono().basePath("/${name}");\n${code}\nexport default app;\n`;

/** Says what it was asked. */
const origin = createServer((request: IncomingMessage, response) => {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    const { method, url = "", headers } = request;
    if (url === "/moved") return response.writeHead(302, { location: "/plain" }).end();
    if (url === "/gzip")
      return response
        .writeHead(200, { "content-encoding": "gzip", "content-type": "text/plain" })
        .end(gzipSync("unzipped"));
    if (url === "/cookies") return response.writeHead(200, { "set-cookie": ["a=1", "b=2"], "x-a": "1" }).end("cookies");
    if (url === "/plain") return response.writeHead(200, { "content-type": "text/plain" }).end("plain");
    if (url !== "/echo") return response.writeHead(404).end("nothing");
    const { host: _, "user-agent": __, ...told } = headers;
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ method, headers: told, body: Buffer.concat(chunks).toString() }));
  });
});

const runtime = createLambdaRuntime({ ...patient, onLog: () => undefined });
let built: Readonly<Record<Mode, { readonly out: string; readonly manifest: Manifest }>>;
let env: Readonly<Record<string, string>>;

async function buildFor(root: string, webClasses: Mode) {
  const out = join(root, ".portico", webClasses);
  const app = makeApp(root, { lambda: { ...makeApp(root).lambda, webClasses } });
  const doubts: string[] = [];
  const manifest = await buildApp({
    app,
    routes: await discoverRoutes(root),
    assets: [],
    target: "lambda",
    out,
    warn: (text) => doubts.push(text),
  });
  expect(doubts).toEqual([]);
  return { out, manifest };
}

const folders: (() => void)[] = [];

beforeAll(async () => {
  await new Promise<void>((listening) => origin.listen(0, "127.0.0.1", listening));
  env = { ORIGIN: `http://127.0.0.1:${(origin.address() as AddressInfo).port}` };
  const which = `const list: string[] = (process as any).moduleLoadList;
export const GET = () => Response.json({ loaded: list.some((name) => name.endsWith("/undici")) });`;
  const files = Object.fromEntries(cases.map((one) => [`functions/${one.name}/[[...path]].tsx`, source(one)]));
  const root = makeFolder({ ...files, "functions/which.ts": which }, (remove) => folders.push(remove));
  built = { light: await buildFor(root, "light"), platform: await buildFor(root, "platform") };
});

afterAll(async () => {
  await runtime.close();
  origin.closeAllConnections();
  origin.close();
  for (const remove of folders) remove();
});

async function ask(
  mode: Mode,
  route: string,
  { method = "GET", path = "/", headers = {}, body = "" }: Ask,
): Promise<unknown> {
  const { out, manifest } = built[mode];
  const fn = manifest.functions.find(({ id }) => id === `${route}-path` || id === route)!;
  const request: HttpRequest = {
    method,
    target: `/${route}${path === "/" ? "" : path}`,
    clientAddress: "192.0.2.1",
    scheme: "https",
    port: 443,
    headers: Object.entries({
      host: "a.test",
      "x-amzn-trace-id": "Root=1-6a5145a9-1bae89e2512ec92d5d9438a0",
      ...headers,
    }),
    body: Buffer.from(body),
  };
  const to = { routeKey: "$default", pathParameters: {}, requestId: "id" };
  const event = toEvent(request, to, { apiId: "a", accountId: "1" }, new Date(0));
  const loaded = {
    id: `${mode}-${fn.id}`,
    hash: "1",
    directory: join(out, fn.main, ".."),
    main: `${fn.id}.mjs`,
    memory: 256,
    timeout: 10,
    env,
  };
  const call = { requestId: "r", arn: "arn:aws:lambda:us-east-1:000000000000:function:f:1" };
  const { payload, functionError } = await runtime.invoke(loaded, Buffer.from(JSON.stringify(event)), call);
  return { functionError, result: JSON.parse(stable(Buffer.from(payload).toString())) as unknown };
}

/** Without what is another at every call. */
const stable = (text: string): string =>
  text
    .replace(/"date":"[^"]*"/g, `"date":"D"`)
    .replace(/'nonce-[^']*'/g, "'nonce'")
    .replace(/work;dur=[\d.]+/g, "work;dur=N")
    .replace(/"x-request-id":"[\w-]{36}"/g, `"x-request-id":"U"`);

test("one mode has the lightweight classes, the other the platform's", async () => {
  expect(await ask("light", "which", {})).toMatchObject({ result: { body: `{"loaded":false}` } });
  expect(await ask("platform", "which", {})).toMatchObject({ result: { body: `{"loaded":true}` } });
});

describe.each(cases)("$name", ({ name, asks }) => {
  test.each(asks.map((one, at) => [`${at} ${one.method ?? "GET"} ${one.path ?? "/"}`, one] as const))(
    "%s",
    async (_, one) => {
      const [light, platform] = [await ask("light", name, one), await ask("platform", name, one)];
      expect(light).toEqual(platform);
      expect(platform).toMatchObject({
        functionError: undefined,
        result: { statusCode: expect.any(Number) as number },
      });
    },
  );
});
