/** The root URL of an app at a stage: the command's input in, a URL of the cloud that runs it out. */
import { findApi } from "../../../deploy/lambda/api.ts";
import { createClients } from "../../../deploy/lambda/clients.ts";
import { loadApp } from "../../config/load.ts";
import { UserError } from "../../model/user-error.ts";
import type { CommandInput } from "../command.ts";
import { appFlags, portFlag } from "../flags.ts";
import { findRunningCloud, usualCloudPort } from "../local-cloud.ts";

/** Throws UserError STAGE_NOT_YET for a cloud stage, CLOUD_STOPPED, or NOT_DEPLOYED. */
export async function stageUrl(input: CommandInput, stage: string): Promise<URL> {
  if (stage !== "local") {
    throw new UserError(
      "STAGE_NOT_YET",
      `this version of Portico knows the stages dev and local, not "${stage}"`,
      "give the stage's root URL with --url",
    );
  }
  const app = await loadApp(appFlags(input, stage));
  const access = await findRunningCloud(app.root, portFlag(input, usualCloudPort));
  if (!access)
    throw new UserError(
      "CLOUD_STOPPED",
      "this app's local cloud does not run",
      "start it with portico deploy --stage local, or portico cloud",
    );
  const { found } = await findApi(createClients({ ...access, credentials: access }), { app: app.name, stage });
  if (found) return new URL(found.endpoint);
  throw new UserError("NOT_DEPLOYED", `the local cloud has no app ${app.name} at stage ${stage}`, "portico deploy --stage local");
}
