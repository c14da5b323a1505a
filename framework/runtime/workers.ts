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

/** The path at which a deploy asks a version whether it is the one. */
const versionPath = "/.portico/version";

/** Says it only to who knows the version's id, which is in no answer; to all others the path is as any other. */
function ownVersion({ headers }: Request, env: Readonly<Record<string, unknown>>): Response | undefined {
  const { id } = (env["PORTICO_VERSION"] ?? {}) as { readonly id?: string };
  const isAsked = id !== undefined && headers.get("portico-version") === id;
  return isAsked ? new Response(null, { status: 204, headers: { "portico-version": id, "cache-control": "no-store" } }) : undefined;
}

/** workerd would compress a body that says it is compressed already; one that came from its own `fetch` it handles itself. */
function asWritten(response: Response): Response {
  if (response.url || !response.headers.has("content-encoding")) return response;
  const { body, status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers, encodeBody: "manual" } as ResponseInit);
}

/**
 * Adapts `fetch` to Workers.
 * @param names the declared env, secrets and bindings: all of `env` when absent
 */
export function toWorkers(fetch: Fetch, names?: readonly string[]): Worker {
  return {
    async fetch(request, all, context) {
      const said = request.url.endsWith(versionPath) ? ownVersion(request, all) : undefined;
      if (said) return said;
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
    },
  };
}
