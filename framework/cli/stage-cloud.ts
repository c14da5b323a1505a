/** The cloud that a stage of an app is on, for any command: hosting.json and flags in, a Platform and whose it is out. */
import { userInfo, hostname } from "node:os";
import { join } from "node:path";
import { createHolder } from "../../deploy/holder.ts";
import type { SentCall } from "../../deploy/lambda/clients.ts";
import { createLambdaPlatform, type LambdaSource } from "../../deploy/lambda/platform.ts";
import type { Platform } from "../../deploy/platform.ts";
import { loadApp } from "../config/load.ts";
import type { App } from "../model/app.ts";
import { UserError } from "../model/user-error.ts";
import { type AwsAccount, openAccount, openAwsAccount } from "./aws-account.ts";
import type { CommandInput } from "./command.ts";
import { appFlags, portFlag, textFlag } from "./flags.ts";
import { type CloudAccess, type OwnCloud, reachCloud } from "./local-cloud.ts";

/** One stage of one app, on one cloud. */
export interface StageCloud {
  readonly app: App;
  readonly aws: AwsAccount;
  /** True for stage `local`. */
  readonly isLocal: boolean;
  /** Of stage `local`: what a client of it needs. */
  readonly access?: CloudAccess;
  /** A local cloud that this process started. */
  readonly own?: OwnCloud;
  /** API calls so far, by operation. */
  readonly calls: () => readonly SentCall[];
  /** @param source what a release is made of; without it only what is there can be moved */
  platform(source?: LambdaSource): Platform;
  close(): Promise<void>;
}

/** Throws UserError STAGE_MISSING, and those of hosting.json, of the account and of the local cloud. */
export async function openStageCloud(input: CommandInput): Promise<StageCloud> {
  const stage = textFlag(input, "stage");
  if (stage === undefined)
    throw new UserError(
      "STAGE_MISSING",
      "say which stage: no command touches one that was not named",
      "give --stage local, or one of your own",
    );
  const loaded = await loadApp(appFlags(input, stage));
  requireHttpApi(loaded);
  const sent: SentCall[] = [];
  const onCall = (call: SentCall): void => void sent.push(call);
  const isLocal = stage === "local";
  const app = isLocal ? withoutAccount(loaded) : loaded;
  const reached = isLocal ? await reachLocal(input, app) : undefined;
  try {
    const aws = reached ? await openAccount(toAccess(reached.access), app, { onCall }) : await openAwsAccount(app, input, { onCall });
    const owner = { app: app.name, stage: app.stage };
    const holder = createHolder(join(app.root, ".portico"), `${userInfo().username}@${hostname()}`);
    return {
      ...{ app, aws, isLocal, ...reached, calls: () => sent },
      platform: (source) =>
        createLambdaPlatform({ clients: aws.clients, owner, account: aws.account, keep: app.keep, holder, ...(source && { source }) }),
      close: async () => reached?.own?.close(),
    };
  } catch (error) {
    await reached?.own?.close();
    throw error;
  }
}

function requireHttpApi({ lambda: { front } }: App): void {
  if (front !== "function-url") return;
  throw new UserError(
    "FRONT_NOT_YET",
    "this version of Portico cannot release to a function URL yet",
    'portico dev runs the app behind one; to deploy it, leave "front" out of "lambda"',
  );
}

function reachLocal(input: CommandInput, app: App): Promise<{ readonly access: CloudAccess; readonly own?: OwnCloud }> {
  const port = textFlag(input, "port") === undefined ? undefined : portFlag(input, 0);
  return reachCloud(app.root, port, input.reporter);
}

const toAccess = ({ endpoint, region, accessKeyId, secretAccessKey }: CloudAccess) => ({
  endpoint,
  region,
  credentials: { accessKeyId, secretAccessKey },
});

/** Roles, boundaries and networks of a real account do not exist in the local cloud. */
function withoutAccount(app: App): App {
  const { account: _account, region: _region, permissionsBoundary: _boundary, role: _role, vpc: _vpc, ...lambda } = app.lambda;
  return { ...app, lambda };
}
