/** AWS JSON 1.1, the protocol of SSM and CloudWatch Logs: the header X-Amz-Target names the operation. */
import { randomUUID } from "node:crypto";
import { headerValues, type HttpRequest, type HttpResponse } from "../../model/http-message.ts";
import { type MemberError, StructureReader } from "../structure-reader.ts";
import { AwsError } from "../../emulation/aws/aws-error.ts";
import type { UseName, Uses } from "./backends.ts";
import { parseMembers } from "./json-body.ts";
import type { AwsService, PreparedCall } from "./service.ts";

/** The members of a response; those that are undefined are left out. */
type ResponseMembers = Readonly<Record<string, unknown>> | undefined;

/**
 * An operation: it reads the members of the request and returns those of the response (undefined for an empty body).
 * Throws AwsError to refuse the call.
 */
export type JsonOperation<K extends UseName = never> = (
  members: StructureReader,
  uses: Uses<K>,
) => ResponseMembers | Promise<ResponseMembers>;

/** One service's operations. */
export interface JsonApi<K extends UseName> {
  /** The prefix of the operation in `X-Amz-Target`: `AmazonSSM`. */
  readonly target: string;
  readonly operations: Readonly<Record<string, JsonOperation<K>>>;
  readonly memberError: MemberError;
}

/** The service whose operations are these; each gets what it uses out of `uses`. */
export function jsonService<K extends UseName>(api: JsonApi<K>, uses: Uses<K>): AwsService {
  return { prepare: (request) => prepareJson(request, api, uses), writeError: jsonError };
}

function prepareJson<K extends UseName>(request: HttpRequest, api: JsonApi<K>, uses: Uses<K>): PreparedCall {
  const target = headerValues(request.headers, "x-amz-target")[0] ?? "";
  const [prefix, name = ""] = target.split(".");
  const operation = Object.hasOwn(api.operations, name) ? api.operations[name] : undefined;
  if (request.method !== "POST" || request.target !== "/" || prefix !== api.target || !operation) {
    throw new AwsError(
      "UnknownOperationException",
      400,
      `Portico's local cloud does not support ${target || request.method}`,
    );
  }
  return {
    operation: name,
    async run() {
      const members = await operation(new StructureReader(parseMembers(request.body), api.memberError), uses);
      return toHttp(200, members === undefined ? "" : JSON.stringify(members));
    },
  };
}

function jsonError({ code, status, message }: AwsError): HttpResponse {
  return toHttp(status, JSON.stringify({ __type: code, message }));
}

function toHttp(status: number, text: string): HttpResponse {
  const headers = [
    ["x-amzn-requestid", randomUUID()],
    ["content-type", "application/x-amz-json-1.1"],
  ] as const;
  return { status, headers, body: Buffer.from(text) };
}
