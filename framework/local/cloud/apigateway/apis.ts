/** CreateApi, GetApi, GetApis, UpdateApi and DeleteApi; each API opens a data plane on a port of its own. */
import type { Operation } from "../operation.ts";
import type { ApiRecord } from "../records.ts";
import { findApi, newId, pageAnswer, timestamp } from "./find.ts";
import { badRequest, checkTags, gatewayMembers } from "./refusals.ts";

/** `apiEndpoint` is where the API really answers: AWS gives `https://ID.execute-api.REGION.amazonaws.com`, we a loopback URL. */
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

export const createApi: Operation = async (call, region) => {
  const members = gatewayMembers(call.members);
  const name = members.requiredText("name", { min: 1, max: 128 });
  const protocol = members.requiredText("protocolType", { oneOf: ["HTTP", "WEBSOCKET"] });
  const description = members.text("description", { max: 1024 });
  const version = members.text("version", { min: 1, max: 64 });
  members.text("routeSelectionExpression", { oneOf: ["$request.method $request.path", "${request.method} ${request.path}"] });
  const tags = checkTags(members.textMap("tags") ?? {});
  members.end();
  if (protocol !== "HTTP") throw badRequest("Portico's local cloud does not speak WebSocket APIs");
  const apiId = newId(10);
  const port = await region.fronts.open(apiId, 0);
  const api = region.state.apis.put(apiId, {
    apiId,
    name,
    ...(description !== undefined && { description }),
    ...(version !== undefined && { version }),
    created: timestamp(region),
    tags,
    port,
    routes: [],
    integrations: [],
  });
  return { status: 201, body: describeApi(api) };
};

export const getApi: Operation = (call, region) => ({ status: 200, body: describeApi(findApi(call, region)) });

export const getApis: Operation = (call, region) => pageAnswer(call, region.state.apis.all(), ({ apiId }) => apiId, describeApi);

export const updateApi: Operation = (call, region) => {
  const api = findApi(call, region);
  const members = gatewayMembers(call.members);
  const name = members.text("name", { min: 1, max: 128 });
  const description = members.text("description", { max: 1024 });
  const version = members.text("version", { min: 1, max: 64 });
  members.end();
  const next = region.state.apis.put(api.apiId, {
    ...api,
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(version !== undefined && { version }),
  });
  return { status: 200, body: describeApi(next) };
};

export const deleteApi: Operation = async (call, region) => {
  const { apiId } = findApi(call, region);
  region.state.apis.remove(apiId);
  const { stages, deployments } = region.state;
  for (const children of [stages, deployments]) {
    for (const id of children.ids().filter((one) => one.startsWith(`${apiId}/`))) children.remove(id);
  }
  await region.fronts.close(apiId);
  return { status: 204 };
};
