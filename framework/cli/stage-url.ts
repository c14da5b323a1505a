/** Finds the root URL of an app on each cloud of a stage. */
import { findApi } from "../../deploy/lambda/http-api/api.ts";
import { toUserError as toAwsError } from "../../deploy/lambda/aws-error.ts";
import { createClients } from "../../deploy/lambda/clients.ts";
import { readLiveAlias } from "../../deploy/lambda/function-url/live-alias.ts";
import { functionName } from "../../deploy/lambda/names.ts";
import { toUserError as toCloudflareError } from "../../deploy/workers/cloudflare-error.ts";
import { createWorkersPlatform } from "../../deploy/workers/platform.ts";
import { loadApp } from "../config/app-loader.ts";
import type { App } from "../model/app.ts";
import { UserError } from "../model/user-error.ts";
import { type AwsAccount, openAwsAccount } from "./aws-account.ts";
import { openCloudflareAccount, openLocalCloudflare } from "./cloudflare-account.ts";
import type { CommandInput } from "./command.ts";
import { appFlags, portFlag } from "./flags.ts";
import { type CloudAccess, findRunningCloud, defaultCloudPort } from "./local-cloud.ts";
import { releaseTargets } from "./release-targets.ts";

/** A cloud of a stage, and the lookup of the app's URL there. */
export interface StageUrl {
  readonly target: "lambda" | "workers";
  /** Throws UserError NOT_DEPLOYED, and those of the account. */
  find(): Promise<URL>;
}

/** One for each target. Throws UserError CLOUD_STOPPED, TARGET_NOT_CLOUD. */
export async function stageUrls(input: CommandInput, stage: string): Promise<readonly StageUrl[]> {
  const app = await loadApp(appFlags(input, stage));
  const targets = releaseTargets(app, input);
  const access = stage === "local" ? await requireRunning(app, input) : undefined;
  return targets.map((target) => ({
    target,
    async find() {
      const { url, where } = await (target === "workers" ? workersUrl(app, access) : lambdaUrl(app, input, access));
      if (url) return new URL(url);
      throw new UserError(
        "NOT_DEPLOYED",
        `${where} has no app ${app.name} at the stage ${stage}`,
        `Run portico deploy --stage ${stage}`,
      );
    },
  }));
}

/** The app's URL, and the name of the searched cloud for messages. */
interface FoundUrl {
  readonly url: string | undefined;
  readonly where: string;
}

async function lambdaUrl(app: App, input: CommandInput, access: CloudAccess | undefined): Promise<FoundUrl> {
  const { clients, where }: Pick<AwsAccount, "clients" | "where"> = access
    ? { clients: createClients({ ...access, credentials: access }), where: `the local cloud at ${access.endpoint}` }
    : await openAwsAccount(app, input, {});
  const url = await frontUrl(clients, app).catch((error: unknown) => {
    throw toAwsError(error, where);
  });
  return { url, where };
}

/** The URL of the stage's front: an HTTP API or a function URL. */
async function frontUrl(clients: AwsAccount["clients"], { name, stage, lambda }: App): Promise<string | undefined> {
  const owner = { app: name, stage };
  if (lambda.front === "function-url")
    return (await readLiveAlias(clients, functionName(owner, "app"))).url?.FunctionUrl;
  return (await findApi(clients, owner)).found?.endpoint;
}

async function workersUrl(app: App, access: CloudAccess | undefined): Promise<FoundUrl> {
  const { client, where } = access ? openLocalCloudflare(access, {}) : await openCloudflareAccount(app, {});
  const platform = createWorkersPlatform({ client, owner: { app: app.name, stage: app.stage }, keep: 1 });
  const { live } = await platform.observe().catch((error: unknown) => {
    throw toCloudflareError(error, where);
  });
  return { url: live?.url, where };
}

/** The running local cloud; a command that only sends requests does not start one. */
async function requireRunning(app: App, input: CommandInput): Promise<CloudAccess> {
  const access = await findRunningCloud(app.root, portFlag(input, defaultCloudPort));
  if (access) return access;
  throw new UserError(
    "CLOUD_STOPPED",
    "this app's local cloud does not run",
    "Start it with portico cloud, or with portico deploy --stage local",
  );
}
