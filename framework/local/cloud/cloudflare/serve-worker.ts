/** A request to a deployed Worker: the address it came to in, the answer of one version out. */
import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { WireHeaders, WireRequest, WireResponse } from "../../../model/wire.ts";
import type { AccessRecord } from "../../access-log.ts";
import { headerValues, isAllowedHost } from "../../guard.ts";
import { measured } from "../../measured.ts";
import { answeredHeaders, forward, type Forwarded } from "../../workers/forward.ts";
import { refusedAnswer, refusedByEdge } from "../../workers/limits.ts";
import type { ServiceCalls } from "../../workers/version-services.ts";
import { chooseVersion } from "./choose-version.ts";
import type { Edge } from "./edge.ts";
import { leaseVersion } from "./lease-version.ts";
import type { VersionRecord } from "./records.ts";
import type { Lease } from "./version-pool.ts";
import { scriptForUrl } from "./zone-routing.ts";

const text = (status: number, body: string): WireResponse => ({
  status,
  headers: [
    ["content-type", "text/plain; charset=utf-8"],
    ["cache-control", "no-store"],
  ],
  body: Buffer.from(body),
});

// Not imported: see workers/forward.ts.
const { Agent } = process.getBuiltinModule("node:http");

/** Of all versions; idle connections keep no process alive. */
const agent = new Agent({ keepAlive: true });

/** What the edge says where no Worker answers. */
const nothingHere = text(404, "There is nothing here yet\n");
const threw = text(500, "error code: 1101\n");
const exceeded = text(503, "error code: 1102\n");

/** @param front the script whose port it came to: its workers.dev address; a domain's or a route's requests may come to any */
export async function serveWorker(
  front: string,
  request: WireRequest,
  edge: Edge,
  onAccess: (record: AccessRecord) => void,
  roll: () => number,
): Promise<WireResponse> {
  const start = performance.now();
  const time = new Date(edge.clock.now());
  const requestId = randomBytes(8).toString("hex");
  const { response, cold } = await answer(front, request, requestId, edge, roll);
  const { clientAddress, method, target } = request;
  return measured(response, method, (bytes) =>
    onAccess({
      ...{ time, clientAddress, method, target, status: response.status, bytes, durationMs: performance.now() - start, requestId },
      ...(cold !== undefined && { cold }),
      aborted: false,
    }),
  );
}

async function answer(
  front: string,
  request: WireRequest,
  requestId: string,
  edge: Edge,
  roll: () => number,
): Promise<{ readonly response: WireResponse; readonly cold?: boolean }> {
  const refused = refusedByEdge(request);
  if (refused) return { response: refused };
  const name = targetOf(front, request, edge);
  if (name === undefined) return { response: nothingHere };
  const headers: WireHeaders = [
    // A client cannot say what only the edge knows.
    ...request.headers.filter(([header]) => !/^(?:cf-|mf-|x-real-ip$|x-forwarded-)/i.test(header)),
    ["cf-ray", `${requestId}-LCL`],
    ["cf-connecting-ip", request.clientAddress],
    ["x-real-ip", request.clientAddress],
    ["x-forwarded-for", request.clientAddress],
    ["x-forwarded-proto", request.scheme],
    // Becomes request.cf.
    ["mf-cf-blob", JSON.stringify({ colo: "LCL", httpProtocol: "HTTP/1.1" })],
  ];
  const { method, target, body, scheme } = request;
  const [host = ""] = headerValues(request.headers, "host");
  return invoke(name, { method, url: `${scheme}://${host}${target}`, headers, body }, edge, roll);
}

function targetOf(front: string, { headers, target }: WireRequest, edge: Edge): string | undefined {
  const [host = ""] = headerValues(headers, "host");
  if (isAllowedHost(host, edge.ownHosts)) return edge.state.scripts.get(front)?.enabled ? front : undefined;
  return scriptForUrl(new URL(`http://${host}${target}`), edge);
}

/** Runs the version that the script's live deployment gives this request to. */
async function invoke(
  script: string,
  request: Forwarded,
  edge: Edge,
  roll: () => number,
): Promise<{ readonly response: WireResponse; readonly cold?: boolean }> {
  const deployment = edge.traffic.of(script);
  const id = deployment && chooseVersion(script, deployment.versions, request.headers, roll());
  const version = id === undefined ? undefined : edge.state.versions.get(`${script}/${id}`);
  if (!version) return { response: nothingHere };
  const { lease, message } = await ask(version, request, edge);
  if (!message) return { response: lease.version.exceededCpu() ? exceeded : threw, cold: lease.cold };
  const headers = answeredHeaders(message);
  if (refusedAnswer(headers)) {
    message.destroy();
    lease.release();
    return { response: threw, cold: lease.cold };
  }
  const body = Readable.toWeb(message) as ReadableStream<Uint8Array>;
  const response = { status: message.statusCode ?? 502, headers, body };
  return { response: measured(response, request.method, () => lease.release()), cold: lease.cold };
}

/** The head of the version's answer; without one the lease is given back. A workerd that is gone is replaced, and asked anew what never reached it. */
async function ask(
  version: VersionRecord,
  request: Forwarded,
  edge: Edge,
  again = !(request.body instanceof ReadableStream),
): Promise<{ readonly lease: Lease; readonly message?: IncomingMessage }> {
  const lease = await leaseVersion(version, edge);
  try {
    return { lease, message: await forward(agent, lease.version.port, request) };
  } catch (error) {
    lease.release();
    const { code } = error as NodeJS.ErrnoException;
    if (code === "HPE_HEADER_OVERFLOW") return { lease };
    edge.pool.drop(lease.version);
    return code === "ECONNREFUSED" && again ? ask(version, request, edge, false) : { lease };
  }
}

/** A service binding's call: from one Worker to another, over no network that could see it. */
export async function callService(script: string, request: Request, edge: Edge, roll: () => number): Promise<Response> {
  const url = new URL(request.url);
  const headers = [...request.headers].filter(([name]) => !/^(?:host$|mf-|x-portico-service$)/i.test(name));
  const forwarded = {
    method: request.method,
    url: `${url.origin}${url.pathname}${url.search}`,
    headers: [["host", url.host] as const, ...headers],
    body: request.body,
  };
  const { response } = await invoke(script, forwarded, edge, roll);
  const empty = request.method === "HEAD" || [101, 204, 205, 304].includes(response.status);
  const body = response.body instanceof Uint8Array ? Buffer.from(response.body) : response.body;
  if (empty && body instanceof ReadableStream) await body.cancel();
  return new Response(empty ? null : body, {
    status: response.status,
    headers: response.headers.map(([name, value]): [string, string] => [name, value]),
  });
}

/** A version of the called Worker, for one call of its methods. */
export async function connectService(script: string, edge: Edge, roll: () => number): ReturnType<ServiceCalls["connect"]> {
  const deployment = edge.traffic.of(script);
  const id = deployment && chooseVersion(script, deployment.versions, [], roll());
  const version = id === undefined ? undefined : edge.state.versions.get(`${script}/${id}`);
  if (!version) throw new Error(`The Worker ${script} has no deployment`);
  const lease = await leaseVersion(version, edge);
  const { calls } = lease.version;
  if (!calls) throw new Error(`${script} was started without method calls`);
  return { address: calls, done: () => lease.release() };
}
