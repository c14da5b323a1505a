/** The data plane of function URLs: checks the permission, runs the function and answers as its URL does. */
import { randomUUID } from "node:crypto";
import type { Invocation } from "../../../model/invocation.ts";
import type { HttpRequest, HttpResponse } from "../../../model/http-message.ts";
import type { AccessRecord } from "../../../http/access-log.ts";
import { badGateway, forbidden } from "../../../emulation/function-url/error-responses.ts";
import { invokeThroughUrl } from "../../../emulation/function-url/invocation.ts";
import type { Collection } from "../../collection.ts";
import { withAccessLog } from "../../../http/access-logging.ts";
import { functionArn, localRegion } from "../arn.ts";
import type { Uses } from "../backends.ts";
import { visibleTarget } from "../propagation.ts";
import type { FunctionRecord, UrlRecord } from "../records.ts";
import { isPending, servingVersion, versionOf } from "./function-lookup.ts";
import { mayUrlInvoke } from "./invoke-permission.ts";

/** A URL, its function and its qualifier; "" is the unqualified function. */
interface UrlOwner {
  readonly record: FunctionRecord;
  readonly qualifier: string;
  readonly url: UrlRecord;
}

function findUrl(urlId: string, functions: Collection<FunctionRecord>): UrlOwner | undefined {
  for (const record of functions.all()) {
    for (const [qualifier, url] of Object.entries(record.urls))
      if (url.urlId === urlId) return { record, qualifier, url };
  }
  return undefined;
}

/** The collections and backends of the data plane. */
type UrlDataPlane = Uses<"functions" | "runtime" | "loadFunction" | "clock">;

/** Answers one request. A response never contains the error of a function, which belongs into its log. */
export async function serveUrl(
  urlId: string,
  request: HttpRequest,
  dataPlane: UrlDataPlane,
  onAccess: (record: AccessRecord) => void,
): Promise<HttpResponse> {
  const requestId = randomUUID();
  const time = new Date(dataPlane.clock.now());
  return withAccessLog({ request, requestId, time, onAccess }, async () => ({
    ...(await respond(urlId, request, requestId, dataPlane)),
    route: "$default",
  }));
}

async function respond(
  urlId: string,
  request: HttpRequest,
  requestId: string,
  { functions, runtime, loadFunction, clock }: UrlDataPlane,
): Promise<Invocation> {
  const owner = findUrl(urlId, functions);
  if (!owner) return { response: forbidden(requestId), cold: false };
  const { record, qualifier, url } = owner;
  const now = clock.now();
  const { version: current = qualifier, nodes = [] } = record.aliases[qualifier] ?? {};
  const version = versionOf(record, visibleTarget(nodes, current, now) || undefined);
  if (!mayUrlInvoke(record.policies[qualifier], now)) return { response: forbidden(requestId), cold: false };
  if (!version || isPending(version, now)) return { response: badGateway(requestId), cold: false };
  const serving = servingVersion(record, version, now);
  const fn = loadFunction(record.name, serving);
  const call = { requestId, arn: functionArn(record.name, qualifier || undefined), version: serving.version };
  return invokeThroughUrl(runtime, fn, request, { urlId, region: localRegion }, call, { mode: url.mode });
}
