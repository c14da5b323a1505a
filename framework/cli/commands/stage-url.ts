/** The root URL of an app at a stage: the command's input in, a URL of the cloud that runs it out. */
import { findApi } from "../../../deploy/lambda/api.ts";
import { createClients, toUserError } from "../../../deploy/lambda/clients.ts";
import { loadApp } from "../../config/load.ts";
import type { App } from "../../model/app.ts";
import { UserError } from "../../model/user-error.ts";
import { type AwsAccount, openAwsAccount } from "../aws-account.ts";
import type { CommandInput } from "../command.ts";
import { appFlags, portFlag } from "../flags.ts";
import { findRunningCloud, usualCloudPort } from "../local-cloud.ts";

/** Throws UserError CLOUD_STOPPED, NOT_DEPLOYED, and those of the account. */
export async function stageUrl(input: CommandInput, stage: string): Promise<URL> {
  const app = await loadApp(appFlags(input, stage));
  const { clients, where } = stage === "local" ? await openRunning(app, input) : await openAwsAccount(app, input, {});
  const { found } = await findApi(clients, { app: app.name, stage }).catch((error: unknown) => {
    throw toUserError(error, where);
  });
  if (found) return new URL(found.endpoint);
  throw new UserError("NOT_DEPLOYED", `${where} has no app ${app.name} at the stage ${stage}`, `portico deploy --stage ${stage}`);
}

/** A command that only asks starts no cloud. */
async function openRunning(app: App, input: CommandInput): Promise<Pick<AwsAccount, "clients" | "where">> {
  const access = await findRunningCloud(app.root, portFlag(input, usualCloudPort));
  if (access) return { clients: createClients({ ...access, credentials: access }), where: `the local cloud at ${access.endpoint}` };
  throw new UserError(
    "CLOUD_STOPPED",
    "this app's local cloud does not run",
    "start it with portico deploy --stage local, or portico cloud",
  );
}
