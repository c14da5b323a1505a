/** Create-, Get-, List-, Update- and DeleteFunctionUrlConfig: an address for `$LATEST` or an alias, never for a version. */
import { randomBytes } from "node:crypto";
import { functionArn } from "../arn.ts";
import type { Members } from "../members.ts";
import type { Call, Operation } from "../operation.ts";
import type { FunctionRecord, UrlRecord } from "../records.ts";
import type { Region } from "../region.ts";
import { findFunction, refOf } from "./find-function.ts";
import { lambdaPage } from "./lambda-page.ts";
import { timestamp } from "./publish.ts";
import { conflict, lambdaMembers, notFound, violation } from "./refusals.ts";

/** A function and the qualifier whose URL is meant; "" is the unqualified one. */
interface UrlTarget {
  readonly record: FunctionRecord;
  readonly qualifier: string;
}

function targetOf(call: Call, region: Region): UrlTarget {
  const ref = refOf(call);
  const { qualifier = "" } = ref;
  if (/^\d+$/.test(qualifier))
    throw violation(
      "Qualifier",
      qualifier,
      String.raw`Member must satisfy regular expression pattern: (^\$LATEST$)|((?!^[0-9]+$)([a-zA-Z0-9-_]+))`,
    );
  const { record } = findFunction(ref, region);
  return { record, qualifier: qualifier === "$LATEST" ? "" : qualifier };
}

function urlOf({ record, qualifier }: UrlTarget): UrlRecord {
  const url = record.urls[qualifier];
  if (!url) throw notFound("The resource you requested does not exist.");
  return url;
}

/** `FunctionUrl` is where it really answers: AWS gives `https://ID.lambda-url.REGION.on.aws/`. */
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

/** The members that may change. */
function readMode(members: Members): UrlRecord["mode"] | undefined {
  const auth = members.text("AuthType", { oneOf: ["NONE", "AWS_IAM"] });
  if (auth === "AWS_IAM") throw violation("AuthType", auth, "Portico's local cloud serves URLs of AuthType NONE only");
  return members.text("InvokeMode", { oneOf: ["BUFFERED", "RESPONSE_STREAM"] }) as UrlRecord["mode"] | undefined;
}

function put({ record, qualifier }: UrlTarget, url: UrlRecord, region: Region): void {
  region.state.functions.put(record.name, { ...record, urls: { ...record.urls, [qualifier]: url } });
}

export const createFunctionUrlConfig: Operation = async (call, region) => {
  const members = lambdaMembers(call.members);
  members.requiredText("AuthType");
  const mode = readMode(members) ?? "BUFFERED";
  members.end();
  const check = (): UrlTarget => {
    const target = targetOf(call, region);
    if (target.record.urls[target.qualifier])
      throw conflict(
        `Failed to create function url config for [functionArn = ${functionArn(target.record.name, target.qualifier || undefined)}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
      );
    return target;
  };
  check();
  const urlId = randomBytes(16).toString("hex");
  const port = await region.fronts.open(urlId, 0);
  const now = timestamp(region);
  const url: UrlRecord = { urlId, port, mode, created: now, modified: now };
  try {
    // Again: another call may have come in between.
    const target = check();
    put(target, url, region);
    return { status: 201, body: describe(target, url) };
  } catch (error) {
    await region.fronts.close(urlId);
    throw error;
  }
};

export const getFunctionUrlConfig: Operation = (call, region) => {
  const target = targetOf(call, region);
  return { status: 200, body: describe(target, urlOf(target)) };
};

export const listFunctionUrlConfigs: Operation = (call, region) => {
  const { record } = findFunction({ ...refOf(call), qualifier: undefined }, region);
  const { items, next } = lambdaPage(call, Object.entries(record.urls), ([qualifier]) => qualifier || "$LATEST");
  const configs = items.map(([qualifier, url]) => describe({ record, qualifier }, url));
  return { status: 200, body: { FunctionUrlConfigs: configs, NextMarker: next } };
};

export const updateFunctionUrlConfig: Operation = (call, region) => {
  const target = targetOf(call, region);
  const before = urlOf(target);
  const members = lambdaMembers(call.members);
  const mode = readMode(members) ?? before.mode;
  members.end();
  const url = { ...before, mode, modified: timestamp(region) };
  put(target, url, region);
  return { status: 200, body: describe(target, url) };
};

export const deleteFunctionUrlConfig: Operation = async (call, region) => {
  const { record, qualifier } = targetOf(call, region);
  const { urlId } = urlOf({ record, qualifier });
  const { [qualifier]: _, ...urls } = record.urls;
  region.state.functions.put(record.name, { ...record, urls });
  await region.fronts.close(urlId);
  return { status: 204 };
};
