/** Reads an API definition, an OpenAPI 3.0 document with API Gateway's extensions, into routes and integrations. */
import { isRecord, StructureReader } from "../../structure-reader.ts";
import { type IntegrationChange, readIntegration } from "./integrations.ts";
import { badRequest, checkTags } from "./errors.ts";
import { isRouteKey } from "./routes.ts";

/** A route, and the index of its integration in the list. */
interface DefinedRoute {
  readonly routeKey: string;
  readonly operationName?: string;
  readonly integration?: number;
}

/** An integration that has no id yet. */
export type DefinedIntegration = Required<Pick<IntegrationChange, "uri" | "timeoutInMillis">> & IntegrationChange;

/** The content of a document. */
export interface Definition {
  readonly name: string;
  readonly version?: string;
  readonly description?: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly routes: readonly DefinedRoute[];
  readonly integrations: readonly DefinedIntegration[];
  /** With `failOnWarnings` they are errors. */
  readonly warnings: readonly string[];
}

/** Largest document in bytes (quotas page: 6 MB). */
const maxDocument = 6 * 1024 * 1024;
const methods = ["get", "put", "post", "delete", "options", "head", "patch"];
const anyMethod = "x-amazon-apigateway-any-method";
const integrationKey = "x-amazon-apigateway-integration";
const sharedKey = "x-amazon-apigateway-integrations";
/** Fields of an operation that only document it: HTTP APIs ignore them. */
const documentation = ["summary", "description", "tags", "parameters", "requestBody", "responses", "deprecated"];

/**
 * Throws BadRequestException, also for features that the local cloud does not support, such as CORS and authorizers.
 */
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
    tags,
    routes,
    warnings,
    integrations: integrations.all,
  };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw badRequest(
      "Unable to parse API definition because of a malformed integration at path / " +
        `(Portico's local cloud reads JSON: ${(cause as Error).message})`,
    );
  }
}

function membersOf(source: unknown, where: string): StructureReader {
  if (!isRecord(source)) throw badRequest(`Invalid OpenAPI input: ${where} must be an object`);
  return new StructureReader(source, (member, value, rule) =>
    badRequest(`Invalid OpenAPI input: ${where}.${member} is ${JSON.stringify(value)}: ${rule}`),
  );
}

/** `{ "name": KEY, "x-amazon-apigateway-tag-value": VALUE }` becomes a tag of the API. */
function readTags(list: readonly unknown[]): Readonly<Record<string, string>> {
  const tags: Record<string, string> = {};
  for (const [index, tag] of list.entries()) {
    const members = membersOf(tag, `tags[${index}]`);
    const key = members.requiredText("name");
    const value = members.text("x-amazon-apigateway-tag-value");
    members.text("description");
    members.end();
    if (value !== undefined) tags[key] = value;
  }
  return checkTags(tags);
}

/** Collects the integrations of a document. Those below `components` exist once for all references to them. */
class Integrations {
  readonly all: DefinedIntegration[] = [];
  readonly #shared: ReadonlyMap<string, number>;

  constructor(components: unknown) {
    const source = components === undefined ? undefined : membersOf(components, "components");
    const shared = source?.value(sharedKey) ?? {};
    source?.value("schemas");
    source?.end();
    if (!isRecord(shared)) throw badRequest(`Invalid OpenAPI input: components.${sharedKey} must be an object`);
    this.#shared = new Map(Object.entries(shared).map(([name, integration]) => [name, this.#add(integration, name)]));
  }

  #add(source: unknown, where: string): number {
    const members = membersOf(source, where);
    const type = members.requiredText("type");
    if (type.toUpperCase() !== "AWS_PROXY")
      throw badRequest(`Portico's local cloud does not support the integration type ${type}`);
    members.requiredText("payloadFormatVersion");
    const { uri, ...rest } = readIntegration(members);
    if (uri === undefined)
      throw badRequest(`Unable to parse API definition because of a missing uri in the integration of ${where}`);
    return this.all.push({ timeoutInMillis: 30_000, ...rest, uri }) - 1;
  }

  /** The index of the integration that an operation contains or refers to. */
  indexOf(source: unknown, where: string): number {
    if (!isRecord(source) || !("$ref" in source)) return this.#add(source, where);
    const members = membersOf(source, where);
    const name = members.requiredText("$ref").replace(`#/components/${sharedKey}/`, "");
    members.end();
    const index = this.#shared.get(name);
    if (index === undefined)
      throw badRequest(`Invalid OpenAPI input: ${where} refers to ${name}, which does not exist`);
    return index;
  }
}

function readPaths(
  source: unknown,
  integrations: Integrations,
): { routes: readonly DefinedRoute[]; warnings: readonly string[] } {
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
  for (const ignored of documentation) members.value(ignored);
  const isDefault = members.flag("isDefaultRoute") ?? false;
  const operationName = members.text("operationId", { min: 1, max: 64 });
  const integration = members.value(integrationKey);
  members.end();
  if (isDefault !== (path === "/$default" && method === anyMethod)) {
    throw badRequest(
      `Invalid OpenAPI input: the default route is ${anyMethod} of /$default with isDefaultRoute, not ${where}`,
    );
  }
  const routeKey = isDefault ? "$default" : `${method === anyMethod ? "ANY" : method.toUpperCase()} ${path}`;
  if (!isRouteKey(routeKey)) throw badRequest(`Invalid OpenAPI input: ${path} is not a valid path of a route`);
  return {
    routeKey,
    ...(operationName !== undefined && { operationName }),
    ...(integration !== undefined && { integration: integrations.indexOf(integration, where) }),
  };
}
