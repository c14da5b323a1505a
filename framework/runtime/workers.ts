/** The Workers adapter: `fetch` in, a module Worker's default export out. */
import type { Fetch } from "./function.ts";
import type { Env } from "./handler.ts";
import { canonicalPath } from "./path.ts";
import { problem } from "./problem.ts";

/** What workerd hands a fetch handler beside the request. */
export interface WorkersContext {
  waitUntil(promise: Promise<unknown>): void;
}

/** A module Worker. */
export interface Worker {
  fetch(request: Request, env: Readonly<Record<string, unknown>>, context: WorkersContext): Promise<Response>;
}

/**
 * The same request with its path in canonical form, remade only where the path differs: workerd hands it over as it was sent, with
 * `%2e%2e` in it. Throws URIError on a malformed escape.
 */
export function canonical(request: Request): Request {
  const url = new URL(request.url);
  const path = canonicalPath(url.pathname);
  const [, sent = "/"] = /^[^/]+\/\/[^/]*([^?#]*)/.exec(request.url) ?? [];
  return path === sent ? request : new Request(url.origin + path + url.search, request);
}

/** What a deploy's requests carry: the id of the version that it means, which is in no answer to anybody else. */
const proof = "portico-version";

/** The path at which a deploy asks a version to start some of its functions; their ids are in the header `portico-start`. */
const versionPath = "/.portico/version";

/** Which of them do not start, and why: their modules are first run by their first request, and that should not be a visitor's. */
async function start(ids: string | null, load: Load): Promise<Response> {
  const failures: Record<string, string> = {};
  const starting = ids?.split(",").map((id) => load(`./functions/${id}.js`).catch((error) => (failures[id] = String(error))));
  await Promise.all(starting ?? []);
  return Response.json(failures, { headers: { "cache-control": "no-store" } });
}

/** The same answer with the version's id, or surely without it; remade, since a handler may give one Response twice. */
function proven(response: Response, id: string | undefined): Response {
  const copy = new Response(response.body, response);
  if (id === undefined) copy.headers.delete(proof);
  else copy.headers.set(proof, id);
  return copy;
}

/** workerd would compress a body that says it is compressed already; one that came from its own `fetch` it handles itself. */
function asWritten(response: Response): Response {
  if (response.url || !response.headers.has("content-encoding")) return response;
  const { body, status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers, encodeBody: "manual" } as ResponseInit);
}

/** Imports a module of the Worker by its name, seen from the main module. */
export type Load = (name: string) => Promise<unknown>;

/**
 * Adapts `fetch` to Workers. An answer to who names the version's own id says that it is this version's; to all others nothing is said.
 * @param names the declared env, secrets and bindings: all of `env` when absent
 * @param load absent where nothing is loaded lazily
 */
export function toWorkers(fetch: Fetch, names?: readonly string[], load: Load = async () => undefined): Worker {
  const answer: Worker["fetch"] = async (request, all, context) => {
    let asked: Request;
    try {
      asked = canonical(request);
    } catch {
      return problem(400, "Bad Request");
    }
    const env = names ? Object.fromEntries(names.map((name) => [name, all[name]])) : all;
    const response = await fetch(asked, {
      env: env as Env,
      requestId: request.headers.get("cf-ray") ?? crypto.randomUUID(),
      clientAddress: request.headers.get("cf-connecting-ip") ?? undefined,
      platform: { name: "workers", env: all, context, cf: (request as { cf?: unknown }).cf },
      waitUntil: (promise) => context.waitUntil(promise),
    });
    return asWritten(response);
  };
  return {
    async fetch(request, all, context) {
      const asked = request.headers.get(proof);
      if (asked === null) return answer(request, all, context);
      const { id } = (all["PORTICO_VERSION"] ?? {}) as { readonly id?: string };
      if (asked !== id) return proven(await answer(request, all, context), undefined);
      const isProbe = request.url.endsWith(versionPath);
      return proven(await (isProbe ? start(request.headers.get("portico-start"), load) : answer(request, all, context)), id);
    },
  };
}
