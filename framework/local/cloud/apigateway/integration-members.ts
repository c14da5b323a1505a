/** What an integration is made of: the members of a call or of an API definition in, checked values out. */
import type { Members } from "../members.ts";
import type { IntegrationRecord } from "../records.ts";
import { parseIntegrationUri } from "./integration-uri.ts";
import { badRequest } from "./refusals.ts";

/** The members that may change; only what was given. */
export type IntegrationChange = Partial<Pick<IntegrationRecord, "uri" | "timeoutInMillis" | "description">>;

/** `names` are those of the two members that calls and definitions name differently. */
export function readIntegration(members: Members, names: { readonly uri: string; readonly method: string }): IntegrationChange {
  members.text(names.method, { oneOf: ["POST"] });
  members.text("connectionType", { oneOf: ["INTERNET"] });
  const format = members.text("payloadFormatVersion");
  if (format !== undefined && format !== "2.0")
    throw badRequest(`Portico's local cloud speaks payload format version 2.0 only, not ${format}`);
  const uri = members.text(names.uri);
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
