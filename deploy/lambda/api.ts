/** The HTTP API of an app and stage: found by its tags or made, and its working copy of routes and integrations brought in step. */
import {
  type Api,
  CreateApiCommand,
  CreateIntegrationCommand,
  CreateRouteCommand,
  DeleteIntegrationCommand,
  DeleteRouteCommand,
  GetApisCommand,
  GetIntegrationsCommand,
  GetRoutesCommand,
  type Integration,
  type Route,
  UpdateIntegrationCommand,
  UpdateRouteCommand,
} from "@aws-sdk/client-apigatewayv2";
import { UserError } from "../../framework/model/user-error.ts";
import type { Clock } from "../clock.ts";
import { inParallel } from "../parallel.ts";
import type { ReleaseDraft, Version } from "../platform.ts";
import type { Clients } from "./clients.ts";
import type { LambdaFunction } from "./draft.ts";
import { isOurs, type Owner, ownerTags, stageName } from "./names.ts";
import { allPages } from "./pages.ts";
import { allowInvoke } from "./permission.ts";
import { isBroken, isConflict, isPassing, retrying } from "./retry.ts";

/** An API that is ours. */
export interface ApiHandle {
  readonly id: string;
  /** Root URL without a slash at its end. */
  readonly endpoint: string;
}

/** Which part of an API's working copy something is. */
export interface WorkingCopy {
  readonly integrations: readonly Integration[];
  readonly routes: readonly Route[];
}

/** Our API, if there is one, and the ids of those that only have its name. Throws UserError TWIN_APIS. */
export async function findApi(
  { api }: Clients,
  owner: Owner,
): Promise<{ readonly found?: ApiHandle; readonly lookalikes: readonly string[] }> {
  const all = await allPages((page) => api.send(new GetApisCommand(page)));
  const ours = all.filter(({ Tags, ProtocolType }) => isOurs(owner, Tags) && ProtocolType === "HTTP");
  if (ours.length > 1) {
    const ids = ours.map(({ ApiId }) => ApiId).join(" and ");
    throw new UserError(
      "TWIN_APIS",
      `the APIs ${ids} both carry the tags of ${stageName(owner)}`,
      "remove the tags of the one that does not belong there",
    );
  }
  const lookalikes = all.filter((one) => one.Name === stageName(owner) && !ours.includes(one)).map(({ ApiId = "" }) => ApiId);
  return { ...(ours[0] && { found: toHandle(ours[0]) }), lookalikes };
}

const toHandle = ({ ApiId = "", ApiEndpoint = "" }: Partial<Api>): ApiHandle => ({ id: ApiId, endpoint: ApiEndpoint.replace(/\/$/, "") });

/** Our API, made when there is none. A create whose answer was lost is found by its tags, so there are never two. */
export function ensureApi(clients: Clients, clock: Clock, owner: Owner): Promise<ApiHandle> {
  const again = (error: unknown): boolean => isConflict(error) || isPassing(error) || isBroken(error);
  return retrying({ clock }, again, async () => {
    const { found } = await findApi(clients, owner);
    if (found) return found;
    return toHandle(
      await clients.apiOnce.send(new CreateApiCommand({ Name: stageName(owner), ProtocolType: "HTTP", Tags: ownerTags(owner) })),
    );
  });
}

/** Routes and integrations as they would be frozen now. */
export async function readWorkingCopy({ api }: Clients, ApiId: string): Promise<WorkingCopy> {
  const [integrations, routes] = await Promise.all([
    allPages((page) => api.send(new GetIntegrationsCommand({ ApiId, ...page }))),
    allPages((page) => api.send(new GetRoutesCommand({ ApiId, ...page }))),
  ]);
  return { integrations, routes };
}

/** The name and the version that an integration calls: `arn:aws:lambda:REGION:ACCOUNT:function:NAME:VERSION`. */
export function calledFunction({ IntegrationUri = "" }: Integration): { readonly name: string; readonly number: string } {
  const [, , , , , , name = "", number = ""] = IntegrationUri.split(":");
  return { name, number };
}

/**
 * Makes the working copy equal to the release; no traffic sees it before it is frozen. One call after the other: API Gateway answers
 * 409 to edits side by side.
 */
export async function writeWorkingCopy(
  clients: Clients,
  clock: Clock,
  { id: ApiId }: ApiHandle,
  release: ReleaseDraft<LambdaFunction>,
): Promise<void> {
  const { integrations, routes } = await readWorkingCopy(clients, ApiId);
  const edit: Edit = (call) => retrying({ clock }, (error) => isConflict(error) || isPassing(error), call);
  const targets = await writeIntegrations(clients, clock, ApiId, { integrations, release, edit });
  await writeRoutes(clients, ApiId, { routes, release, targets, edit });
  const used = new Set(targets.values());
  for (const { IntegrationId } of integrations) {
    if (!used.has(`integrations/${IntegrationId}`))
      await edit(() => clients.api.send(new DeleteIntegrationCommand({ ApiId, IntegrationId })));
  }
}

type Edit = <T>(call: () => Promise<T>) => Promise<T>;

interface IntegrationsInput {
  readonly integrations: readonly Integration[];
  readonly release: ReleaseDraft<LambdaFunction>;
  readonly edit: Edit;
}

/** One integration per function, at its version; that one is allowed to be called before it is named. Gives targets by function id. */
async function writeIntegrations(clients: Clients, clock: Clock, ApiId: string, { integrations, release, edit }: IntegrationsInput) {
  const called = new Set(release.draft.routes.map((route) => route.function));
  const calls = release.draft.functions.filter(({ id }) => called.has(id)).map((fn) => ({ fn, version: versionOf(release, fn.id) }));
  const existing = new Map(integrations.map((integration) => [calledFunction(integration).name, integration]));
  const stale = calls.filter(({ fn, version }) => existing.get(fn.name)?.IntegrationUri !== version.ref);
  await inParallel(stale, 8, ({ version }) => allowInvoke(clients, clock, version, ApiId));
  const targets = new Map<string, string>();
  for (const { fn, version } of calls) {
    const there = existing.get(fn.name);
    const found =
      there?.IntegrationUri === version.ref ? there : await edit(() => integrate(clients, ApiId, there?.IntegrationId, version));
    targets.set(fn.id, `integrations/${found.IntegrationId}`);
  }
  return targets;
}

interface RoutesInput {
  readonly routes: readonly Route[];
  readonly release: ReleaseDraft<LambdaFunction>;
  /** By function id. */
  readonly targets: ReadonlyMap<string, string>;
  readonly edit: Edit;
}

async function writeRoutes({ api }: Clients, ApiId: string, { routes, release, targets, edit }: RoutesInput): Promise<void> {
  const existing = new Map(routes.map((route) => [route.RouteKey, route]));
  for (const { key, function: id } of release.draft.routes) {
    const there = existing.get(key);
    const Target = targets.get(id);
    existing.delete(key);
    if (!there) await edit(() => api.send(new CreateRouteCommand({ ApiId, RouteKey: key, Target })));
    else if (there.Target !== Target) await edit(() => api.send(new UpdateRouteCommand({ ApiId, RouteId: there.RouteId, Target })));
  }
  for (const { RouteId } of existing.values()) await edit(() => api.send(new DeleteRouteCommand({ ApiId, RouteId })));
}

function integrate({ api }: Clients, ApiId: string, IntegrationId: string | undefined, { ref }: Version): Promise<Integration> {
  if (IntegrationId) return api.send(new UpdateIntegrationCommand({ ApiId, IntegrationId, IntegrationUri: ref }));
  return api.send(new CreateIntegrationCommand({ ApiId, IntegrationType: "AWS_PROXY", IntegrationUri: ref, PayloadFormatVersion: "2.0" }));
}

function versionOf({ versions }: ReleaseDraft, id: string): Version {
  const version = versions.get(id);
  if (!version) throw new Error(`no version of ${id} was uploaded`);
  return version;
}
