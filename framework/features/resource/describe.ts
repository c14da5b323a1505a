/**
 * Reads what describes an app's API: of each resource its schemas as JSON Schema, and what its file's `openapi` says.
 * It runs the app's code, and so only where `portico openapi` starts it.
 */
import { checkOperation, checkShared, requireKnown } from "./described-fields.ts";
import type { ResourceSpec } from "./resource.ts";
import type { StandardSchema } from "./standard-schema.ts";

/** A JSON Schema of draft 2020-12. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What is known of a method. */
export interface DescribedMethod {
  readonly params?: JsonSchema;
  readonly query?: JsonSchema;
  readonly body?: JsonSchema;
  /** False where the body's schema takes undefined. */
  readonly bodyRequired?: boolean;
  readonly response?: JsonSchema;
  /** An Operation Object of OpenAPI, whose fields replace those that are derived. */
  readonly operation: Readonly<Record<string, unknown>>;
}

/** A file that cannot be described. */
export interface DescriptionError {
  readonly file: string;
  readonly message: string;
  /** The library of a schema that nothing here can convert. */
  readonly vendor?: string;
}

/** What a `_middleware` file says: a Components Object of OpenAPI, and fields of each operation below its folder. */
export type DescribedMiddleware = Readonly<Record<string, unknown>> & {
  readonly components?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

/** The methods of each route's file by their names, and what files of middleware say. */
export interface Description {
  readonly files: Readonly<Record<string, Readonly<Record<string, DescribedMethod>>>>;
  readonly middleware: Readonly<Record<string, DescribedMiddleware>>;
  readonly errors: readonly DescriptionError[];
}

/** Converts the schemas of a library that do not say it themselves. */
export type Converters = Readonly<Record<string, (schema: StandardSchema) => Promise<JsonSchema>>>;

/** Standard JSON Schema (standardschema.dev/json-schema), which some libraries have. */
interface JsonSchemaProps {
  readonly jsonSchema?: { input(options: { readonly target: string }): JsonSchema };
}

type RouteModule = Readonly<Record<string, unknown>> & {
  readonly openapi?: () => Readonly<Record<string, Readonly<Record<string, unknown>>>>;
};

/** The methods that a description has. */
export const methodNames = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;

/** Imports by file. */
type Loads = Readonly<Record<string, () => Promise<object>>>;

/** @param load imports of the routes' files, and of the files of middleware that have an `openapi` */
export async function describeRoutes(
  load: { readonly routes: Loads; readonly middleware: Loads },
  converters: Converters,
): Promise<Description> {
  const errors: DescriptionError[] = [];
  const each = async <T>(
    loads: Loads,
    describeOne: (module: RouteModule) => T,
  ): Promise<Record<string, Awaited<T>>> => {
    const described: Record<string, Awaited<T>> = {};
    for (const [file, loadFile] of Object.entries(loads)) {
      try {
        described[file] = await describeOne((await loadFile()) as RouteModule);
      } catch (error) {
        const { message = String(error), vendor } = Object(error) as { message?: string; vendor?: string };
        errors.push({ file, message, ...(vendor !== undefined && { vendor }) });
      }
    }
    return described;
  };
  const middleware = await each(load.middleware, describeMiddleware);
  const files = await each(load.routes, (module) => describeFile(module, converters));
  return { files, middleware, errors };
}

/** What `openapi` gives; an empty object without one. Throws for an export that is no function. */
function callOpenapi({ openapi }: RouteModule): NonNullable<ReturnType<NonNullable<RouteModule["openapi"]>>> {
  if (openapi !== undefined && typeof openapi !== "function")
    throw new TypeError("its openapi is no function: write export const openapi = () => ({ … })");
  return openapi?.() ?? {};
}

function describeMiddleware(module: RouteModule): DescribedMiddleware {
  const fields = callOpenapi(module);
  const method = methodNames.find((name) => Object.hasOwn(fields, name));
  if (method !== undefined)
    throw new TypeError(`its openapi has ${method}: a route's file describes methods, middleware what they share`);
  checkShared(fields, "its openapi");
  return fields;
}

async function describeFile(module: RouteModule, converters: Converters): Promise<Record<string, DescribedMethod>> {
  const operations = callOpenapi(module);
  for (const [method, fields] of Object.entries(operations)) {
    requireKnown(method, methodNames, "its openapi");
    if (!module[method] && !module["default"])
      throw new TypeError(`its openapi has ${method}, which it does not export`);
    checkOperation(fields, `its openapi's ${method}`);
  }
  const methods: Record<string, DescribedMethod> = {};
  for (const method of methodNames) {
    const { spec } = Object(module[method]) as { spec?: ResourceSpec };
    const operation = operations[method];
    if (spec || operation)
      methods[method] = { ...(await describeSpec(method, spec ?? {}, converters)), operation: operation ?? {} };
  }
  return methods;
}

async function describeSpec(method: string, spec: ResourceSpec, converters: Converters) {
  const found: { -readonly [Name in keyof DescribedMethod]?: DescribedMethod[Name] } = {};
  for (const part of ["params", "query", "body", "response"] as const) {
    const schema = spec[part];
    if (schema) found[part] = await toJsonSchema(schema, `the schema of ${method}'s ${part}`, converters);
  }
  if (spec.body) found.bodyRequired = Boolean((await spec.body["~standard"].validate(undefined)).issues);
  return found;
}

async function toJsonSchema(schema: StandardSchema, name: string, converters: Converters): Promise<JsonSchema> {
  const { vendor, jsonSchema } = schema["~standard"] as StandardSchema["~standard"] & JsonSchemaProps;
  const convert = converters[vendor];
  if (!jsonSchema && !convert) throw Object.assign(new Error(`${name} is of ${vendor}`), { vendor });
  try {
    return jsonSchema ? jsonSchema.input({ target: "draft-2020-12" }) : await convert!(schema);
  } catch (cause) {
    throw new Error(`${name} cannot be written as JSON Schema: ${(cause as Error).message}`, { cause });
  }
}
