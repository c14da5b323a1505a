/** API definitions: an OpenAPI 3.0 document with API Gateway's extensions in; the name, tags, routes and integrations that it means out. */
import { isRecord, Members } from "../members.ts";
import { type IntegrationChange, readIntegration } from "./integration-members.ts";
import { badRequest, checkTags } from "./refusals.ts";
import { isRouteKey } from "./route-key.ts";

/** A route and, by its place in the list, the integration behind it. */
interface DefinedRoute {
  readonly routeKey: string;
  readonly operationName?: string;
  readonly integration?: number;
}

/** An integration without an id yet. */
export type DefinedIntegration = Required<Pick<IntegrationChange, "uri" | "timeoutInMillis">> & IntegrationChange;

/** What a document defines. */
export interface Definition {
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly routes: readonly DefinedRoute[];
  readonly integrations: readonly DefinedIntegration[];
  /** What `failOnWarnings` turns into a refusal. */
  readonly warnings: readonly string[];
}

/** Bytes of a document (quotas page: 6 MB). */
const maxDocument = 6 * 1024 * 1024;
const methods = ["get", "put", "post", "delete", "options", "head", "patch"];
const anyMethod = "x-amazon-apigateway-any-method";
const integrationKey = "x-amazon-apigateway-integration";
const sharedKey = "x-amazon-apigateway-integrations";
/** Of an operation, for readers only: HTTP APIs do nothing with them. */
const described = ["summary", "description", "tags", "parameters", "requestBody", "responses", "deprecated"];

/** Throws BadRequestException; what HTTP APIs honour and the local cloud does not is refused by name, such as CORS and authorizers. */
export function readDefinition(body: string): Definition {
  if (Buffer.byteLength(body) > maxDocument) throw badRequest("The API definition must be at most 6 MB");
  const document = membersOf(parse(body), "document");
  document.requiredText("openapi", { pattern: /^3\.0\.\d+$/ });
  document.text("x-amazon-apigateway-importexport-version", { oneOf: ["1.0"] });
  const info = membersOf(document.value("info"), "info");
  const name = info.requiredText("title", { min: 1, max: 128 });
  const version = info.text("version", { min: 1, max: 64 });
  const description = info.text("description", { max: 1024 });
  info.end();
  const tags = readTags(document.list("tags") ?? []);
  const integrations = new Integrations(document.value("components"));
  const { routes, warnings } = readPaths(document.value("paths"), integrations);
  document.end();
  return {
    name,
    ...(version !== undefined && { version }),
    ...(description !== undefined && { description }),
    ...{ tags, routes, warnings, integrations: integrations.all },
  };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw badRequest(
      `Unable to parse API definition because of a malformed integration at path / (Portico's local cloud reads JSON: ${(cause as Error).message})`,
    );
  }
}

function membersOf(source: unknown, where: string): Members {
  if (!isRecord(source)) throw badRequest(`Invalid OpenAPI input: ${where} must be an object`);
  return new Members(source, (member, value, rule) =>
    badRequest(`Invalid OpenAPI input: ${where}.${member} is ${JSON.stringify(value)}: ${rule}`),
  );
}

/** `{ "name": KEY, "x-amazon-apigateway-tag-value": VALUE }` becomes a tag of the API. */
function readTags(list: readonly unknown[]): Readonly<Record<string, string>> {
  const tags: Record<string, string> = {};
  for (const [at, one] of list.entries()) {
    const members = membersOf(one, `tags[${at}]`);
    const key = members.requiredText("name");
    const value = members.text("x-amazon-apigateway-tag-value");
    members.text("description");
    members.end();
    if (value !== undefined) tags[key] = value;
  }
  return checkTags(tags);
}

/** The integrations in the order they are met; those below `components` are one for all that refer to them. */
class Integrations {
  readonly all: DefinedIntegration[] = [];
  readonly #shared: ReadonlyMap<string, number>;

  constructor(components: unknown) {
    const source = components === undefined ? undefined : membersOf(components, "components");
    const shared = source?.value(sharedKey) ?? {};
    source?.value("schemas");
    source?.end();
    if (!isRecord(shared)) throw badRequest(`Invalid OpenAPI input: components.${sharedKey} must be an object`);
    this.#shared = new Map(Object.entries(shared).map(([name, one]) => [name, this.#add(one, name)]));
  }

  #add(source: unknown, where: string): number {
    const members = membersOf(source, where);
    const type = members.requiredText("type");
    if (type.toUpperCase() !== "AWS_PROXY") throw badRequest(`Portico's local cloud does not speak the integration type ${type}`);
    members.requiredText("payloadFormatVersion");
    const { uri, ...rest } = readIntegration(members, { uri: "uri", method: "httpMethod" });
    if (uri === undefined) throw badRequest(`Unable to parse API definition because of a missing uri in the integration of ${where}`);
    return this.all.push({ timeoutInMillis: 30_000, ...rest, uri }) - 1;
  }

  /** The place of the integration that an operation carries or refers to. */
  take(source: unknown, where: string): number {
    if (!isRecord(source) || !("$ref" in source)) return this.#add(source, where);
    const members = membersOf(source, where);
    const name = members.requiredText("$ref").replace(`#/components/${sharedKey}/`, "");
    members.end();
    const place = this.#shared.get(name);
    if (place === undefined) throw badRequest(`Invalid OpenAPI input: ${where} refers to ${name}, which is not there`);
    return place;
  }
}

function readPaths(source: unknown, integrations: Integrations): { routes: readonly DefinedRoute[]; warnings: readonly string[] } {
  if (!isRecord(source)) throw badRequest("Invalid OpenAPI input: paths must be an object");
  const routes: DefinedRoute[] = [];
  const warnings: string[] = [];
  for (const [path, item] of Object.entries(source)) {
    const members = membersOf(item, path);
    for (const method of [...methods, anyMethod]) {
      const operation = members.value(method);
      if (operation === undefined) continue;
      const route = readOperation(path, method, operation, integrations);
      routes.push(route);
      if (route.integration === undefined) warnings.push(`The route ${route.routeKey} has no integration`);
    }
    members.value("parameters");
    members.end();
  }
  return { routes, warnings };
}

function readOperation(path: string, method: string, source: unknown, integrations: Integrations): DefinedRoute {
  const where = `${path}.${method}`;
  const members = membersOf(source, where);
  for (const ignored of described) members.value(ignored);
  const isDefault = members.flag("isDefaultRoute") ?? false;
  const operationName = members.text("operationId", { min: 1, max: 64 });
  const carried = members.value(integrationKey);
  members.end();
  if (isDefault !== (path === "/$default" && method === anyMethod)) {
    throw badRequest(`Invalid OpenAPI input: the default route is ${anyMethod} of /$default with isDefaultRoute, not ${where}`);
  }
  const routeKey = isDefault ? "$default" : `${method === anyMethod ? "ANY" : method.toUpperCase()} ${path}`;
  if (!isRouteKey(routeKey)) throw badRequest(`Invalid OpenAPI input: ${path} is no path of a route`);
  return {
    routeKey,
    ...(operationName !== undefined && { operationName }),
    ...(carried !== undefined && { integration: integrations.take(carried, where) }),
  };
}
