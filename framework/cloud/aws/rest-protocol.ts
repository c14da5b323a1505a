/** REST-JSON, the protocol of Lambda and API Gateway: requests are matched to operations, responses are written. */
import { randomUUID } from "node:crypto";
import { headerValues, type HttpRequest, type HttpResponse } from "../../model/http-message.ts";
import { AwsError } from "../../emulation/aws/aws-error.ts";
import type { UseName, Uses } from "./backends.ts";
import { parseMembers } from "./json-body.ts";
import type { RestCall, RestOperation, RestOperations, RestResponse } from "./rest-operation.ts";
import type { AwsService, PreparedCall } from "./service.ts";

/** Largest body of both services, in bytes; Lambda names this number in its error. */
const maxBody = 70_167_211;

/** The service whose operations are these; each gets what it uses out of `uses`. */
export function restService<K extends UseName>(
  operations: RestOperations<K>,
  uses: Uses<K>,
  writeError: (error: AwsError) => HttpResponse = restError,
): AwsService {
  return { prepare: (request) => prepareRest(request, operations, uses), writeError };
}

function prepareRest<K extends UseName>(
  request: HttpRequest,
  operations: RestOperations<K>,
  uses: Uses<K>,
): PreparedCall {
  const [rawPath = "", search = ""] = request.target.split(/\?(.*)/s);
  const match = matchOperation(operations, request.method, rawPath);
  if (!match)
    throw new AwsError(
      "UnknownOperationException",
      404,
      `Portico's local cloud does not support ${request.method} ${rawPath}`,
    );
  const { name, operation, path, parameters } = match;
  const query = new URLSearchParams(search);
  const unknown = [...query.keys()].find((parameter) => !parameters.includes(parameter));
  if (unknown !== undefined)
    throw new AwsError(
      "ValidationException",
      400,
      `Portico's local cloud does not support the parameter ${unknown} of ${name}`,
    );
  return {
    operation: name,
    async run() {
      if (request.body.length > maxBody)
        throw new AwsError(
          "RequestEntityTooLargeException",
          413,
          `Request must be smaller than ${maxBody} bytes for the ${name} operation`,
        );
      const call: RestCall = {
        path,
        query,
        header: (header) => headerValues(request.headers, header)[0],
        body: request.body,
        // The body of Invoke is the event, not a structure of members.
        members: rawPath.endsWith("invocations") || request.body.length === 0 ? {} : parseMembers(request.body),
      };
      return toHttp(await operation(call, uses));
    },
  };
}

/** The operation that a request names. */
interface OperationMatch<K extends UseName> {
  readonly name: string;
  readonly operation: RestOperation<K>;
  /** Path parameters, decoded. */
  readonly path: Record<string, string>;
  /** The query parameters that it honours. */
  readonly parameters: readonly string[];
}

function matchOperation<K extends UseName>(
  operations: RestOperations<K>,
  method: string,
  rawPath: string,
): OperationMatch<K> | undefined {
  const segments = rawPath.replace(/(?<=.)\/$/, "").split("/");
  for (const [name, [binding, operation]] of Object.entries(operations)) {
    const [verb = "", template = "", parameters = ""] = binding.split(/[ ?]/);
    const path = verb === method ? matchPath(template.split("/"), segments) : undefined;
    if (path) return { name, operation, path, parameters: parameters.split("&") };
  }
  return undefined;
}

function matchPath(template: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (template.length !== segments.length) return undefined;
  const path: Record<string, string> = {};
  for (const [index, part] of template.entries()) {
    const value = segments[index] ?? "";
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

function toHttp({ status, headers = [], body }: RestResponse): HttpResponse {
  const id = ["x-amzn-requestid", randomUUID()] as const;
  if (body === undefined) return { status, headers: [id, ...headers], body: new Uint8Array(0) };
  if (body instanceof Uint8Array || body instanceof ReadableStream) return { status, headers: [id, ...headers], body };
  return {
    status,
    headers: [id, ["content-type", "application/json"], ...headers],
    body: Buffer.from(JSON.stringify(body)),
  };
}

/** An error as the SDK reads it. */
export function restError({ code, status, message, details }: AwsError): HttpResponse {
  return toHttp({ status, headers: [["x-amzn-errortype", code]], body: { message, ...details } });
}

/** An error of Lambda, which also says whether the caller or the service is at fault. */
export function lambdaError({ code, status, message, details }: AwsError): HttpResponse {
  const body = { Type: status < 500 ? "User" : "Service", message, ...details };
  return toHttp({ status, headers: [["x-amzn-errortype", code]], body });
}
