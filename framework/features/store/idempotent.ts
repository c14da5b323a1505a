/**
 * `idempotent`: a request with an Idempotency-Key runs once, and its repetitions get the same answer
 * (draft-ietf-httpapi-idempotency-key-header).
 */
import { jsonError } from "../../runtime/error-response.ts";
import type { Context, Handler } from "../../runtime/handler.ts";
import { callOf, type HonoContext, type PorticoMiddleware } from "../../runtime/hono-context.ts";
import type { Engine, OpenEngine } from "./engine.ts";
import { newRow, toValue } from "./store.ts";

/** How answers are kept. */
export interface IdempotentOptions {
  /** Seconds that an answer is kept; a day by default. */
  readonly ttl?: number;
  /** Seconds after which a run that has not ended counts as dead, so that a repetition runs; 900 by default. */
  readonly timeout?: number;
  /** Whether a request without a key is refused with 400. False by default. */
  readonly required?: boolean;
  /**
   * Whose keys they are, such as the id of a user: each has their own. By default all keys are in one place, and a
   * repetition must have the same Authorization header.
   */
  readonly scope?: (request: Request, context: Context) => string | Promise<string>;
}

/** An answer as it is kept; without a status while the first request runs, and where its answer was too large. */
interface Kept {
  /** A hash of the request. */
  readonly print: string;
  readonly status?: number;
  readonly headers?: readonly (readonly [string, string])[];
  /** Base64. */
  readonly body?: string;
}

/** Wraps a handler, or without one is middleware. */
export interface Idempotent {
  <Path extends string>(handler: Handler<Path> & { readonly spec?: never }, options?: IdempotentOptions): Handler<Path>;
  /** A resource stays one, with its types, of a route and of a Hono app. */
  <Resource extends Handler & { readonly spec: object }>(handler: Resource, options?: IdempotentOptions): Resource;
  (options?: IdempotentOptions): PorticoMiddleware;
}

/** Binds `idempotent` to a target's engine. */
export const createIdempotent = (open: OpenEngine): Idempotent =>
  ((first?: Handler | IdempotentOptions, second?: IdempotentOptions) => {
    if (typeof first === "function")
      // With what the handler has beside its code: a resource has its schemas.
      return Object.assign((given: Request | HonoContext, rest: Context) => {
        // A resource is a handler of Hono, too.
        const [request, context] = "req" in given ? callOf(given) : [given, rest];
        return once(open, request, context, second, () => first(given as Request, rest));
      }, first);
    return (async (c, next) => {
      const [request, context] = callOf(c);
      return once(open, request, context, first, async () => {
        await next();
        return c.res;
      });
    }) satisfies PorticoMiddleware;
  }) as Idempotent;

async function once(
  open: OpenEngine,
  request: Request,
  context: Context,
  { ttl = 86_400, timeout = 900, required = false, scope }: IdempotentOptions = {},
  run: () => Response | Promise<Response>,
): Promise<Response> {
  const given = request.headers.get("idempotency-key");
  if (given === null) return required ? jsonError(400, "Idempotency-Key is missing") : run();
  // A string of RFC 8941, quoted; most clients send it bare.
  const [, , key] = /^("?)([!#-[\]-~]{1,255})\1$/.exec(given) ?? [];
  if (key === undefined) return jsonError(400, "Idempotency-Key is not valid");
  const owner = await scope?.(request, context);
  const engine = open(context.platform, "_idempotent");
  const id = await hash([owner ?? "", key]);
  const authorization = owner === undefined ? request.headers.get("authorization") : "";
  const print = await hash([request.method, request.url, authorization, await request.clone().arrayBuffer()]);
  const started = newRow(id, JSON.stringify({ print } satisfies Kept), { ttl: timeout });
  if (!(await engine.set(started, null))) return repeated(await engine.get(id), print);
  let response: Response;
  try {
    response = await run();
  } catch (error) {
    await engine.delete(id, started.version);
    throw error;
  }
  if (response.status >= 500) {
    await engine.delete(id, started.version);
    return response;
  }
  const { status, headers } = response;
  // Hono sends the response that it has, whatever middleware returns.
  const bytes = await response.clone().arrayBuffer();
  // The answer is right although it could not be kept; repetitions are refused for as long as the first may run.
  const keeping = keep(engine, id, { print, status, headers: [...headers] }, bytes, ttl, started.version);
  await keeping.catch((error: unknown) => context.waitUntil(Promise.reject(error as Error)));
  return response;
}

async function keep(engine: Engine, id: string, kept: Kept, body: ArrayBuffer, ttl: number, version: string) {
  const whole = { ...kept, body: Buffer.from(body).toString("base64") };
  // A value has at most 256 KB.
  const value = whole.body.length > 240_000 ? { print: kept.print } : whole;
  await engine.set(newRow(id, toValue(value), { ttl }), version);
}

/** The answer to a repetition. */
function repeated(row: Awaited<ReturnType<Engine["get"]>>, print: string): Response {
  const kept = row && (JSON.parse(row.value as string) as Kept);
  // Section 2.7 of the draft.
  if (kept && kept.print !== print) return jsonError(422, "Idempotency-Key was used for another request");
  if (kept?.status === undefined) return jsonError(409, "A request with this Idempotency-Key is running");
  const { status, headers = [], body = "" } = kept;
  return new Response(body ? Buffer.from(body, "base64") : null, {
    status,
    headers: headers.map(([name, value]): [string, string] => [name, value]),
  });
}

/** Hex SHA-256 of parts that cannot run into one another. */
async function hash(parts: readonly (string | ArrayBuffer | null)[]): Promise<string> {
  const bytes = parts.map((part) => (part instanceof ArrayBuffer ? Buffer.from(part) : Buffer.from(part ?? "")));
  const lengths = bytes.map(({ length }) => length).join();
  const digest = await crypto.subtle.digest("SHA-256", Buffer.concat([Buffer.from(lengths), ...bytes]));
  return Buffer.from(digest).toString("hex");
}
