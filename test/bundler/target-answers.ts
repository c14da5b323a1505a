/**
 * Responses of one route on Lambda and Node, from production and development builds. Lambda's zip runs in another
 * folder.
 */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { onTestFinished } from "vitest";
import { createDevBuilder } from "../../framework/bundler/dev-builder.ts";
import { zipEntries } from "../../framework/zip/reader.ts";
import { createLambdaRuntime } from "../../framework/emulation/lambda/runtime.ts";
import type { App } from "../../framework/model/app.ts";
import type { LoadedFunction } from "../../framework/model/invocation.ts";
import type { Target } from "../../framework/model/target.ts";
import { discoverRoutes } from "../../framework/routes/route-discovery.ts";
import type { HttpApiResult } from "../../framework/runtime/http-api.ts";
import type { Fetch } from "../../framework/runtime/route-function.ts";
import { build, makeApp } from "./test-app.ts";
import { patient } from "../emulation/lambda/patient.ts";

const runs = ["lambda", "lambda dev", "node", "node dev"] as const;

/** Response bodies; of failed requests the status and the error. */
export async function answers(
  root: string,
  id: string,
  path: string,
  changes: Partial<App> = {},
): Promise<Record<(typeof runs)[number], string>> {
  const [lambda, node] = [await build(root, "lambda", changes), await build(root, "node", changes)];
  const zip = lambda.manifest.functions.find((fn) => fn.id === id)?.zip ?? "";
  const main = join(node.out, node.manifest.main ?? "");
  return {
    lambda: await callLambda(unzip(readFileSync(join(lambda.out, zip))), path),
    "lambda dev": await callLambda(await loadDev(root, "lambda", id, changes), path),
    node: await callNode(main, path),
    "node dev": await callNode(
      await loadDev(root, "node", id, changes).then((fn) => join(fn.directory, fn.main)),
      path,
    ),
  };
}

/** The same body for every run. */
export const sameAnswer = (body: string): Record<(typeof runs)[number], string> => ({
  lambda: body,
  "lambda dev": body,
  node: body,
  "node dev": body,
});

/** A function's zip, extracted into a separate folder. */
export function unzip(bytes: Uint8Array): LoadedFunction {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "portico-unzipped-")));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  for (const { path, bytes: content } of zipEntries(bytes)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  return { id: "unzipped", hash: directory, directory, main: "index.mjs", memory: 512, timeout: 30, env: {} };
}

async function loadDev(root: string, target: Target, id: string, changes: Partial<App>): Promise<LoadedFunction> {
  const builder = createDevBuilder({
    app: makeApp(root, changes),
    target,
    out: join(root, ".portico/dev", target),
    env: {},
  });
  onTestFinished(() => builder.close());
  builder.setRoutes(await discoverRoutes(root));
  return { ...(await builder.load(id)), timeout: 30 };
}

async function callLambda(fn: LoadedFunction, path: string): Promise<string> {
  const lines: string[] = [];
  const runtime = createLambdaRuntime({ ...patient, onLog: ({ text }) => lines.push(text) });
  onTestFinished(() => runtime.close());
  const http = { method: "GET", path, protocol: "HTTP/1.1", sourceIp: "192.0.2.1", userAgent: "test" };
  const event = {
    version: "2.0",
    rawPath: path,
    rawQueryString: "",
    headers: { host: "example.com" },
    isBase64Encoded: false,
    requestContext: { domainName: "example.com", stage: "$default", http },
  };
  const arn = "arn:aws:lambda:us-east-1:111122223333:function:app--dev--hello:7";
  const { payload } = await runtime.invoke(fn, Buffer.from(JSON.stringify(event)), { requestId: "r-1", arn });
  const result = JSON.parse(Buffer.from(payload).toString()) as HttpApiResult & { readonly errorMessage?: string };
  if (result.statusCode === 200) return result.body ?? "";
  return `${result.statusCode} ${result.errorMessage ?? ""} ${lines.join("\n")}`;
}

async function callNode(main: string, path: string): Promise<string> {
  const call = { env: {}, requestId: "r-1", clientAddress: undefined, platform: { name: "node" }, waitUntil: () => {} };
  try {
    const { default: fetch } = (await import(pathToFileURL(main).href)) as { readonly default: Fetch };
    const response = await fetch(new Request(`http://example.com${path}`), call as unknown as Parameters<Fetch>[1]);
    return response.status === 200 ? await response.text() : `${response.status} ${await response.text()}`;
  } catch (error) {
    return String(error);
  }
}
