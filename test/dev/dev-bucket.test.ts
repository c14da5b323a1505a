/** The bucket of `portico dev` on Lambda: for functions that need files alone, kept over a restart. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { expect, it, onTestFinished } from "vitest";
import { loadApp } from "../../framework/config/app-loader.ts";
import { withLambdaServices } from "../../framework/dev/dev-lambda.ts";
import { createLambdaEmulator } from "../../framework/emulation/lambda/emulator.ts";
import type { Need } from "../../framework/model/need.ts";
import { functionOf } from "../emulation/lambda/harness.ts";
import { patient } from "../emulation/lambda/patient.ts";

const request = {
  method: "GET",
  target: "/",
  headers: [["host", "localhost:3000"]],
  body: new Uint8Array(),
  clientAddress: "127.0.0.1",
  scheme: "http",
  port: 3000,
} as const;
const to = { routeKey: "GET /", pathParameters: {}, requestId: "5e0c0c4e-0000-4000-8000-000000000001" };
const code = `export const handler = async () => ({ statusCode: 200, body: JSON.stringify(process.env) });`;

async function openApp() {
  const root = mkdtempSync(join(tmpdir(), "portico-dev-bucket-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, "hosting.json"), `{ "name": "shop", "target": "lambda" }`);
  const app = await loadApp({ root, stage: "dev" });
  const open = () => {
    const emulator = withLambdaServices(app, createLambdaEmulator({ ...patient, onLog: () => {} }), (error) => {
      throw error;
    });
    const variables = async (...needs: readonly Need[]) => {
      const fn = functionOf(code, { id: needs.join("-") || "plain", needs });
      const { response } = await emulator.invoke(fn, request, to);
      return JSON.parse(Buffer.from(response.body as Uint8Array).toString()) as Record<string, string>;
    };
    return { emulator, variables };
  };
  return { root, open };
}

const isServed = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => true,
    () => false,
  );

const clientOf = (variables: Readonly<Record<string, string>>): S3Client =>
  new S3Client({
    endpoint: variables["AWS_ENDPOINT_URL_S3"]!,
    region: variables["AWS_REGION"]!,
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: {
      accessKeyId: variables["AWS_ACCESS_KEY_ID"]!,
      secretAccessKey: variables["AWS_SECRET_ACCESS_KEY"]!,
      sessionToken: variables["AWS_SESSION_TOKEN"]!,
    },
  });

it("gives a function that needs files its bucket, and no other function anything", async () => {
  const { root, open } = await openApp();
  const file = join(root, ".portico/data/s3.sqlite");
  const first = open();
  const plain = await first.variables();
  expect([plain["PORTICO_FILES"], plain["AWS_ENDPOINT_URL_S3"], existsSync(file)]).toEqual([
    undefined,
    undefined,
    false,
  ]);
  const needing = await first.variables("files");
  expect(needing).toMatchObject({ PORTICO_FILES: "shop--dev", AWS_ACCESS_KEY_ID: expect.stringMatching(/^ASIA/) });
  const Bucket = "shop--dev";
  await clientOf(needing).send(new PutObjectCommand({ Bucket, Key: "a", Body: "kept" }));
  const other = clientOf(needing).send(new PutObjectCommand({ Bucket: "other", Key: "a", Body: "" }));
  await expect(other).rejects.toMatchObject({ name: "AccessDenied" });
  const preflight = await fetch(`${needing["AWS_ENDPOINT_URL_S3"]}/${Bucket}`, {
    method: "OPTIONS",
    headers: { origin: "https://app.example", "access-control-request-method": "POST" },
  });
  expect([preflight.status, preflight.headers.get("access-control-allow-origin")]).toEqual([200, "*"]);
  expect(statSync(file).mode & 0o077).toBe(0);
  await first.emulator.close();

  const second = open();
  // With the store beside it, whose credentials are the same.
  const both = await second.variables("files", "store");
  expect(both).toMatchObject({ PORTICO_FILES: "shop--dev", PORTICO_STORE: "shop--dev" });
  const { Body } = await clientOf(both).send(new GetObjectCommand({ Bucket, Key: "a" }));
  expect(await Body!.transformToString()).toBe("kept");
  await second.emulator.close();
});

it("has the address of its first start, so that what a page was given stays good, unless that is taken", async () => {
  const { root, open } = await openApp();
  const first = open();
  const given = await first.variables("files");
  const Bucket = "shop--dev";
  expect(statSync(join(root, ".portico/data/s3.json")).mode & 0o077).toBe(0);

  const beside = open();
  const other = await beside.variables("files");
  expect(other["AWS_ENDPOINT_URL_S3"]).not.toBe(given["AWS_ENDPOINT_URL_S3"]);
  await clientOf(other).send(new PutObjectCommand({ Bucket, Key: "a", Body: "kept" }));
  await Promise.all([first.emulator.close(), beside.emulator.close()]);

  const again = open();
  // Before any function is called: a page that is open in a browser sends its form.
  await expect.poll(() => isServed(given["AWS_ENDPOINT_URL_S3"]!)).toBe(true);
  expect((await again.variables("files"))["AWS_ENDPOINT_URL_S3"]).toBe(given["AWS_ENDPOINT_URL_S3"]);
  const { Body } = await clientOf(given).send(new GetObjectCommand({ Bucket, Key: "a" }));
  expect(await Body!.transformToString()).toBe("kept");
  await again.emulator.close();
});

it.each([
  `{"secret":"abc","port":-5}`,
  `{"secret":"abc","port":999999}`,
  `{"secret":"","port":8080}`,
  `{"secret":"abc"`,
  "null",
  "",
])("has a new address where %j is kept", async (text) => {
  const { root, open } = await openApp();
  const file = join(root, ".portico/data/s3.json");
  mkdirSync(join(root, ".portico/data"), { recursive: true });
  writeFileSync(file, text, { mode: 0o644 });
  const { emulator, variables } = open();
  const { AWS_ENDPOINT_URL_S3: url } = await variables("files");
  const kept = JSON.parse(readFileSync(file, "utf8")) as { readonly secret: string; readonly port: number };
  expect([kept.port, kept.secret.length, statSync(file).mode & 0o077]).toEqual([Number(new URL(url!).port), 44, 0]);
  await emulator.close();
});
