/** The HTTP API of a stage: found by its tags or created, its working copy replaced, a stage exported, paging. */
import {
  type Api,
  CreateApiCommand,
  DeleteApiCommand,
  ExportApiCommand,
  GetApisCommand,
  ReimportApiCommand,
} from "@aws-sdk/client-apigatewayv2";
import { retry } from "../../retry.ts";
import type { Owner } from "../../parts.ts";
import { isConnectionError, isConflict, isTransient, undefinedIfMissing } from "../aws-error.ts";
import type { Clients } from "../clients.ts";
import { type CalledRoute, readOpenApi, toOpenApi } from "./openapi.ts";
import { isOurs, ownerTags, stageName } from "../names.ts";
import { UserError } from "../../../framework/model/user-error.ts";

/** An API that is ours. */
export interface ApiHandle {
  readonly id: string;
  /** Root URL without a slash at its end. */
  readonly endpoint: string;
}

/** Our API, if there is one, and the ids of those that only have its name. Throws UserError TWIN_APIS. */
export async function findApi(
  { api }: Clients,
  owner: Owner,
): Promise<{ readonly found?: ApiHandle; readonly lookalikes: readonly string[] }> {
  const all = await readPages((page) => api.send(new GetApisCommand(page)));
  const ours = all.filter(({ Tags, ProtocolType }) => isOurs(owner, Tags) && ProtocolType === "HTTP");
  if (ours.length > 1) {
    const ids = ours.map(({ ApiId }) => ApiId).join(" and ");
    throw new UserError(
      "TWIN_APIS",
      `the APIs ${ids} both carry the tags of ${stageName(owner)}`,
      "Remove these tags from the API that does not belong to the stage.",
    );
  }
  const lookalikes = all
    .filter((one) => one.Name === stageName(owner) && !ours.includes(one))
    .map(({ ApiId = "" }) => ApiId);
  return { ...(ours[0] && { found: toHandle(ours[0]) }), lookalikes };
}

const toHandle = ({ ApiId = "", ApiEndpoint = "" }: Partial<Api>): ApiHandle => ({
  id: ApiId,
  endpoint: ApiEndpoint.replace(/\/$/, ""),
});

/**
 * Our API, made when there is none. It has no name that AWS would keep unique, so a create is sent once and, when its
 * answer was lost, looked for by its tags before it is sent again; the lock keeps other deployers from making one
 * meanwhile.
 */
export function ensureApi(clients: Clients, owner: Owner): Promise<ApiHandle> {
  const again = (error: unknown): boolean => isConflict(error) || isTransient(error) || isConnectionError(error);
  return retry({ clock: clients.clock }, again, async () => {
    const { found } = await findApi(clients, owner);
    if (found) return found;
    return toHandle(
      await clients.apiOnce.send(
        new CreateApiCommand({ Name: stageName(owner), ProtocolType: "HTTP", Tags: ownerTags(owner) }),
      ),
    );
  });
}

/** Makes the working copy the release's, in one call; no traffic sees it before it is frozen. */
export async function writeWorkingCopy(
  { api, clock }: Clients,
  ApiId: string,
  owner: Owner,
  routes: readonly CalledRoute[],
): Promise<void> {
  const command = new ReimportApiCommand({ ApiId, Body: toOpenApi(owner, routes), FailOnWarnings: false });
  await retry({ clock }, isConflict, () => api.send(command));
}

/** Reads the routes of a stage's snapshot (ExportApi with a stage exports its deployment). */
export async function readStage({ api }: Clients, ApiId: string, StageName: string): Promise<readonly CalledRoute[]> {
  const about = { ApiId, StageName, OutputType: "JSON", Specification: "OAS30", IncludeExtensions: true } as const;
  const { body } = await api.send(new ExportApiCommand(about));
  return readOpenApi(Buffer.from(body ?? []).toString("utf8"));
}

/** The API with all its stages, snapshots and routes. */
export async function deleteApi({ api, clock }: Clients, ApiId: string): Promise<void> {
  await retry({ clock }, isConflict, () => api.send(new DeleteApiCommand({ ApiId }))).catch(undefinedIfMissing);
}

/** One page of a list. */
interface Page<T> {
  readonly Items?: T[] | undefined;
  readonly NextToken?: string | undefined;
}

/** Reads pages, one after the other, until one has no token. */
export async function readPages<T>(
  read: (page: { readonly NextToken?: string }) => Promise<Page<T>>,
): Promise<readonly T[]> {
  const all: T[] = [];
  let token: string | undefined;
  do {
    const { Items = [], NextToken } = await read(token ? { NextToken: token } : {});
    all.push(...Items);
    token = NextToken;
  } while (token);
  return all;
}
