/** HTTP APIs: CreateApi, GetApi, GetApis and DeleteApi. Each API has a port of its own for its data plane. */
import type { RestOperation } from "../rest-operation.ts";
import type { ApiRecord } from "../records.ts";
import { findApi, newId, listResponse, timestamp } from "./resources.ts";
import { badRequest, checkTags, gatewayMembers } from "./errors.ts";

/**
 * An API as responses show it. `apiEndpoint` is its loopback URL, where AWS has
 * `https://ID.execute-api.REGION.amazonaws.com`.
 */
export function describeApi(api: ApiRecord): Record<string, unknown> {
  return {
    apiEndpoint: `http://127.0.0.1:${api.port}`,
    apiId: api.apiId,
    apiKeySelectionExpression: "$request.header.x-api-key",
    createdDate: api.created,
    description: api.description,
    disableExecuteApiEndpoint: false,
    ipAddressType: "ipv4",
    name: api.name,
    protocolType: "HTTP",
    routeSelectionExpression: "$request.method $request.path",
    tags: api.tags,
    version: api.version,
  };
}

export const createApi: RestOperation<"apis" | "listeners" | "clock"> = async (call, { apis, listeners, clock }) => {
  const members = gatewayMembers(call.members);
  const name = members.requiredText("name", { min: 1, max: 128 });
  const protocol = members.requiredText("protocolType", { oneOf: ["HTTP", "WEBSOCKET"] });
  const description = members.text("description", { max: 1024 });
  const version = members.text("version", { min: 1, max: 64 });
  members.text("routeSelectionExpression", {
    oneOf: ["$request.method $request.path", "${request.method} ${request.path}"],
  });
  const tags = checkTags(members.textMap("tags") ?? {});
  members.end();
  if (protocol !== "HTTP") throw badRequest("Portico's local cloud does not support WebSocket APIs");
  const apiId = newId(10);
  const port = await listeners.open(apiId, 0);
  const api = apis.put(apiId, {
    apiId,
    name,
    ...(description !== undefined && { description }),
    ...(version !== undefined && { version }),
    created: timestamp(clock.now()),
    tags,
    port,
    routes: [],
    integrations: [],
  });
  return { status: 201, body: describeApi(api) };
};

export const getApi: RestOperation<"apis"> = (call, { apis }) => ({
  status: 200,
  body: describeApi(findApi(call, apis)),
});

export const getApis: RestOperation<"apis"> = (call, { apis }) =>
  listResponse(call, apis.all(), ({ apiId }) => apiId, describeApi);

export const deleteApi: RestOperation<"apis" | "deployments" | "stages" | "listeners"> = async (
  call,
  { apis, deployments, stages, listeners },
) => {
  const { apiId } = findApi(call, apis);
  apis.remove(apiId);
  for (const children of [stages, deployments]) {
    for (const id of children.ids().filter((child) => child.startsWith(`${apiId}/`))) children.remove(id);
  }
  await listeners.close(apiId);
  return { status: 204 };
};
