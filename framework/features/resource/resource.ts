/** The entry `portico/resource`: a handler whose input is checked by schemas, and whose values are sent as JSON. */
import { acceptsType } from "../../runtime/content-negotiation.ts";
import type { Context, Params } from "../../runtime/handler.ts";
import { toLocation } from "../../runtime/responses.ts";
import { Created } from "./created.ts";
import { readJsonBody } from "./json-body.ts";
import { type InputError, type Part, pointerOf, refuse, toErrors } from "./problem.ts";
import type { InputOf, OutputOf, StandardSchema } from "./standard-schema.ts";

export { type Created, created } from "./created.ts";
export type { InputError, Problem } from "./problem.ts";
export type { InputOf, OutputOf, StandardSchema } from "./standard-schema.ts";

/** True only in the development build (esbuild `define`); absent when the runtime runs unbundled. */
declare const PORTICO_DEV: boolean;

type Schema = StandardSchema;

/** The schemas of a method, and its path. */
export interface ResourceSpec<
  Body extends Schema | undefined = Schema | undefined,
  Query extends Schema | undefined = Schema | undefined,
  ParamsSchema extends Schema | undefined = Schema | undefined,
  Answer extends Schema | undefined = Schema | undefined,
  Path extends string = string,
> {
  /**
   * The route's own, written as its file is: `/notes/[id]`. The compiler alone reads it: it types `params` without a
   * schema, and `context.var` by what the middleware above sets.
   */
  readonly path?: Path;
  /** Of the JSON body; without one the handler may read the request itself. */
  readonly body?: Body;
  /** Values arrive as text, those of a repeated name as a list of texts. */
  readonly query?: Query;
  /** Values arrive as text. */
  readonly params?: ParamsSchema;
  /** Of the JSON that is sent; checked in development alone. */
  readonly response?: Answer;
  /** Bytes that a body has at most; 1,048,576 by default. */
  readonly bodyLimit?: number;
}

/** The query of a request: text, or a list of texts where a name is repeated. */
export type QueryValues = Readonly<Record<string, string | readonly string[]>>;

type Checked<S, Without> = S extends Schema ? OutputOf<S> : Without;

/** What a handler gets: each part as its schema gives it. */
export interface ResourceInput<Body, Query, ParamsSchema, Path extends string = string> {
  readonly body: Checked<Body, undefined>;
  readonly query: Checked<Query, QueryValues>;
  readonly params: Checked<ParamsSchema, Params<Path>>;
  readonly context: Context<Path>;
  readonly request: Request;
}

/** What a handler may return where a schema says what is sent, and where none does. */
type Returned<Answer> = Answer extends Schema ? Response | InputOf<Answer> | Created<InputOf<Answer>> : unknown;

/** The context of a Hono handler, whose execution context is Portico's. */
interface HonoContext {
  readonly req: { readonly raw: Request; param(): Readonly<Record<string, string>> };
  readonly executionCtx: unknown;
  readonly var: unknown;
}

/** A handler of a route and of a Hono app; `portico/client` and `portico openapi` read its schemas. */
export interface Resource<Body, Query, PathParams, Value> {
  (c: HonoContext): Promise<Response>;
  (request: Request, context: Omit<Context, "params"> & { readonly params: object }): Promise<Response>;
  readonly spec: ResourceSpec;
  /** Of the compiler alone: what a client sends, and what it gets. */
  readonly types?: { readonly body: Body; readonly query: Query; readonly params: PathParams; readonly value: Value };
}

type Sent<S> = S extends Schema ? InputOf<S> : undefined;

/** The JSON value of what a handler returns: a Response's is not known. */
type Value<Out> = Out extends Response ? never : Out extends Created<infer Inner> ? Inner : Out;

/**
 * Makes a handler. It gets what the schemas made of params, query and body, and returns a value (200), `created` (201),
 * nothing (204) or a Response. Wrong input is refused with problem+json: 422 with all that is wrong, else 400 to 415.
 * A schema that throws is the handler's error.
 */
export const resource = <
  Out extends Returned<Answer>,
  Body extends Schema | undefined = undefined,
  Query extends Schema | undefined = undefined,
  ParamsSchema extends Schema | undefined = undefined,
  Answer extends Schema | undefined = undefined,
  Path extends string = string,
>(
  spec: ResourceSpec<Body, Query, ParamsSchema, Answer, Path>,
  handler: (input: ResourceInput<Body, Query, ParamsSchema, Path>) => Out | Promise<Out>,
): Resource<Sent<Body>, Sent<Query>, Sent<ParamsSchema>, Answer extends Schema ? InputOf<Answer> : Value<Out>> =>
  Object.assign(
    (first: Request | HonoContext, second?: Context): Promise<Response> =>
      "req" in first
        ? answer(spec, handler as UntypedHandler, first.req.raw, {
            ...(first.executionCtx as Context),
            params: first.req.param(),
            var: first.var as Context["var"],
          })
        : answer(spec, handler as UntypedHandler, first, second!),
    { spec },
  ) as never;

type UntypedHandler = (
  input: {
    readonly [Name in Part | "params"]?: unknown;
  } & { readonly context: Context; readonly request: Request },
) => unknown;

async function answer(
  spec: ResourceSpec,
  handler: UntypedHandler,
  request: Request,
  context: Context,
): Promise<Response> {
  if (!acceptsType(request.headers.get("accept"), "application/json"))
    return refuse(406, "The answer is application/json");
  const errors: InputError[] = [];
  const check = async (part: Part, schema: Schema | undefined, value: unknown): Promise<unknown> => {
    const result = await schema?.["~standard"].validate(value);
    if (!result) return value;
    if (result.issues) errors.push(...toErrors(part, result.issues));
    return (result as { readonly value?: unknown }).value;
  };
  const params = await check("path", spec.params, context.params);
  const query = await check("query", spec.query, queryOf(request));
  const read = spec.body ? await readJsonBody(request, spec.bodyLimit ?? 1_048_576) : { value: undefined };
  if (read instanceof Response) return read;
  const body = await check("body", spec.body, read.value);
  if (errors.length > 0) return refuse(422, errors);
  return toResponse(spec.response, await handler({ body, query, params, context, request }));
}

/** `__proto__` is left out: a schema that copies keys would set a prototype by it. */
function queryOf({ url }: Request): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = {};
  for (const [name, value] of new URL(url).searchParams) {
    const before = Object.hasOwn(query, name) ? query[name] : undefined;
    if (typeof before === "object") before.push(value);
    else if (name !== "__proto__") query[name] = before === undefined ? value : [before, value];
  }
  return query;
}

async function toResponse(schema: Schema | undefined, result: unknown): Promise<Response> {
  if (result instanceof Response) return result;
  const [value, init] =
    result instanceof Created
      ? [result.value as unknown, { status: 201, headers: { location: toLocation(result.location) } }]
      : [result];
  if (typeof PORTICO_DEV !== "undefined" && PORTICO_DEV) await checkValue(schema, value);
  return value === undefined ? new Response(null, init ?? { status: 204 }) : Response.json(value, init);
}

/** Throws TypeError for a value whose JSON is not what the schema says. */
async function checkValue(schema: Schema | undefined, value: unknown): Promise<void> {
  const sent: unknown = value === undefined ? value : JSON.parse(JSON.stringify(value) ?? "null");
  const { issues } = (await schema?.["~standard"].validate(sent)) ?? {};
  if (!issues) return;
  const wrong = issues.slice(0, 10).map((issue) => `${pointerOf(issue)}: ${issue.message}`);
  throw new TypeError(`The response is not what its schema says:\n${wrong.join("\n")}`);
}
