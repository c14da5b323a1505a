/** The root URL of an app at a stage: the command's input in, a URL of the cloud that runs it out. */
import { findApi } from "../../../deploy/lambda/api.ts";
import { createClients, toUserError as toAwsError } from "../../../deploy/lambda/clients.ts";
import { readLive } from "../../../deploy/lambda/function-url/live.ts";
import { functionName } from "../../../deploy/lambda/names.ts";
import { toUserError as toCloudflareError } from "../../../deploy/workers/cloudflare-error.ts";
import { createWorkersPlatform } from "../../../deploy/workers/platform.ts";
import { loadApp } from "../../config/load.ts";
import type { App } from "../../model/app.ts";
import { UserError } from "../../model/user-error.ts";
import { type AwsAccount, openAwsAccount } from "../aws-account.ts";
import { openCloudflareAccount, openLocalCloudflare } from "../cloudflare-account.ts";
import type { CommandInput } from "../command.ts";
import { appFlags, portFlag } from "../flags.ts";
import { type CloudAccess, findRunningCloud, usualCloudPort } from "../local-cloud.ts";
import { oneTarget } from "../targets.ts";

/** Throws UserError CLOUD_STOPPED, NOT_DEPLOYED, TARGET_MISSING, and those of the account. */
export async function stageUrl(input: CommandInput, stage: string): Promise<URL> {
  const app = await loadApp(appFlags(input, stage));
  const access = stage === "local" ? await requireRunning(app, input) : undefined;
  const { url, where } = await (oneTarget(app, input.reporter) === "workers" ? workersUrl(app, access) : lambdaUrl(app, input, access));
  if (url) return new URL(url);
  throw new UserError("NOT_DEPLOYED", `${where} has no app ${app.name} at the stage ${stage}`, `portico deploy --stage ${stage}`);
}

/** Where it answers, and where it was looked for. */
interface Found {
  readonly url: string | undefined;
  readonly where: string;
}

async function lambdaUrl(app: App, input: CommandInput, access: CloudAccess | undefined): Promise<Found> {
  const { clients, where }: Pick<AwsAccount, "clients" | "where"> = access
    ? { clients: createClients({ ...access, credentials: access }), where: `the local cloud at ${access.endpoint}` }
    : await openAwsAccount(app, input, {});
  const url = await frontUrl(clients, app).catch((error: unknown) => {
    throw toAwsError(error, where);
  });
  return { url, where };
}

/** Where the stage's front answers, whichever it has. */
async function frontUrl(clients: AwsAccount["clients"], { name, stage, lambda }: App): Promise<string | undefined> {
  const owner = { app: name, stage };
  if (lambda.front === "function-url") return (await readLive(clients, functionName(owner, "app"))).url?.FunctionUrl;
  return (await findApi(clients, owner)).found?.endpoint;
}

async function workersUrl(app: App, access: CloudAccess | undefined): Promise<Found> {
  const { client, where } = access ? openLocalCloudflare(access, {}) : await openCloudflareAccount(app, {});
  const platform = createWorkersPlatform({ client, owner: { app: app.name, stage: app.stage }, keep: 1 });
  const { live } = await platform.observe().catch((error: unknown) => {
    throw toCloudflareError(error, where);
  });
  return { url: live?.url, where };
}

/** A command that only asks starts no cloud. */
async function requireRunning(app: App, input: CommandInput): Promise<CloudAccess> {
  const access = await findRunningCloud(app.root, portFlag(input, usualCloudPort));
  if (access) return access;
  throw new UserError(
    "CLOUD_STOPPED",
    "this app's local cloud does not run",
    "start it with portico deploy --stage local, or portico cloud",
  );
}
