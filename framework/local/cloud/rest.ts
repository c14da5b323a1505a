/** REST-JSON, the protocol of Lambda and API Gateway: a verified request and a table of operations in, the wire answer out. */
import { randomUUID } from "node:crypto";
import type { WireRequest, WireResponse } from "../../model/wire.ts";
import { headerValues } from "../guard.ts";
import { AwsError } from "./aws-error.ts";
import { isRecord } from "./members.ts";
import type { Answer, Call, Operation, PreparedCall, RouteTable } from "./operation.ts";

/** Bytes of a body that both services take at most; Lambda names this number in its error. */
const maxBody = 70_167_211;

/** Finds the operation that method and path name; throws AwsError when there is none. */
export function prepareRest(request: WireRequest, table: RouteTable): PreparedCall {
  const [rawPath = "", search = ""] = request.target.split(/\?(.*)/s);
  const found = findOperation(table, request.method, rawPath);
  if (!found) throw new AwsError("UnknownOperationException", 404, `Portico's local cloud does not speak ${request.method} ${rawPath}`);
  const { name, operation, path, parameters } = found;
  const query = new URLSearchParams(search);
  const odd = [...query.keys()].find((parameter) => !parameters.includes(parameter));
  if (odd !== undefined)
    throw new AwsError("ValidationException", 400, `Portico's local cloud does not speak the parameter ${odd} of ${name}`);
  return {
    operation: name,
    async run(region) {
      if (request.body.length > maxBody)
        throw new AwsError(
          "RequestEntityTooLargeException",
          413,
          `Request must be smaller than ${maxBody} bytes for the ${name} operation`,
        );
      const call: Call = {
        path,
        query,
        header: (header) => headerValues(request.headers, header)[0],
        body: request.body,
        // Invoke's body is the event, not members.
        members: rawPath.endsWith("invocations") ? {} : parseMembers(request.body),
      };
      return restAnswer(await operation(call, region));
    },
  };
}

/** An operation that a request names, and what its path says. */
interface FoundOperation {
  readonly name: string;
  readonly operation: Operation;
  readonly path: Record<string, string>;
  /** Those of the query that it honours. */
  readonly parameters: readonly string[];
}

function findOperation(table: RouteTable, method: string, rawPath: string): FoundOperation | undefined {
  const given = rawPath.replace(/(?<=.)\/$/, "").split("/");
  for (const [name, [binding, operation]] of Object.entries(table)) {
    const [verb = "", template = "", parameters = ""] = binding.split(/[ ?]/);
    const path = verb === method ? bind(template.split("/"), given) : undefined;
    if (path) return { name, operation, path, parameters: parameters.split("&") };
  }
  return undefined;
}

function bind(template: readonly string[], given: readonly string[]): Record<string, string> | undefined {
  if (template.length !== given.length) return undefined;
  const path: Record<string, string> = {};
  for (const [at, part] of template.entries()) {
    const value = given[at] ?? "";
    if (!part.startsWith("{") ? part !== value : value === "") return undefined;
    if (part.startsWith("{")) path[part.slice(1, -1)] = decode(value);
  }
  return path;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new AwsError("BadRequestException", 400, `Invalid percent escape: ${(cause as Error).message}`);
  }
}

function parseMembers(body: Uint8Array): Record<string, unknown> {
  if (body.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString("utf8"));
  } catch (cause) {
    throw new AwsError("SerializationException", 400, `Could not parse request body into json: ${(cause as Error).message}`);
  }
  if (!isRecord(value)) throw new AwsError("SerializationException", 400, "Start of structure or map found where not expected.");
  return value;
}

function restAnswer({ status, headers = [], body }: Answer): WireResponse {
  const id = ["x-amzn-requestid", randomUUID()] as const;
  if (body === undefined) return { status, headers: [id, ...headers], body: new Uint8Array(0) };
  if (body instanceof Uint8Array || body instanceof ReadableStream) return { status, headers: [id, ...headers], body };
  return { status, headers: [id, ["content-type", "application/json"], ...headers], body: Buffer.from(JSON.stringify(body)) };
}

/** A refusal as the SDK reads it. */
export function restError({ code, status, message, details }: AwsError, service?: string): WireResponse {
  // Of the two only Lambda says whose fault it is.
  const body = { ...(service === "lambda" && { Type: status < 500 ? "User" : "Service" }), message, ...details };
  return restAnswer({ status, headers: [["x-amzn-errortype", code]], body });
}
