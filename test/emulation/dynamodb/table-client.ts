/** A local table for a test file, and raw calls to it that no SDK client checks before. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { SignatureV4 } from "@smithy/signature-v4";
import { Sha256 } from "../../../framework/emulation/aws/sha256.ts";
import { openLocalTable } from "../../../framework/emulation/dynamodb/local-table.ts";

/** An answer; `type` is the name of an error without its namespace. */
export interface Answer {
  readonly status: number;
  readonly type: string | undefined;
  readonly message: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Where and as whom a call is made. */
export type Variables = Readonly<Record<string, string>>;

/** Makes one call. @param members an object, or a body that is none */
export async function callTable(variables: Variables, operation: string, members: object | string): Promise<Answer> {
  const endpoint = new URL(variables["AWS_ENDPOINT_URL_DYNAMODB"]!);
  const signer = new SignatureV4({
    service: "dynamodb",
    region: variables["AWS_REGION"]!,
    credentials: {
      accessKeyId: variables["AWS_ACCESS_KEY_ID"]!,
      secretAccessKey: variables["AWS_SECRET_ACCESS_KEY"]!,
      sessionToken: variables["AWS_SESSION_TOKEN"]!,
    },
    sha256: Sha256,
  });
  const body = typeof members === "string" ? members : JSON.stringify(members);
  const { headers } = await signer.sign({
    method: "POST",
    protocol: "http:",
    hostname: endpoint.hostname,
    path: "/",
    headers: {
      host: endpoint.host,
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `DynamoDB_20120810.${operation}`,
    },
    body,
  });
  const response = await fetch(endpoint, { method: "POST", headers, body });
  const text = await response.text();
  const checksum = response.headers.get("x-amz-crc32");
  if (checksum !== null && Number(checksum) !== crc32(text)) throw new Error(`x-amz-crc32 is ${checksum} for ${text}`);
  const content = JSON.parse(text) as Record<string, unknown>;
  const type = content["__type"] === undefined ? undefined : String(content["__type"]).replace(/^.*#/, "");
  const message = (content["message"] ?? content["Message"]) as string | undefined;
  return { status: response.status, type, message, body: content };
}

/** A table in a folder of its own, whose clock the test moves by `ahead` milliseconds. */
export async function openTestTable() {
  const folder = mkdtempSync(join(tmpdir(), "portico-table-"));
  const file = join(folder, "items.sqlite");
  const state = { ahead: 0 };
  const place = { file, name: "app--dev", region: "us-east-1", account: "000000000000" };
  const open = () =>
    openLocalTable({
      ...place,
      onError: (error) => {
        throw error;
      },
      now: () => Date.now() + state.ahead,
    });
  let table = await open();
  const call = (operation: string, members: object | string): Promise<Answer> =>
    callTable(
      table.variables("fn"),
      operation,
      typeof members === "string" ? members : { TableName: place.name, ...members },
    );
  return {
    file,
    state,
    call,
    open,
    variables: () => table.variables("fn"),
    async restart() {
      await table.close();
      table = await open();
    },
    async close() {
      await table.close();
      rmSync(folder, { recursive: true });
    },
  };
}
