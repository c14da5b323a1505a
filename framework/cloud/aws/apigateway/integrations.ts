/** Integrations of an HTTP API: all are AWS_PROXY to a Lambda function with payload format 2.0. */
import type { StructureReader } from "../../structure-reader.ts";
import { account, localRegion } from "../arn.ts";
import type { FunctionRef } from "../lambda/function-name.ts";
import type { IntegrationRecord } from "../records.ts";
import type { RestOperation } from "../rest-operation.ts";
import { badRequest } from "./errors.ts";
import { findApi, listResponse } from "./resources.ts";

/** Integrations of one API (quotas page; the quota cannot be raised). */
export const maxIntegrations = 300;

/** The members that a definition sets. */
export type IntegrationChange = Partial<Pick<IntegrationRecord, "uri" | "timeoutInMillis" | "description">>;

/** Reads the members of an integration in an API definition. Throws BadRequestException. */
export function readIntegration(members: StructureReader): IntegrationChange {
  members.text("httpMethod", { oneOf: ["POST"] });
  members.text("connectionType", { oneOf: ["INTERNET"] });
  const format = members.text("payloadFormatVersion");
  if (format !== undefined && format !== "2.0")
    throw badRequest(`Portico's local cloud supports payload format version 2.0 only, not ${format}`);
  const uri = members.text("uri");
  if (uri !== undefined && !parseIntegrationUri(uri)) throw badRequest("Invalid function ARN or invalid uri");
  const timeoutInMillis = members.integer("timeoutInMillis", 50, 30_000);
  const description = members.text("description", { max: 1024 });
  members.end();
  return {
    ...(uri !== undefined && { uri }),
    ...(timeoutInMillis !== undefined && { timeoutInMillis }),
    ...(description !== undefined && { description }),
  };
}

const invocationArn = /^arn:aws:apigateway:([a-z0-9-]+):lambda:path\/2015-03-31\/functions\/(.+)\/invocations$/;
const functionArn =
  /^arn:aws:lambda:([a-z0-9-]+):(\d{12}):function:([a-zA-Z0-9-_]{1,64})(?::(\$LATEST|[a-zA-Z0-9-_]{1,128}))?$/;

/**
 * The function that an integration URI names: its ARN, or the form `arn:…:lambda:path/…/invocations` around it.
 * Undefined when it is not the ARN of a function of this account and region; stage variables are not supported.
 */
export function parseIntegrationUri(uri: string): FunctionRef | undefined {
  const parts = functionArn.exec(invocationArn.exec(uri)?.[2] ?? uri);
  if (!parts || parts[1] !== localRegion || parts[2] !== account) return undefined;
  return { name: parts[3] ?? "", qualifier: parts[4] };
}

function describeIntegration(integration: IntegrationRecord): Record<string, unknown> {
  return {
    connectionType: "INTERNET",
    description: integration.description,
    integrationId: integration.integrationId,
    integrationMethod: "POST",
    integrationType: "AWS_PROXY",
    integrationUri: integration.uri,
    payloadFormatVersion: "2.0",
    timeoutInMillis: integration.timeoutInMillis,
  };
}

export const getIntegrations: RestOperation<"apis"> = (call, { apis }) =>
  listResponse(call, findApi(call, apis).integrations, ({ integrationId }) => integrationId, describeIntegration);
