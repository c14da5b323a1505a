/** In process: the node build's fetch, called with a Request, no socket and no HTTP in between. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { withAssets } from "../../../framework/node/start.ts";
import type { Fetch } from "../../../framework/runtime/function.ts";
import type { Call, Env } from "../../../framework/runtime/handler.ts";
import { canonicalPath } from "../../../framework/runtime/path.ts";
import { problem } from "../../../framework/runtime/problem.ts";
import { build } from "../build.ts";
import type { Answer, Ask } from "../case.ts";
import { bytesOf } from "../client.ts";
import type { Runtime } from "../runtime.ts";

const origin = "http://in-process.localhost";

/** The runtime. */
export const inProcess: Runtime = {
  name: "in-process",
  async start(subject) {
    const { manifest, out } = await build(subject, "node");
    const app = (await import(pathToFileURL(join(out, manifest.main ?? "")).href)) as { default: Fetch };
    const fetch = withAssets(app.default, manifest, subject.app.root);
    return { origin, send: async (ask) => toAnswer(ask, await answer(fetch, ask, subject.env)), close: async () => {} };
  },
};

async function answer(fetch: Fetch, ask: Ask, env: Readonly<Record<string, string>>): Promise<Response> {
  let request: Request;
  try {
    request = toRequest(ask);
  } catch {
    return problem(400, "Bad Request");
  }
  return fetch(request, call(env));
}

/** Dot segments are resolved as every URL parser does; the rest of the path is made canonical. Throws on a malformed escape. */
function toRequest({ method = "GET", target, headers = [], body }: Ask): Request {
  const host = headers.find(([name]) => name.toLowerCase() === "host")?.[1] ?? new URL(origin).host;
  const url = new URL(`http://${host}${target}`);
  const all = headers.some(([name]) => name.toLowerCase() === "host") ? headers : [["host", host] as const, ...headers];
  return new Request(url.origin + canonicalPath(url.pathname) + url.search, {
    method,
    headers: all.map(([name, value]): [string, string] => [name, value]),
    body: body === undefined || /^(GET|HEAD)$/.test(method) ? null : (bytesOf(body) as Uint8Array<ArrayBuffer>),
  });
}

const call = (env: Readonly<Record<string, string>>): Call => ({
  env: env as Env,
  requestId: randomUUID(),
  clientAddress: undefined,
  platform: { name: "node" },
  // As an adapter must: a rejection is nobody's answer.
  waitUntil: (promise) => void Promise.resolve(promise).catch(() => {}),
});

/** As every HTTP server, it sends no body for HEAD, no length with 204, and no body twice. */
async function toAnswer({ method }: Ask, response: Response): Promise<Answer> {
  const { status } = response;
  if (response.bodyUsed) return { status: 500, headers: [], bytes: new Uint8Array() };
  const headers = [...response.headers].filter(([name]) => status !== 204 || name !== "content-length");
  return { status, headers, bytes: method === "HEAD" ? new Uint8Array() : new Uint8Array(await response.arrayBuffer()) };
}
