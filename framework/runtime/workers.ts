/** The entry `portico/workers`: adapts `fetch` to a module Worker, and answers a release's check of its version. */
import { isStreamed, wrapStream } from "./workers-response.ts";
import { errorResponse, jsonError } from "./error-response.ts";
import type { Fetch } from "./route-function.ts";
import type { Call, Env } from "./handler.ts";
import { canonicalPath } from "./path.ts";

/** The context that workerd passes to a fetch handler. */
export interface WorkersContext {
  waitUntil(promise: Promise<unknown>): void;
}

/** A module Worker. */
export interface Worker {
  fetch(request: Request, env: Readonly<Record<string, unknown>>, context: WorkersContext): Promise<Response>;
}

/**
 * The request as the Fetch standard has it, copied only if it differs: workerd keeps a URL as it was sent, with
 * `%2e%2e` and quotes, and the body of a GET. Throws URIError for a malformed escape.
 */
export function toCanonical(request: Request): Request {
  const { origin, pathname, href } = new URL(request.url);
  // `search` would leave out a question mark that nothing follows.
  const url = origin + canonicalPath(pathname) + href.slice(origin.length + pathname.length);
  const bodyless = request.body && /^(GET|HEAD)$/.test(request.method) ? new Request(request, { body: null }) : request;
  return url === request.url ? bodyless : new Request(url, bodyless);
}

/** The header by which a release names a version; only a response to such a request has it. */
const versionHeader = "portico-version";

/**
 * The path of a release's request to start some functions, whose ids are in the header `portico-start`.
 */
const versionPath = "/.portico/version";

/**
 * Loads functions, so that their modules do not first run in a visitor's request. Responds with the errors by id.
 */
async function startFunctions(ids: string | null, load: LoadModule): Promise<Response> {
  const failures: Record<string, string> = {};
  const starting = ids
    ?.split(",")
    .map((id) => load(`./functions/${id}.js`).catch((error) => (failures[id] = String(error))));
  await Promise.all(starting ?? []);
  return Response.json(failures, { headers: { "cache-control": "no-store" } });
}

/** A copy of the response with the version's id or without any: a handler may return one Response several times. */
function withVersion(response: Response, id: string | undefined): Response {
  const copy = new Response(response.body, response);
  if (id === undefined) copy.headers.delete(versionHeader);
  else copy.headers.set(versionHeader, id);
  return copy;
}

/**
 * Keeps workerd from compressing a body that has a Content-Encoding and so is compressed; workerd knows its own
 * `fetch`'s responses.
 */
function withManualEncoding(response: Response): Response {
  if (response.url || !response.headers.has("content-encoding")) return response;
  const { body, status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers, encodeBody: "manual" } as ResponseInit);
}

/** Imports a module of the Worker by its path relative to the main module. */
export type LoadModule = (name: string) => Promise<unknown>;

/**
 * Adapts `fetch` to Workers. The response to a request that names this version has the version's header.
 * @param names the declared env, secrets and bindings; by default all of `env`
 * @param load absent if no module is loaded lazily
 */
export function toWorkers(fetch: Fetch, names?: readonly string[], load: LoadModule = async () => undefined): Worker {
  const answer: Worker["fetch"] = async (request, all, context) => {
    // workerd has a Request for TRACE, which the Fetch standard forbids.
    if (request.method === "TRACE") return jsonError(405, "Method Not Allowed");
    let canonical: Request;
    try {
      canonical = toCanonical(request);
    } catch {
      return jsonError(400, "Bad Request");
    }
    const env = names ? Object.fromEntries(names.map((name) => [name, all[name]])) : all;
    const call: Call = {
      env: env as Env,
      requestId: request.headers.get("cf-ray") ?? crypto.randomUUID(),
      clientAddress: request.headers.get("cf-connecting-ip") ?? undefined,
      platform: { name: "workers", env: all, context, cf: (request as { cf?: unknown }).cf },
      waitUntil: (promise) => context.waitUntil(promise),
    };
    const response = await fetch(canonical, call);
    if (!isStreamed(response)) return withManualEncoding(response);
    return withManualEncoding(await wrapStream(response, request).catch((error) => errorResponse(error, call)));
  };
  return {
    async fetch(request, all, context) {
      const requested = request.headers.get(versionHeader);
      if (requested === null) return answer(request, all, context);
      const { id } = (all["PORTICO_VERSION"] ?? {}) as { readonly id?: string };
      if (requested !== id) return withVersion(await answer(request, all, context), undefined);
      const isProbe = request.url.endsWith(versionPath);
      return withVersion(
        await (isProbe ? startFunctions(request.headers.get("portico-start"), load) : answer(request, all, context)),
        id,
      );
    },
  };
}
