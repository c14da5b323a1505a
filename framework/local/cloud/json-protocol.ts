/** AWS JSON 1.1, the protocol of SSM and CloudWatch Logs: a verified request and a service's operations in, the wire answer out. */
import { randomUUID } from "node:crypto";
import type { WireRequest, WireResponse } from "../../model/wire.ts";
import { headerValues } from "../guard.ts";
import { AwsError } from "./aws-error.ts";
import { type Complaint, isRecord, Members } from "./members.ts";
import type { PreparedCall } from "./operation.ts";
import type { Region } from "./region.ts";

/** Members in, the members of the answer (undefined when it has none) out; members that are undefined are left out. Throws AwsError. */
export type JsonOperation = (
  members: Members,
  region: Region,
) => Readonly<Record<string, unknown>> | undefined | Promise<Readonly<Record<string, unknown>> | undefined>;

/** One service of the protocol. */
export interface JsonService {
  /** What stands before the operation in `X-Amz-Target`: `AmazonSSM`. */
  readonly target: string;
  readonly operations: Readonly<Record<string, JsonOperation>>;
  /** What it says of a member that breaks its schema. */
  readonly complain: Complaint;
}

/** Finds the operation that the target names; throws AwsError when there is none. */
export function prepareJson(request: WireRequest, service: JsonService): PreparedCall {
  const target = headerValues(request.headers, "x-amz-target")[0] ?? "";
  const [prefix, name = ""] = target.split(".");
  const operation = Object.hasOwn(service.operations, name) ? service.operations[name] : undefined;
  if (request.method !== "POST" || request.target !== "/" || prefix !== service.target || !operation) {
    throw new AwsError("UnknownOperationException", 400, `Portico's local cloud does not speak ${target || request.method}`);
  }
  return {
    operation: name,
    async run(region) {
      const answer = await operation(new Members(parse(request.body), service.complain), region);
      return jsonWire(200, answer === undefined ? "" : JSON.stringify(answer));
    },
  };
}

function parse(body: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString("utf8"));
  } catch (cause) {
    throw new AwsError("SerializationException", 400, `Could not parse request body into json: ${(cause as Error).message}`);
  }
  if (!isRecord(value)) throw new AwsError("SerializationException", 400, "Start of structure or map found where not expected.");
  return value;
}

/** A refusal as the SDK reads it. */
export function jsonRefusal({ code, status, message }: AwsError): WireResponse {
  return jsonWire(status, JSON.stringify({ __type: code, message }));
}

function jsonWire(status: number, text: string): WireResponse {
  const headers = [
    ["x-amzn-requestid", randomUUID()],
    ["content-type", "application/x-amz-json-1.1"],
  ] as const;
  return { status, headers, body: Buffer.from(text) };
}
