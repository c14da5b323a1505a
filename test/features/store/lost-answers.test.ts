/** What the store tells of writes whose answers are lost, on D1 and on DynamoDB. */
// @module-tag isolated
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { describe, expect, it, onTestFinished } from "vitest";
import { createSignedCall } from "../../../framework/features/aws/signed-call.ts";
import { createDynamoEngine } from "../../../framework/features/store/dynamodb.ts";
import { createStore } from "../../../framework/features/store/store.ts";
import { store as storeOnWorkers } from "../../../framework/features/store/workers.ts";
import { createCall } from "../../../framework/node/testing.ts";

Object.assign(process.env, { AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" });

type Input = Readonly<Record<string, unknown>>;
type Respond = (operation: string, input: Input, out: ServerResponse) => void;

/** A store whose DynamoDB is this function, and the operations that it was asked. */
async function onDynamo(respond: Respond) {
  const asked: string[] = [];
  const server = createServer((incoming: IncomingMessage, out) => {
    void json(incoming).then((input) => {
      const operation = String(incoming.headers["x-amz-target"]).replace(/.*\./, "");
      asked.push(operation);
      respond(operation, input as Input, out);
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const endpoint = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const call = createSignedCall({ name: "dynamodb", target: "DynamoDB_20120810", endpoint });
  const open = createStore((_, namespace) => createDynamoEngine(call, "t", namespace));
  return { asked, entries: open<number | string>(createCall(), "a"), numbers: open<number>(createCall(), "a") };
}

const answer = (out: ServerResponse, status: number, body: object): void =>
  void out.writeHead(status).end(JSON.stringify(body));
const failure = (type: string): object => ({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message: "m" });

describe("on DynamoDB", () => {
  it.each(["lost", "500"])("a write whose answer is %s, and that a read finds, has happened", async (how) => {
    let written: unknown;
    const { entries, asked } = await onDynamo((operation, { Item }, out) => {
      if (operation === "GetItem") return answer(out, 200, { Item: written });
      written = Item;
      if (how === "lost") out.destroy();
      else answer(out, 500, failure("InternalServerError"));
    });
    expect(await entries.set("k", "v")).toBe((written as { r: { S: string } }).r.S);
    expect(asked).toEqual(["PutItem", "GetItem"]);
  });

  it("a sum is read where its answer is lost", async () => {
    let version: object | undefined;
    const { numbers, asked } = await onDynamo((operation, { Key, ExpressionAttributeValues }, out) => {
      if (operation === "GetItem") return answer(out, 200, { Item: { ...(Key as object), c: { N: "7" }, r: version } });
      version = (ExpressionAttributeValues as Readonly<Record<string, object>>)[":r"];
      out.destroy();
    });
    expect(await numbers.add("k")).toBe(7);
    expect(asked).toEqual(["UpdateItem", "GetItem"]);
  });

  it.each([
    ["set", { Item: { n: { S: "a" }, k: { S: "k" }, c: { N: "1" }, r: { S: "another" } } }],
    ["add", {}],
    ["delete", {}],
  ] as const)("%s is unknown where the read does not tell", async (kind, found) => {
    const { numbers } = await onDynamo((operation, _, out) =>
      operation === "GetItem" ? answer(out, 200, found) : void out.destroy(),
    );
    const call = kind === "delete" ? numbers.delete("k") : kind === "add" ? numbers.add("k") : numbers.set("k", 1);
    await expect(call).rejects.toMatchObject({ code: "STORE_OUTCOME_UNKNOWN" });
  });

  // SQS, which is called in the same way, has the second name.
  it.each(["ThrottlingException", "RequestThrottled"])(
    "a read is repeated, and a call that was refused for its rate: %s",
    async (type) => {
      let calls = 0;
      const { entries, asked } = await onDynamo((operation, _, out) => {
        calls += 1;
        if (operation === "GetItem" && calls === 1) return void out.destroy();
        if (operation === "PutItem" && calls === 3) return answer(out, 400, failure(type));
        answer(out, 200, {});
      });
      expect(await entries.get("k")).toBeUndefined();
      await entries.set("k", 1);
      expect(asked).toEqual(["GetItem", "GetItem", "PutItem", "PutItem"]);
    },
  );

  it("tells that it is busy, and that there is no table", async () => {
    const busy = await onDynamo((_operation, _, out) =>
      answer(out, 400, failure("ProvisionedThroughputExceededException")),
    );
    await expect(busy.entries.set("k", 1)).rejects.toMatchObject({ code: "STORE_BUSY" });
    for (const type of ["ResourceNotFoundException", "AccessDeniedException"]) {
      const missing = await onDynamo((_operation, _, out) => answer(out, 400, failure(type)));
      await expect(missing.entries.get("k")).rejects.toMatchObject({ code: "STORE_MISSING" });
    }
    const refused = await onDynamo((_operation, _, out) => answer(out, 400, failure("ValidationException")));
    await expect(refused.entries.get("k")).rejects.toMatchObject({ code: "ValidationException" });
  });
});

describe("on D1", () => {
  const onD1 = (batch: (sql: readonly string[]) => Promise<unknown>) => {
    const statement = (sql: string): object => ({ sql, bind: () => ({ sql }) });
    const database = {
      prepare: statement,
      batch: (statements: readonly { readonly sql: string }[]) => batch(statements.map(({ sql }) => sql)),
    };
    const platform = { name: "workers", env: { PORTICO_STORE: database }, context: {}, cf: {} } as const;
    return storeOnWorkers<number>(createCall({ platform }), "a");
  };

  it("a write that a read does not find is unknown, a deletion always", async () => {
    const entries = onD1(async ([sql]) => {
      if (sql!.startsWith("SELECT")) return [{ results: [] }];
      throw new Error("lost");
    });
    for (const call of [() => entries.set("k", 1), () => entries.add("k"), () => entries.delete("k")])
      await expect(call()).rejects.toMatchObject({ code: "STORE_OUTCOME_UNKNOWN" });
  });

  it("tells that there is no binding, or no answer, in D1's own words", async () => {
    const silent = onD1(() => Promise.reject(new Error("D1_ERROR: no such table: store")));
    await expect(silent.get("k")).rejects.toMatchObject({
      code: "STORE_BUSY",
      message: expect.stringContaining("no such table: store"),
    });
    await expect(silent.set("k", 1)).rejects.toMatchObject({ code: "STORE_OUTCOME_UNKNOWN" });
    const platform = { name: "workers", env: {}, context: {}, cf: {} } as const;
    expect(() => storeOnWorkers(createCall({ platform }), "a")).toThrow(
      expect.objectContaining({ code: "STORE_MISSING" }),
    );
  });
});
