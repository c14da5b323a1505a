/** AWS's Query protocol: form fields in, operation and parameters out; values in, the XML of its answer and its errors out. */
import { randomUUID } from "node:crypto";
import type { WireResponse } from "../../../model/wire.ts";
import { AwsError } from "../aws-error.ts";
import type { PreparedCall } from "../operation.ts";
import type { Region } from "../region.ts";
import { escapeXml } from "../xml.ts";

/** XML content: text, a structure, a list (as `member`s), or nothing. */
export type Xml = string | number | undefined | readonly Xml[] | { readonly [name: string]: Xml };

/** Parameters in, the content of `ACTIONResult` out (undefined when it has none). */
export type QueryOperation = (parameters: URLSearchParams, region: Region) => Xml;

/** One service of the protocol. */
export interface QueryService {
  readonly version: string;
  readonly namespace: string;
  readonly operations: Readonly<Record<string, QueryOperation>>;
}

/** Finds the operation that the form names; throws AwsError when there is none. */
export function prepareQuery(body: Uint8Array, service: QueryService): PreparedCall {
  const parameters = new URLSearchParams(Buffer.from(body).toString("utf8"));
  const action = parameters.get("Action") ?? "";
  const operation = Object.hasOwn(service.operations, action) ? service.operations[action] : undefined;
  if (!operation || parameters.get("Version") !== service.version) {
    throw new AwsError(
      "InvalidAction",
      400,
      `Could not find operation ${action} for version ${parameters.get("Version")}: Portico's local cloud does not speak it`,
    );
  }
  return {
    operation: action,
    async run(region) {
      const requestId = randomUUID();
      const result = operation(parameters, region);
      const content = {
        ...(result !== undefined && { [`${action}Result`]: result }),
        ResponseMetadata: { RequestId: requestId },
      };
      return xmlAnswer(200, `<${action}Response xmlns="${service.namespace}">${toXml(content)}</${action}Response>`, requestId);
    },
  };
}

/** A refusal as the SDK reads it. */
export function queryError({ code, status, message }: AwsError, namespace: string): WireResponse {
  const requestId = randomUUID();
  const Error = { Type: status < 500 ? "Sender" : "Receiver", Code: code, Message: message };
  return xmlAnswer(status, `<ErrorResponse xmlns="${namespace}">${toXml({ Error, RequestId: requestId })}</ErrorResponse>`, requestId);
}

function xmlAnswer(status: number, xml: string, requestId: string): WireResponse {
  const headers = [
    ["content-type", "text/xml"],
    ["x-amzn-requestid", requestId],
  ] as const;
  return { status, headers, body: Buffer.from(xml) };
}

function toXml(value: Xml): string {
  if (value === undefined) return "";
  if (isList(value)) return value.map((one) => `<member>${toXml(one)}</member>`).join("");
  if (typeof value !== "object") return escapeXml(String(value));
  return Object.entries(value)
    .map(([name, content]) => (content === undefined ? "" : `<${name}>${toXml(content)}</${name}>`))
    .join("");
}

function isList(value: Xml): value is readonly Xml[] {
  return Array.isArray(value);
}
