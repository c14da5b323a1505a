/** An app's API as a document of OpenAPI 3.1 (spec.openapis.org/oas/v3.1.1), from what its resources say. */
import type { DescribedMethod, DescribedMiddleware, Description, JsonSchema } from "../features/resource/describe.ts";
import type { Route, Segment } from "../model/route.ts";

/** A part of the document. */
type Json = Readonly<Record<string, unknown>>;

/** A document of OpenAPI 3.1. */
export interface OpenApiDocument {
  readonly openapi: "3.1.1";
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Json>>;
  readonly components: Json;
}

type DescribedRoute = Pick<Route, "id" | "file" | "segments" | "middleware">;

/**
 * Paths in the order of their names, methods in that of the description. An optional rest is two paths.
 * @param info the app's name and version
 */
export function toOpenApi(
  info: OpenApiDocument["info"],
  routes: readonly DescribedRoute[],
  { files, middleware }: Omit<Description, "errors">,
): OpenApiDocument {
  const schemas: Record<string, unknown> = { Problem: problemSchema };
  const components: Record<string, Json> = { schemas, responses: { Problem: problemResponse } };
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const methods = Object.entries(files[route.file] ?? {});
    if (methods.length === 0) continue;
    const said = route.middleware.map((file) => middleware[file]).filter((one) => one !== undefined);
    for (const [kind, named] of said.flatMap((one) => Object.entries(one.components ?? {})))
      components[kind] = Object.assign(components[kind] ?? {}, named);
    for (const [index, segments] of pathsOf(route.segments).entries()) {
      const operations = methods.map(([method, described]) => {
        const id = `${method.toLowerCase()}-${route.id}${index > 0 ? "-all" : ""}`;
        return [method.toLowerCase(), toOperation(id, segments, withCommon(described, said), schemas)] as const;
      });
      paths[pathTemplate(segments)] = Object.fromEntries(operations);
    }
  }
  const sorted = Object.fromEntries(Object.entries(paths).toSorted(([one], [other]) => (one < other ? -1 : 1)));
  return { openapi: "3.1.1", info, paths: sorted, components };
}

/** The method's own fields replace those of the middleware above it, and an inner folder's those of an outer one. */
function withCommon(described: DescribedMethod, said: readonly DescribedMiddleware[]): DescribedMethod {
  const { components: _, ...common } = Object.assign({}, ...said) as DescribedMiddleware;
  return { ...described, operation: { ...common, ...described.operation } };
}

/** Path templates have no optional parts: without an optional rest, and with it. */
function pathsOf(segments: readonly Segment[]): readonly (readonly Segment[])[] {
  return segments.at(-1)?.kind === "optional-rest" ? [segments.slice(0, -1), segments] : [segments];
}

const pathTemplate = (segments: readonly Segment[]): string =>
  `/${segments.map((part) => (part.kind === "static" ? encodeURI(part.value) : `{${part.name}}`)).join("/")}`;

function toOperation(
  operationId: string,
  segments: readonly Segment[],
  { params, query, body, bodyRequired, response, operation }: DescribedMethod,
  schemas: Record<string, unknown>,
): Json {
  const hoist = (schema: JsonSchema, part: string): JsonSchema =>
    hoistDefinitions(schema, `${operationId}-${part}`, schemas);
  const parameters = [
    ...pathParameters(segments, params && hoist(params, "params"), schemas),
    ...(query ? queryParameters(hoist(query, "query"), schemas) : []),
  ];
  const content = (schema: JsonSchema): Json => ({ "application/json": { schema } });
  const success = { description: "Success", ...(response && { content: content(hoist(response, "response")) }) };
  return {
    operationId,
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: bodyRequired ?? true, content: content(hoist(body, "body")) } }),
    ...operation,
    // A handler says at run time whether it made something. What the route says of one status leaves the other.
    responses: {
      "2XX": success,
      "4XX": { $ref: "#/components/responses/Problem" },
      ...(operation["responses"] as Json | undefined),
    },
  };
}

function pathParameters(segments: readonly Segment[], schema: JsonSchema | undefined, schemas: Json): readonly Json[] {
  const { properties = {} } = resolved(schema, schemas) as { properties?: Readonly<Record<string, JsonSchema>> };
  return segments.flatMap((segment) => {
    if (segment.kind === "static") return [];
    const { name, kind } = segment;
    // A template's parameter has no slashes, but tools send what they are given.
    const rest = kind === "param" ? {} : { description: "One or more segments, with slashes between them" };
    return [{ name, in: "path", required: true, ...rest, schema: properties[name] ?? { type: "string" } }];
  });
}

function queryParameters(schema: JsonSchema, schemas: Json): readonly Json[] {
  const { properties, required = [] } = resolved(schema, schemas) as {
    properties?: Readonly<Record<string, JsonSchema>>;
    required?: readonly string[];
  };
  // An object in the query is exploded: its properties are what the names of parameters would be.
  if (!properties) return [{ name: "query", in: "query", style: "form", explode: true, schema }];
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: "query",
    ...(required.includes(name) && { required: true }),
    schema: property,
  }));
}

/** The schema that a reference to a component names. */
function resolved(schema: JsonSchema | undefined, schemas: Json): JsonSchema {
  const name = /^#\/components\/schemas\/(.+)$/.exec(String(schema?.["$ref"]))?.[1];
  return ((name === undefined ? schema : schemas[name]) ?? {}) as JsonSchema;
}

/** Keywords of JSON Schema whose values are data. */
const dataKeywords = ["const", "enum", "default", "examples", "example"];

/** Keywords whose values are schemas by names, which may be those of keywords. */
const namedKeywords = ["properties", "patternProperties", "dependentSchemas"];

/**
 * The schema with its references into itself as references to components, which are added: in a document `#/$defs/A` is
 * another place than in the schema.
 */
function hoistDefinitions(schema: JsonSchema, prefix: string, schemas: Record<string, unknown>): JsonSchema {
  const nameOf = (pointer: string): string => {
    const name = /^#\/(?:\$defs|definitions)\/(.+)$/.exec(pointer)?.[1];
    return name === undefined ? prefix : `${prefix}-${decodeURIComponent(name).replace(/[^\w.-]/g, "-")}`;
  };
  let recursive = false;
  const rewrite = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(rewrite);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([key, inner]): [string, unknown] => {
      if (key === "$ref" && typeof inner === "string" && inner.startsWith("#")) {
        recursive ||= nameOf(inner) === prefix;
        return [key, `#/components/schemas/${nameOf(inner)}`];
      }
      if (namedKeywords.includes(key)) return [key, mapValues(inner as Json, rewrite)];
      return [key, dataKeywords.includes(key) ? inner : rewrite(inner)];
    });
    return Object.fromEntries(entries);
  };
  const { $schema: _, $defs = {}, definitions = {}, ...own } = schema;
  for (const [name, definition] of Object.entries({ ...($defs as object), ...(definitions as object) }))
    schemas[nameOf(`#/$defs/${name}`)] = rewrite(definition);
  const root = rewrite(own) as JsonSchema;
  if (!recursive) return root;
  schemas[prefix] = root;
  return { $ref: `#/components/schemas/${prefix}` };
}

const mapValues = (record: Json, map: (value: unknown) => unknown): Json =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));

const problemResponse: Json = {
  description: "The request is refused",
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
};

/** As framework/features/resource/problem.ts answers. */
const problemSchema: Json = {
  type: "object",
  required: ["title", "status"],
  properties: {
    title: { type: "string" },
    status: { type: "integer" },
    detail: { type: "string" },
    errors: {
      type: "array",
      items: {
        type: "object",
        required: ["in", "detail"],
        properties: {
          in: { enum: ["path", "query", "body"] },
          pointer: { type: "string" },
          name: { type: "string" },
          detail: { type: "string" },
        },
      },
    },
  },
};
