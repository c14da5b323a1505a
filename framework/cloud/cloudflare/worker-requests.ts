/** Answers a client's request to a deployed Worker: finds the script of the address, invokes it, logs the access. */
import { randomBytes } from "node:crypto";
import { headerValues, type HttpHeaders, type HttpRequest, type HttpResponse } from "../../model/http-message.ts";
import type { AccessRecord } from "../../http/access-log.ts";
import type { ClientDisconnect } from "../../http/client-disconnect.ts";
import { withAccessLog } from "../../http/access-logging.ts";
import { isAllowedHost } from "../../http/guard.ts";
import { refusedByEdge } from "../../emulation/workers/limits.ts";
import type { Clock } from "../clock.ts";
import type { CloudflareState } from "./state.ts";
import { type InvocationResult, invokeScript, nothingHere, type VersionSource } from "./version-invocation.ts";
import { scriptForUrl } from "./zone-routing.ts";

/** What maps addresses to scripts, and the versions that are invoked. */
export interface WorkerAddresses {
  readonly state: Pick<CloudflareState, "domains" | "routes" | "scripts">;
  /** Host names of this machine besides the loopback ones, from `--host`. */
  readonly ownHosts: readonly string[];
  readonly versionSource: VersionSource;
}

/** Where requests are dated and logged. */
export interface AccessLog {
  readonly clock: Clock;
  readonly onAccess: (record: AccessRecord) => void;
}

/** @param portScript the script whose port received the request; requests to routes and domains may use any port */
export async function answerWorkerRequest(
  portScript: string,
  request: HttpRequest,
  disconnect: ClientDisconnect,
  addresses: WorkerAddresses,
  { clock, onAccess }: AccessLog,
): Promise<HttpResponse> {
  const requestId = randomBytes(8).toString("hex");
  const time = new Date(clock.now());
  return withAccessLog({ request, requestId, time, disconnect, onAccess }, () =>
    invokeAddressed(portScript, request, disconnect, requestId, addresses),
  );
}

async function invokeAddressed(
  portScript: string,
  request: HttpRequest,
  disconnect: ClientDisconnect,
  requestId: string,
  addresses: WorkerAddresses,
): Promise<InvocationResult> {
  const refused = refusedByEdge(request);
  if (refused) return { response: refused };
  const script = scriptForRequest(portScript, request, addresses);
  if (script === undefined) return { response: nothingHere };
  const { method, target, body, scheme } = request;
  const [host = ""] = headerValues(request.headers, "host");
  const forwarded = { method, url: `${scheme}://${host}${target}`, headers: edgeHeaders(request, requestId), body };
  return invokeScript(script, forwarded, addresses.versionSource, disconnect);
}

/** The client's headers with those that only Cloudflare's edge can set. */
function edgeHeaders({ headers, clientAddress, scheme }: HttpRequest, requestId: string): HttpHeaders {
  return [
    ...headers.filter(([name]) => !/^(?:cf-|mf-|x-real-ip$|x-forwarded-)/i.test(name)),
    ["cf-ray", `${requestId}-LCL`],
    ["cf-connecting-ip", clientAddress],
    ["x-real-ip", clientAddress],
    ["x-forwarded-for", clientAddress],
    ["x-forwarded-proto", scheme],
    // Becomes request.cf.
    ["mf-cf-blob", JSON.stringify({ colo: "LCL", httpProtocol: "HTTP/1.1" })],
  ];
}

/** The port's script for a host of this machine, which stands for workers.dev; else the one of a route or domain. */
function scriptForRequest(
  portScript: string,
  { headers, target }: HttpRequest,
  { ownHosts, state }: WorkerAddresses,
): string | undefined {
  const [host = ""] = headerValues(headers, "host");
  if (isAllowedHost(host, ownHosts)) return state.scripts.get(portScript)?.enabled ? portScript : undefined;
  return scriptForUrl(new URL(`http://${host}${target}`), state);
}
