/** A request to a deployed app: the API it came to and what was deployed there in, the HTTP API's answer out. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Invocation } from "../../model/invocation.ts";
import type { WireRequest, WireResponse } from "../../model/wire.ts";
import type { AccessRecord } from "../access-log.ts";
import { apiPath } from "../http-api/api-path.ts";
import { invokeThroughApi } from "../http-api/invoke.ts";
import { refusedByApi } from "../http-api/limits.ts";
import { selectRoute } from "../http-api/match.ts";
import { gatewayAnswer } from "../http-api/result.ts";
import { measured } from "../measured.ts";
import { childrenOf } from "./apigateway/find.ts";
import { parseIntegrationUri } from "./apigateway/integration-uri.ts";
import { account, executeArn, functionArn } from "./arn.ts";
import { isPending, versionOf } from "./lambda/find-function.ts";
import { loadedFunction, servingVersion } from "./loaded-function.ts";
import { mayApiGatewayInvoke } from "./may-invoke.ts";
import { seen } from "./propagation.ts";
import type { FrozenRoute } from "./records.ts";
import type { Region } from "./region.ts";
import { reservedRuntime } from "./reserved-runtime.ts";
import { selectStage } from "./select-stage.ts";

/** Where a request goes: the stage's snapshot is read once, so that all of a request belongs to one release. */
interface Target {
  readonly apiId: string;
  readonly stage: string;
  readonly route: FrozenRoute;
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** The answer, and what the access log says of it. */
interface Served {
  readonly response: WireResponse;
  readonly routeKey?: string;
  readonly cold?: boolean;
}

/** Never tells why something failed: what a deployed function throws is for its log alone. */
export async function serveRequest(
  apiId: string,
  request: WireRequest,
  region: Region,
  onAccess: (record: AccessRecord) => void = () => {},
): Promise<WireResponse> {
  const start = performance.now();
  const time = new Date(region.clock.now());
  const requestId = randomBytes(11).toString("base64");
  const { response, routeKey, cold } = await answer(apiId, request, requestId, region);
  const { clientAddress, method, target } = request;
  return measured(response, method, (bytes) =>
    onAccess({
      ...{ time, clientAddress, method, target, status: response.status, bytes, durationMs: performance.now() - start, requestId },
      ...(routeKey !== undefined && { route: routeKey }),
      ...(cold !== undefined && { cold }),
      aborted: false,
    }),
  );
}

async function answer(apiId: string, request: WireRequest, requestId: string, region: Region): Promise<Served> {
  const refused = refusedByApi(request, requestId);
  if (refused) return { response: refused };
  const target = findTarget(apiId, request, region);
  if (!target) return { response: gatewayAnswer(404, "Not Found", requestId) };
  const { routeKey } = target.route;
  const invocation = await integrate(target, request, requestId, region);
  if (!invocation) return { response: gatewayAnswer(500, "Internal Server Error", requestId), routeKey };
  return { response: invocation.response, routeKey, cold: invocation.cold };
}

function findTarget(apiId: string, { method, target }: WireRequest, { state, clock }: Region): Target | undefined {
  const selected = selectStage(childrenOf(state.stages, apiId), apiPath(target) ?? "");
  const { deploymentId, nodes = [] } = selected?.stage ?? {};
  const deployment = state.deployments.get(`${apiId}/${seen(nodes, deploymentId, clock.now())}`);
  if (!selected || !deployment) return undefined;
  const keys = deployment.routes.map(({ routeKey }) => routeKey);
  const found = selectRoute(keys, method, selected.path);
  const route = found && deployment.routes.find(({ routeKey }) => routeKey === found.key);
  return route && { apiId, stage: selected.stage.stageName, route, pathParameters: found.pathParameters };
}

/** Undefined when there is nothing that the API could or may call. */
async function integrate(target: Target, request: WireRequest, requestId: string, region: Region): Promise<Invocation | undefined> {
  const {
    apiId,
    stage,
    route: { routeKey, integration },
    pathParameters,
  } = target;
  const ref = integration && parseIntegrationUri(integration.uri);
  const record = ref && region.state.functions.get(ref.name);
  const version = record && versionOf(record, ref.qualifier);
  if (!version || isPending(version, region)) return undefined;
  if (!mayApiGatewayInvoke(record.policies[ref.qualifier ?? ""], executeArn(apiId, stage, routeKey), region.clock.now())) return undefined;
  const serving = servingVersion(record, version, region);
  const fn = loadedFunction(record.name, serving, region);
  const to = { routeKey, pathParameters, requestId };
  const call = { requestId: randomUUID(), arn: functionArn(record.name, ref.qualifier), version: serving.version };
  const late = Promise.withResolvers<Invocation>();
  const timeout = (): void => late.resolve({ response: gatewayAnswer(503, "Service Unavailable", requestId), cold: false });
  const timer = setTimeout(timeout, integration.timeoutInMillis);
  try {
    return await Promise.race([
      invokeThroughApi(reservedRuntime(record, region), fn, request, to, { apiId, accountId: account, stage }, call),
      late.promise,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
