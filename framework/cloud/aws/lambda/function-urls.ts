/**
 * Function URLs: CreateFunctionUrlConfig, GetFunctionUrlConfig, ListFunctionUrlConfigs, UpdateFunctionUrlConfig and
 * DeleteFunctionUrlConfig. A URL belongs to `$LATEST` or an alias, never to a version.
 */
import { randomBytes } from "node:crypto";
import type { Collection } from "../../collection.ts";
import { functionArn } from "../arn.ts";
import type { StructureReader } from "../../structure-reader.ts";
import type { RestCall, RestOperation } from "../rest-operation.ts";
import type { FunctionRecord, UrlRecord } from "../records.ts";
import { findFunction, refOf } from "./function-lookup.ts";
import { lambdaPage } from "./pagination.ts";
import { timestamp } from "./function-version.ts";
import { conflict, lambdaMembers, notFound, violation } from "./errors.ts";

/** A function and the qualifier of its URL; "" is the unqualified function. */
interface UrlTarget {
  readonly record: FunctionRecord;
  readonly qualifier: string;
}

function targetOf(call: RestCall, functions: Collection<FunctionRecord>): UrlTarget {
  const ref = refOf(call);
  const { qualifier = "" } = ref;
  if (/^\d+$/.test(qualifier))
    throw violation(
      "Qualifier",
      qualifier,
      String.raw`Member must satisfy regular expression pattern: (^\$LATEST$)|((?!^[0-9]+$)([a-zA-Z0-9-_]+))`,
    );
  const { record } = findFunction(ref, functions);
  return { record, qualifier: qualifier === "$LATEST" ? "" : qualifier };
}

function urlOf({ record, qualifier }: UrlTarget): UrlRecord {
  const url = record.urls[qualifier];
  if (!url) throw notFound("The resource you requested does not exist.");
  return url;
}

/** A URL as responses show it: on loopback, where AWS has `https://ID.lambda-url.REGION.on.aws/`. */
function describe({ record, qualifier }: UrlTarget, url: UrlRecord): Record<string, unknown> {
  return {
    FunctionUrl: `http://127.0.0.1:${url.port}/`,
    FunctionArn: functionArn(record.name, qualifier || undefined),
    AuthType: "NONE",
    InvokeMode: url.mode,
    CreationTime: url.created,
    LastModifiedTime: url.modified,
  };
}

/** The members that an update may change. */
function readMode(members: StructureReader): UrlRecord["mode"] | undefined {
  const auth = members.text("AuthType", { oneOf: ["NONE", "AWS_IAM"] });
  if (auth === "AWS_IAM")
    throw violation("AuthType", auth, "Portico's local cloud supports URLs of AuthType NONE only");
  return members.text("InvokeMode", { oneOf: ["BUFFERED", "RESPONSE_STREAM"] }) as UrlRecord["mode"] | undefined;
}

function putUrl({ record, qualifier }: UrlTarget, url: UrlRecord, functions: Collection<FunctionRecord>): void {
  functions.put(record.name, { ...record, urls: { ...record.urls, [qualifier]: url } });
}

export const createFunctionUrlConfig: RestOperation<"functions" | "listeners" | "clock"> = async (
  call,
  { functions, listeners, clock },
) => {
  const members = lambdaMembers(call.members);
  members.requiredText("AuthType");
  const mode = readMode(members) ?? "BUFFERED";
  members.end();
  const check = (): UrlTarget => {
    const target = targetOf(call, functions);
    const arn = functionArn(target.record.name, target.qualifier || undefined);
    if (target.record.urls[target.qualifier])
      throw conflict(
        `Failed to create function url config for [functionArn = ${arn}]. ` +
          "Error message:  FunctionUrlConfig exists for this Lambda function",
      );
    return target;
  };
  check();
  const urlId = randomBytes(16).toString("hex");
  const port = await listeners.open(urlId, 0);
  const now = timestamp(clock.now());
  const url: UrlRecord = { urlId, port, mode, created: now, modified: now };
  try {
    // Checked again: another call may have created the URL in the meantime.
    const target = check();
    putUrl(target, url, functions);
    return { status: 201, body: describe(target, url) };
  } catch (error) {
    await listeners.close(urlId);
    throw error;
  }
};

export const getFunctionUrlConfig: RestOperation<"functions"> = (call, { functions }) => {
  const target = targetOf(call, functions);
  return { status: 200, body: describe(target, urlOf(target)) };
};

export const listFunctionUrlConfigs: RestOperation<"functions"> = (call, { functions }) => {
  const { record } = findFunction({ ...refOf(call), qualifier: undefined }, functions);
  const { items, next } = lambdaPage(call, Object.entries(record.urls), ([qualifier]) => qualifier || "$LATEST");
  const configs = items.map(([qualifier, url]) => describe({ record, qualifier }, url));
  return { status: 200, body: { FunctionUrlConfigs: configs, NextMarker: next } };
};

export const updateFunctionUrlConfig: RestOperation<"functions" | "clock"> = (call, { functions, clock }) => {
  const target = targetOf(call, functions);
  const before = urlOf(target);
  const members = lambdaMembers(call.members);
  const mode = readMode(members) ?? before.mode;
  members.end();
  const url = { ...before, mode, modified: timestamp(clock.now()) };
  putUrl(target, url, functions);
  return { status: 200, body: describe(target, url) };
};

export const deleteFunctionUrlConfig: RestOperation<"functions" | "listeners"> = async (
  call,
  { functions, listeners },
) => {
  const { record, qualifier } = targetOf(call, functions);
  const { urlId } = urlOf({ record, qualifier });
  const { [qualifier]: _, ...urls } = record.urls;
  functions.put(record.name, { ...record, urls });
  await listeners.close(urlId);
  return { status: 204 };
};
