/** The table of `portico dev` on Lambda: for functions that need the store alone, kept over a restart. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { loadApp } from "../../framework/config/app-loader.ts";
import { withTable } from "../../framework/dev/dev-table.ts";
import { createLambdaEmulator } from "../../framework/emulation/lambda/emulator.ts";
import type { Need } from "../../framework/model/need.ts";
import { callTable } from "../emulation/dynamodb/table-client.ts";
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
const key = { TableName: "shop--dev", Key: { n: { S: "n" }, k: { S: "k" } } };

async function openApp() {
  const root = mkdtempSync(join(tmpdir(), "portico-dev-table-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  writeFileSync(join(root, "hosting.json"), `{ "name": "shop", "target": "lambda" }`);
  const app = await loadApp({ root, stage: "dev" });
  const open = () => {
    const errors: unknown[] = [];
    const emulator = withTable(app, createLambdaEmulator({ ...patient, onLog: () => {} }), (error) =>
      errors.push(error),
    );
    const variables = async (needs?: readonly Need[]) => {
      const fn = functionOf(code, { id: needs ? "visits" : "plain", ...(needs && { needs }) });
      const { response } = await emulator.invoke(fn, request, to);
      return JSON.parse(Buffer.from(response.body as Uint8Array).toString()) as Record<string, string>;
    };
    return { emulator, variables, errors };
  };
  return { root, open };
}

it("gives a function that needs the store its table, and no other function anything", async () => {
  const { root, open } = await openApp();
  const first = open();
  const plain = await first.variables();
  expect([plain["PORTICO_STORE"], plain["AWS_ACCESS_KEY_ID"], plain["AWS_ENDPOINT_URL_DYNAMODB"]]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(existsSync(join(root, ".portico/data"))).toBe(false);
  const needing = await first.variables(["store"]);
  expect(needing).toMatchObject({ PORTICO_STORE: "shop--dev", AWS_ACCESS_KEY_ID: expect.stringMatching(/^ASIA/) });
  await callTable(needing, "PutItem", { TableName: "shop--dev", Item: { ...key.Key, v: { S: "kept" } } });
  await first.emulator.close();

  const second = open();
  const { body } = await callTable(await second.variables(["store"]), "GetItem", key);
  expect(body["Item"]).toMatchObject({ v: { S: "kept" } });
  await second.emulator.close();
  expect([...first.errors, ...second.errors]).toEqual([]);
});

it("says that the file of its items is not one, and works when it is gone", async () => {
  const { root, open } = await openApp();
  const dev = open();
  const file = join(root, ".portico/data");
  mkdirSync(file, { recursive: true });
  writeFileSync(join(file, "dynamodb.sqlite"), "no database, but a text that is long enough to be read as one");
  await expect(dev.variables(["store"])).rejects.toMatchObject({ code: "STORE_FILE" });
  rmSync(file, { recursive: true });
  expect(await dev.variables(["store"])).toMatchObject({ PORTICO_STORE: "shop--dev" });
  await dev.emulator.close();
});
