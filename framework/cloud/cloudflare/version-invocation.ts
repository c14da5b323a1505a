/** Runs the version of a Worker that its live deployment selects: for a request, or for a call by another Worker. */
import { Agent, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { HttpResponse } from "../../model/http-message.ts";
import type { ClientDisconnect } from "../../http/client-disconnect.ts";
import { countBytes } from "../../http/count-bytes.ts";
import { endToEndHeaders, forward, type ProxyRequest } from "../../emulation/workers/workerd-proxy.ts";
import { refusedResponse } from "../../emulation/workers/limits.ts";
import type { ServiceCalls } from "../../emulation/workers/service-bindings.ts";
import type { Collection } from "../collection.ts";
import type { VersionRecord } from "./records.ts";
import type { Traffic } from "./traffic.ts";
import type { Lease, VersionPool } from "./version-pool.ts";
import { selectVersion } from "./version-selection.ts";

/** Used by all versions; idle connections keep no process alive. */
const agent = new Agent({ keepAlive: true });

/** A plain text answer of Cloudflare's edge. */
const edgeText = (status: number, body: string): HttpResponse => ({
  status,
  headers: [
    ["content-type", "text/plain; charset=utf-8"],
    ["cache-control", "no-store"],
  ],
  body: Buffer.from(body),
});

/** Answers of Cloudflare's edge where no Worker answers, where one throws, and where one exceeds its CPU time. */
export const nothingHere = edgeText(404, "There is nothing here yet\n");
const exceptionThrown = edgeText(500, "error code: 1101\n");
const cpuExceeded = edgeText(503, "error code: 1102\n");

/** What selects and runs a version. */
export interface VersionSource {
  readonly traffic: Pick<Traffic, "of">;
  readonly versions: Collection<VersionRecord>;
  readonly pool: Pick<VersionPool, "drop" | "lease">;
  /** A random number from 0 to 1. */
  readonly random: () => number;
}

/** An answer, and whether its version had to be started; absent where no version ran. */
export interface InvocationResult {
  readonly response: HttpResponse;
  readonly cold?: boolean;
}

export async function invokeScript(
  script: string,
  request: ProxyRequest,
  source: VersionSource,
  disconnect?: ClientDisconnect,
): Promise<InvocationResult> {
  const version = selectedVersion(script, request.headers, source);
  if (!version) return { response: nothingHere };
  const { lease, message } = await forwardToVersion(version, request, source.pool, disconnect);
  const { cold } = lease;
  if (!message) return { response: lease.version.exceededCpu() ? cpuExceeded : exceptionThrown, cold };
  const headers = endToEndHeaders(message);
  if (refusedResponse(headers)) {
    message.destroy();
    lease.release();
    return { response: exceptionThrown, cold };
  }
  const body = Readable.toWeb(message) as ReadableStream<Uint8Array>;
  const response = { status: message.statusCode ?? 502, headers, body };
  return { response: countBytes(response, request.method, () => lease.release()), cold };
}

function selectedVersion(
  script: string,
  headers: ProxyRequest["headers"],
  { traffic, versions, random }: VersionSource,
): VersionRecord | undefined {
  const deployment = traffic.of(script);
  const id = deployment && selectVersion(script, deployment.versions, headers, random());
  return id === undefined ? undefined : versions.get(`${script}/${id}`);
}

/**
 * The head of the version's answer; without one the lease is released. A workerd that has died is replaced, and a
 * request that never reached it is sent again.
 */
async function forwardToVersion(
  version: VersionRecord,
  request: ProxyRequest,
  pool: VersionSource["pool"],
  disconnect: ClientDisconnect | undefined,
  canRetry = !(request.body instanceof ReadableStream),
): Promise<{ readonly lease: Lease; readonly message?: IncomingMessage }> {
  const lease = await pool.lease(version);
  try {
    return { lease, message: await forward(agent, lease.version.port, request, disconnect) };
  } catch (error) {
    lease.release();
    if (disconnect?.happened) return { lease };
    const { code } = error as NodeJS.ErrnoException;
    if (code === "HPE_HEADER_OVERFLOW") return { lease };
    pool.drop(lease.version);
    return code === "ECONNREFUSED" && canRetry
      ? forwardToVersion(version, request, pool, disconnect, false)
      : { lease };
  }
}

/** Calls of service bindings, from one Worker to another. */
export function createServiceCalls(source: VersionSource): ServiceCalls {
  return {
    fetch: (script, request) => fetchService(script, request, source),
    async connect(script) {
      const version = selectedVersion(script, [], source);
      if (!version) throw new Error(`The Worker ${script} has no deployment`);
      const lease = await source.pool.lease(version);
      const { calls } = lease.version;
      if (!calls) throw new Error(`${script} was started without method calls`);
      return { address: calls, done: () => lease.release() };
    },
  };
}

async function fetchService(script: string, request: Request, source: VersionSource): Promise<Response> {
  const url = new URL(request.url);
  const headers = [...request.headers].filter(([name]) => !/^(?:host$|mf-|x-portico-service$)/i.test(name));
  const forwarded = {
    method: request.method,
    url: `${url.origin}${url.pathname}${url.search}`,
    headers: [["host", url.host] as const, ...headers],
    body: request.body,
  };
  const { response } = await invokeScript(script, forwarded, source);
  const isEmpty = request.method === "HEAD" || [101, 204, 205, 304].includes(response.status);
  const body = response.body instanceof Uint8Array ? Buffer.from(response.body) : response.body;
  if (isEmpty && body instanceof ReadableStream) await body.cancel();
  return new Response(isEmpty ? null : body, {
    status: response.status,
    headers: response.headers.map(([name, value]): [string, string] => [name, value]),
  });
}
