/** The data plane of HTTP APIs: answers requests to a deployed API by its stages, routes and Lambda integrations. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Invocation } from "../../../model/invocation.ts";
import type { HttpRequest, HttpResponse } from "../../../model/http-message.ts";
import type { AccessRecord } from "../../../http/access-log.ts";
import { apiPath } from "../../../emulation/http-api/routing.ts";
import { invokeThroughApi } from "../../../emulation/http-api/integration.ts";
import { refusedByApi } from "../../../emulation/http-api/limits.ts";
import { selectRoute } from "../../../emulation/http-api/routing.ts";
import { gatewayResponse } from "../../../emulation/http-api/integration-response.ts";
import { withAccessLog } from "../../../http/access-logging.ts";
import { account, executeArn, functionArn } from "../arn.ts";
import type { Uses } from "../backends.ts";
import { isPending, servingVersion, versionOf } from "../lambda/function-lookup.ts";
import { mayApiGatewayInvoke } from "../lambda/invoke-permission.ts";
import { visibleTarget } from "../propagation.ts";
import type { FrozenRoute, StageRecord } from "../records.ts";
import { parseIntegrationUri } from "./integrations.ts";
import { childrenOf } from "./resources.ts";

/** The route of a request. The stage is read once, so that the request sees one deployment only. */
interface Target {
  readonly apiId: string;
  readonly stage: string;
  readonly variables?: StageRecord["variables"];
  readonly route: FrozenRoute;
  readonly pathParameters: Readonly<Record<string, string>>;
}

/** A response with fields of the access log. */
interface RoutedResponse {
  readonly response: HttpResponse;
  readonly routeKey?: string;
  readonly cold?: boolean;
}

/** The collections and backends of the data plane. */
type DataPlane = Uses<"stages" | "deployments" | "functions" | "runtime" | "loadFunction" | "clock">;

/** Answers one request. A response never contains the error of a function, which belongs into its log. */
export async function serveRequest(
  apiId: string,
  request: HttpRequest,
  dataPlane: DataPlane,
  onAccess: (record: AccessRecord) => void,
): Promise<HttpResponse> {
  const requestId = randomBytes(11).toString("base64");
  const time = new Date(dataPlane.clock.now());
  return withAccessLog({ request, requestId, time, onAccess }, async () => {
    const { response, routeKey, cold } = await respond(apiId, request, requestId, dataPlane);
    return { response, ...(routeKey !== undefined && { route: routeKey }), ...(cold !== undefined && { cold }) };
  });
}

async function respond(
  apiId: string,
  request: HttpRequest,
  requestId: string,
  { stages, deployments, ...integration }: DataPlane,
): Promise<RoutedResponse> {
  const refused = refusedByApi(request, requestId);
  if (refused) return { response: refused };
  const target = findTarget(apiId, request, { stages, deployments, clock: integration.clock });
  if (!target) return { response: gatewayResponse(404, "Not Found", requestId) };
  const { routeKey } = target.route;
  const invocation = await integrate(target, request, requestId, integration);
  if (!invocation) return { response: gatewayResponse(500, "Internal Server Error", requestId), routeKey };
  return { response: invocation.response, routeKey, cold: invocation.cold };
}

function findTarget(
  apiId: string,
  { method, target }: HttpRequest,
  { stages, deployments, clock }: Uses<"stages" | "deployments" | "clock">,
): Target | undefined {
  const selected = selectStage(childrenOf(stages, apiId), apiPath(target) ?? "");
  const { deploymentId, nodes = [] } = selected?.stage ?? {};
  const deployment = deployments.get(`${apiId}/${visibleTarget(nodes, deploymentId, clock.now())}`);
  if (!selected || !deployment) return undefined;
  const keys = deployment.routes.map(({ routeKey }) => routeKey);
  const match = selectRoute(keys, method, selected.path);
  const route = match && deployment.routes.find(({ routeKey }) => routeKey === match.key);
  const { stageName, variables } = selected.stage;
  return route && { apiId, stage: stageName, variables, route, pathParameters: match.pathParameters };
}

/**
 * The stage whose name is the first segment of the path, or `$default`; and the path that its routes see (developer
 * guide, "Stages for HTTP APIs").
 */
function selectStage(
  stages: readonly StageRecord[],
  decodedPath: string,
): { readonly stage: StageRecord; readonly path: string } | undefined {
  const first = decodedPath.split("/", 2)[1] ?? "";
  const named = stages.find(({ stageName }) => stageName === first && stageName !== "$default");
  if (named) return { stage: named, path: decodedPath.slice(1 + first.length) || "/" };
  const fallback = stages.find(({ stageName }) => stageName === "$default");
  return fallback && { stage: fallback, path: decodedPath };
}

/** Undefined when the function is missing or pending, or when the API has no permission to invoke it. */
async function integrate(
  { apiId, stage, variables, route: { routeKey, integration }, pathParameters }: Target,
  request: HttpRequest,
  requestId: string,
  { functions, runtime, loadFunction, clock }: Uses<"functions" | "runtime" | "loadFunction" | "clock">,
): Promise<Invocation | undefined> {
  const ref = integration && parseIntegrationUri(integration.uri);
  const record = ref && functions.get(ref.name);
  const version = record && versionOf(record, ref.qualifier);
  const now = clock.now();
  if (!version || isPending(version, now)) return undefined;
  const policy = record.policies[ref.qualifier ?? ""];
  if (!mayApiGatewayInvoke(policy, executeArn(apiId, stage, routeKey), now)) return undefined;
  const serving = servingVersion(record, version, now);
  const fn = loadFunction(record.name, serving);
  const to = { routeKey, pathParameters, requestId };
  const call = { requestId: randomUUID(), arn: functionArn(record.name, ref.qualifier), version: serving.version };
  const timeout = Promise.withResolvers<Invocation>();
  const timer = setTimeout(
    () => timeout.resolve({ response: gatewayResponse(503, "Service Unavailable", requestId), cold: false }),
    integration.timeoutInMillis,
  );
  try {
    return await Promise.race([
      invokeThroughApi(
        runtime,
        fn,
        request,
        to,
        { apiId, accountId: account, stage, ...(variables && { variables }) },
        call,
      ),
      timeout.promise,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
