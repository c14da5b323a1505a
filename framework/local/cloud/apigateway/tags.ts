/** TagResource, UntagResource and GetTags of an API or a stage, named by its ARN. */
import { apiArn } from "../arn.ts";
import type { Call, Operation } from "../operation.ts";
import type { Region } from "../region.ts";
import { badRequest, checkTags, gatewayMembers, notFound } from "./refusals.ts";

/** Something that carries tags, and how to change them. */
interface Tagged {
  readonly tags: Readonly<Record<string, string>>;
  set(tags: Readonly<Record<string, string>>): void;
}

function tagged(call: Call, { state }: Region): Tagged {
  const arn = call.path["ResourceArn"] ?? "";
  const [, apiId = "", stageName] = /\/apis\/([a-z0-9]+)(?:\/stages\/([a-zA-Z0-9_$-]+))?$/.exec(arn) ?? [];
  if (arn !== apiArn(apiId, stageName)) throw badRequest("Invalid ARN specified in the request");
  const api = state.apis.get(apiId);
  if (!api) throw notFound("API", apiId);
  if (stageName === undefined) return { tags: api.tags, set: (tags) => state.apis.put(apiId, { ...api, tags }) };
  const stage = state.stages.get(`${apiId}/${stageName}`);
  if (!stage) throw notFound("Stage", stageName);
  return { tags: stage.tags, set: (tags) => state.stages.put(`${apiId}/${stageName}`, { ...stage, tags }) };
}

export const tagResource: Operation = (call, region) => {
  const resource = tagged(call, region);
  const members = gatewayMembers(call.members);
  const tags = checkTags(members.textMap("tags") ?? {});
  members.end();
  resource.set(checkTags({ ...resource.tags, ...tags }));
  return { status: 201, body: {} };
};

export const untagResource: Operation = (call, region) => {
  const resource = tagged(call, region);
  const gone = call.query.getAll("tagKeys");
  resource.set(Object.fromEntries(Object.entries(resource.tags).filter(([key]) => !gone.includes(key))));
  return { status: 204 };
};

export const getTags: Operation = (call, region) => ({ status: 200, body: { tags: tagged(call, region).tags } });
