/** AWS's Query protocol, which IAM and STS use: form fields name the operation, responses and errors are XML. */
import { randomUUID } from "node:crypto";
import type { HttpRequest, HttpResponse } from "../../../model/http-message.ts";
import { AwsError } from "../../../emulation/aws/aws-error.ts";
import type { UseName, Uses } from "../backends.ts";
import type { AwsService, PreparedCall } from "../service.ts";
import { escapeXml } from "../../../emulation/aws/xml.ts";

/** XML content: text, a structure, a list (of `member` elements), or nothing. */
export type Xml = string | number | undefined | readonly Xml[] | { readonly [name: string]: Xml };

/** An operation: it returns the content of `ACTIONResult`, or undefined when there is none. Throws AwsError. */
export type QueryOperation<K extends UseName = never> = (parameters: URLSearchParams, uses: Uses<K>) => Xml;

/** One service's operations. */
export interface QueryApi<K extends UseName> {
  readonly version: string;
  readonly namespace: string;
  readonly operations: Readonly<Record<string, QueryOperation<K>>>;
}

/** The names that these services have for the errors of signature verification. */
const errorCodes: Readonly<Record<string, string>> = {
  UnrecognizedClientException: "InvalidClientTokenId",
  InvalidSignatureException: "SignatureDoesNotMatch",
};

/** The service whose operations are these; each gets what it uses out of `uses`. */
export function queryService<K extends UseName>(api: QueryApi<K>, uses: Uses<K>): AwsService {
  return {
    prepare: (request) => prepareQuery(request, api, uses),
    writeError: (error) => queryError(error, api.namespace),
  };
}

function prepareQuery<K extends UseName>({ method, body }: HttpRequest, api: QueryApi<K>, uses: Uses<K>): PreparedCall {
  if (method !== "POST")
    throw new AwsError(
      "UnknownOperationException",
      404,
      `Portico's local cloud does not support ${method} of the Query protocol`,
    );
  const parameters = new URLSearchParams(Buffer.from(body).toString("utf8"));
  const action = parameters.get("Action") ?? "";
  const operation = Object.hasOwn(api.operations, action) ? api.operations[action] : undefined;
  if (!operation || parameters.get("Version") !== api.version) {
    throw new AwsError(
      "InvalidAction",
      400,
      `Could not find operation ${action} for version ${parameters.get("Version")}: ` +
        "Portico's local cloud does not support it",
    );
  }
  return {
    operation: action,
    async run() {
      const requestId = randomUUID();
      const result = operation(parameters, uses);
      const content = {
        ...(result !== undefined && { [`${action}Result`]: result }),
        ResponseMetadata: { RequestId: requestId },
      };
      return toHttp(
        200,
        `<${action}Response xmlns="${api.namespace}">${toXml(content)}</${action}Response>`,
        requestId,
      );
    },
  };
}

/** An error as the clients of this protocol read it. */
export function queryError({ code, status, message }: AwsError, namespace: string): HttpResponse {
  const requestId = randomUUID();
  const Error = { Type: status < 500 ? "Sender" : "Receiver", Code: errorCodes[code] ?? code, Message: message };
  return toHttp(
    status,
    `<ErrorResponse xmlns="${namespace}">${toXml({ Error, RequestId: requestId })}</ErrorResponse>`,
    requestId,
  );
}

function toHttp(status: number, xml: string, requestId: string): HttpResponse {
  const headers = [
    ["content-type", "text/xml"],
    ["x-amzn-requestid", requestId],
  ] as const;
  return { status, headers, body: Buffer.from(xml) };
}

function toXml(value: Xml): string {
  if (value === undefined) return "";
  if (isList(value)) return value.map((item) => `<member>${toXml(item)}</member>`).join("");
  if (typeof value !== "object") return escapeXml(String(value));
  return Object.entries(value)
    .map(([name, content]) => (content === undefined ? "" : `<${name}>${toXml(content)}</${name}>`))
    .join("");
}

function isList(value: Xml): value is readonly Xml[] {
  return Array.isArray(value);
}
