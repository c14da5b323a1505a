/** The runtime `in-process`: calls the `fetch` of a build for Node with Requests, without HTTP. */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { canonicalTarget } from "../../../framework/http/canonical-target.ts";
import { withAssets } from "../../../framework/node/built-app.ts";
import type { Fetch } from "../../../framework/runtime/route-function.ts";
import type { Call, Env } from "../../../framework/runtime/handler.ts";
import { jsonError } from "../../../framework/runtime/error-response.ts";
import { build } from "../app-build.ts";
import type { Answer, Ask } from "../case.ts";
import { bytesOf } from "../raw-client.ts";
import type { Runtime } from "../runtime.ts";

const origin = "http://in-process.localhost";

/** The runtime. */
export const inProcess: Runtime = {
  name: "in-process",
  async start(subject) {
    const { manifest, out } = await build(subject, "node");
    // As whoever runs an app in a process of its own.
    Object.assign(process.env, subject.env);
    const app = (await import(pathToFileURL(join(out, manifest.main ?? "")).href)) as { default: Fetch };
    const fetch = withAssets(app.default, manifest, subject.app.root);
    return {
      origin,
      send: async (ask) => {
        const left = new AbortController();
        const caller = { env: subject.env, data: join(subject.folder, "data"), signal: left.signal };
        return toAnswer(ask, await answer(fetch, ask, caller), () => left.abort());
      },
      close: async () => {},
    };
  },
};

interface Caller {
  readonly data: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

async function answer(fetch: Fetch, ask: Ask, { env, data, signal }: Caller): Promise<Response> {
  if (ask.method === "TRACE") return jsonError(405, "Method Not Allowed");
  let request: Request;
  try {
    request = toRequest(ask, signal);
  } catch {
    return jsonError(400, "Bad Request");
  }
  return fetch(request, call(env, data));
}

/**
 * As our servers make one: the target in its canonical form, an absolute one with its own authority. Throws for what is
 * no request.
 */
function toRequest({ method = "GET", target, headers = [], body }: Ask, signal: AbortSignal): Request {
  const own = canonicalTarget(target);
  if (own === undefined) throw new URIError(target);
  const host = headers.find(([name]) => name.toLowerCase() === "host")?.[1] ?? new URL(origin).host;
  const all = headers.some(([name]) => name.toLowerCase() === "host") ? headers : [["host", host] as const, ...headers];
  return new Request(own.startsWith("/") ? `http://${host}${own}` : own, {
    method,
    signal,
    headers: all.map(([name, value]): [string, string] => [name, value]),
    body: body === undefined || /^(GET|HEAD)$/.test(method) ? null : (bytesOf(body) as Uint8Array<ArrayBuffer>),
  });
}

const call = (env: Readonly<Record<string, string>>, data: string): Call => ({
  env: env as Env,
  requestId: randomUUID(),
  clientAddress: undefined,
  platform: { name: "node", data },
  // As an adapter must: a rejection is nobody's answer.
  waitUntil: (promise) => void Promise.resolve(promise).catch(() => {}),
});

/** As every HTTP server, it sends no body for HEAD, no length with 204, and no body twice. */
async function toAnswer({ method, disconnects }: Ask, response: Response, leave: () => void): Promise<Answer> {
  const { status } = response;
  const failed = { status: 500, headers: [], bytes: new Uint8Array() };
  if (response.bodyUsed) return failed;
  const headers = [...response.headers].filter(([name]) => status !== 204 || name !== "content-length");
  if (disconnects) {
    const reader = response.body!.getReader();
    const { value = new Uint8Array() } = await reader.read();
    leave();
    await reader.cancel();
    return { status, headers, bytes: value };
  }
  if (method === "HEAD") return { status, headers, bytes: new Uint8Array() };
  const bytes = await response.bytes().catch(() => undefined);
  return bytes ? { status, headers, bytes } : failed;
}
