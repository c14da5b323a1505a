/**
 * The table of an app under development: its data operations at an address of their own, its items in a file. Several
 * processes may open the same file, and then share its items.
 */
import { randomBytes } from "node:crypto";
import { listen } from "../../http/loopback-server.ts";
import type { HttpRequest, HttpResponse } from "../../model/http-message.ts";
import { storeActions, storeTable } from "../../model/store-table.ts";
import { AwsError } from "../aws/aws-error.ts";
import type { Caller } from "../aws/policy.ts";
import { assumedRoleArn, credentialVariables, findSession, issueSession } from "../aws/session-credentials.ts";
import { verifySignature } from "../aws/signature.ts";
import { createItemCalls, type ItemCall, itemOperations } from "./data-plane.ts";
import { ItemStore } from "./item-store.ts";
import { dynamoResponse, membersOf, operationOf, writeDynamoError } from "./protocol.ts";

/** Which table, and where. */
export interface LocalTableOptions {
  /** Of the items; its folder is made when it is missing. */
  readonly file: string;
  /** The table's name. */
  readonly name: string;
  readonly region: string;
  readonly account: string;
  /** Of the credentials that it takes; random when absent. */
  readonly secret?: string;
  /** Gets failures of the server itself; the function gets a bare 500. */
  readonly onError: (error: unknown) => void;
  /** Epoch ms; the machine's clock by default. */
  readonly now?: () => number;
}

/** A table that answers. */
export interface LocalTable {
  readonly name: string;
  /** Runs an operation with the account's own permissions. Rejects with AwsError. */
  call(operation: string, members: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
  /** The variables with which a function reaches it, as it would its table on AWS. @param session its name */
  variables(session: string, role?: string): Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** Milliseconds that a connection may idle: longer than the store keeps one, so that it never finds one closed. */
const keepAliveMs = 60_000;

/** Opens the file and the address. Throws UserError STORE_FILE. */
export async function openLocalTable(options: LocalTableOptions): Promise<LocalTable> {
  const { file, name, region, onError } = options;
  const items = new ItemStore(file);
  const { secret = randomBytes(32).toString("base64") } = options;
  const run = createCalls(options, items);
  const listener = await listen({
    port: 0,
    keepAliveMs,
    onError,
    handle: createHandler({ ...options, secret }, run),
  });
  const url = listener.url;
  return {
    name,
    call: (operation, members) => run({ operation, members, caller: undefined }),
    variables: (session, role = name) => ({
      ...credentialVariables(issueSession(secret, { role, session })),
      AWS_ENDPOINT_URL_DYNAMODB: url,
      AWS_REGION: region,
      PORTICO_STORE: name,
    }),
    async close() {
      await listener.close();
      items.close();
    },
  };
}

/** The calls on the one table. */
function createCalls({ name, region, account, now = Date.now }: LocalTableOptions, items: ItemStore) {
  const { hashKey, rangeKey, ttl } = storeTable;
  const table = { name, id: name, hashKey, rangeKey, ttl };
  const findTable = (asked: string) => (asked === name ? table : undefined);
  const tableArn = (asked: string): string => arnOf({ region, account }, asked);
  return createItemCalls({ items: () => items, findTable, tables: () => [table] }, { now, tableArn });
}

const arnOf = ({ region, account }: Pick<LocalTableOptions, "region" | "account">, table: string): string =>
  `arn:aws:dynamodb:${region}:${account}:table/${table}`;

/** Verifies signatures of the issued credentials, which may do what a function's role may. */
function createHandler(
  { name, region, account, secret, now = Date.now }: LocalTableOptions & { readonly secret: string },
  run: ReturnType<typeof createItemCalls>,
): (request: HttpRequest) => Promise<HttpResponse> {
  const statement = { Effect: "Allow", Action: storeActions, Resource: arnOf({ region, account }, name) };
  const policies = [JSON.stringify({ Version: "2012-10-17", Statement: [statement] })];
  const answer = async (request: HttpRequest): Promise<HttpResponse> => {
    const findKey = (_: string, token: string | undefined) =>
      token === undefined ? undefined : findSession(secret, token);
    const { key, scope } = await verifySignature(request, findKey, [Date.now(), now()]);
    if (scope.service !== "dynamodb" || scope.region !== region)
      throw new AwsError(
        "InvalidSignatureException",
        400,
        `Credential should be scoped to dynamodb in ${region}, not to ${scope.service} in ${scope.region}.`,
      );
    const caller: Caller = { arn: assumedRoleArn(account, key.session), policies };
    const call: ItemCall = { operation: operationOf(request, itemOperations), members: membersOf(request), caller };
    return dynamoResponse(await run(call));
  };
  return async (request) => {
    try {
      return await answer(request);
    } catch (error) {
      if (error instanceof AwsError) return writeDynamoError(error);
      throw error;
    }
  };
}
