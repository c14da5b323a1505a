/** A request to a function URL: the URL's id in; the permission checked, the function run; the URL's answer out. */
import { randomUUID } from "node:crypto";
import type { Invocation } from "../../model/invocation.ts";
import type { WireRequest, WireResponse } from "../../model/wire.ts";
import type { AccessRecord } from "../access-log.ts";
import { badGateway, forbidden } from "../function-url/answers.ts";
import { invokeThroughUrl } from "../function-url/invoke.ts";
import { measured } from "../measured.ts";
import { functionArn, localRegion } from "./arn.ts";
import { isPending, versionOf } from "./lambda/find-function.ts";
import { loadedFunction, servingVersion } from "./loaded-function.ts";
import { mayUrlInvoke } from "./may-invoke.ts";
import { seen } from "./propagation.ts";
import type { FunctionRecord, UrlRecord } from "./records.ts";
import type { Region } from "./region.ts";
import { reservedRuntime } from "./reserved-runtime.ts";

/** A URL and whose it is; "" is the unqualified function. */
interface Found {
  readonly record: FunctionRecord;
  readonly qualifier: string;
  readonly url: UrlRecord;
}

function findUrl(urlId: string, { state }: Region): Found | undefined {
  for (const record of state.functions.all()) {
    for (const [qualifier, url] of Object.entries(record.urls)) if (url.urlId === urlId) return { record, qualifier, url };
  }
  return undefined;
}

/** What a function throws is for its log alone. */
export async function serveUrl(
  urlId: string,
  request: WireRequest,
  region: Region,
  onAccess: (record: AccessRecord) => void = () => {},
): Promise<WireResponse> {
  const start = performance.now();
  const time = new Date(region.clock.now());
  const requestId = randomUUID();
  const { response, cold } = await answer(urlId, request, requestId, region);
  const { clientAddress, method, target } = request;
  return measured(response, method, (bytes) =>
    onAccess({
      ...{ time, clientAddress, method, target, status: response.status, bytes, durationMs: performance.now() - start, requestId },
      ...{ route: "$default", cold, aborted: false },
    }),
  );
}

async function answer(urlId: string, request: WireRequest, requestId: string, region: Region): Promise<Invocation> {
  const found = findUrl(urlId, region);
  if (!found) return { response: forbidden(requestId), cold: false };
  const { record, qualifier, url } = found;
  const { version: current = qualifier, nodes = [] } = record.aliases[qualifier] ?? {};
  const version = versionOf(record, seen(nodes, current, region.clock.now()) || undefined);
  if (!mayUrlInvoke(record.policies[qualifier], region.clock.now())) return { response: forbidden(requestId), cold: false };
  if (!version || isPending(version, region)) return { response: badGateway(requestId), cold: false };
  const serving = servingVersion(record, version, region);
  const call = { requestId, arn: functionArn(record.name, qualifier || undefined), version: serving.version };
  const place = { urlId, region: localRegion };
  return invokeThroughUrl(reservedRuntime(record, region), loadedFunction(record.name, serving, region), request, place, call, {
    mode: url.mode,
  });
}
