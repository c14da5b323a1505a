/** The clouds that a stage of an app is on, for any command: hosting.json and flags in, one Platform per target out. */
import { userInfo, hostname } from "node:os";
import { join } from "node:path";
import { createHolder } from "../../deploy/holder.ts";
import { toUserError as toAwsError } from "../../deploy/lambda/clients.ts";
import { createAwsPlatform } from "../../deploy/lambda/front.ts";
import type { LambdaSource } from "../../deploy/lambda/target.ts";
import type { Owner } from "../../deploy/owner.ts";
import type { Platform } from "../../deploy/platform.ts";
import { toUserError as toCloudflareError } from "../../deploy/workers/cloudflare-error.ts";
import { createWorkersPlatform, type WorkersSource } from "../../deploy/workers/platform.ts";
import { loadApp } from "../config/load.ts";
import type { App } from "../model/app.ts";
import { UserError } from "../model/user-error.ts";
import { type AwsAccount, openAccount, openAwsAccount } from "./aws-account.ts";
import { type CloudflareAccount, openCloudflareAccount, openLocalCloudflare } from "./cloudflare-account.ts";
import type { CommandInput } from "./command.ts";
import { appFlags, portFlag, textFlag } from "./flags.ts";
import { type CloudAccess, type OwnCloud, reachCloud } from "./local-cloud.ts";
import { releaseTargets, targetMissing } from "./targets.ts";

/** What both clouds have. */
interface AnyCloud {
  /** For messages: `AWS 123456789012 in ap-northeast-2`. */
  readonly where: string;
  /** A refusal of this cloud as the user's error; anything else as it is. */
  explain(error: unknown): unknown;
}

/** AWS, with an HTTP API and functions. */
export interface LambdaCloud extends AnyCloud {
  readonly target: "lambda";
  readonly aws: AwsAccount;
  /** @param source what a release is made of; without it only what is there can be moved */
  platform(source?: LambdaSource): Platform;
}

/** Cloudflare, with one Worker. */
export interface WorkersCloud extends AnyCloud {
  readonly target: "workers";
  readonly cloudflare: CloudflareAccount;
  /** @param source as for AWS */
  platform(source?: WorkersSource): Platform;
}

/** The cloud of one target. */
export type TargetCloud = LambdaCloud | WorkersCloud;

/** One stage of one app. */
export interface StageCloud {
  readonly app: App;
  readonly owner: Owner;
  /** At least one, in the order in which they are promoted. */
  readonly clouds: readonly TargetCloud[];
  /** True for stage `local`. */
  readonly isLocal: boolean;
  /** Of stage `local`: what a client of it needs. */
  readonly access?: CloudAccess;
  /** A local cloud that this process started. */
  readonly own?: OwnCloud;
  /** API calls so far, by operation. */
  readonly calls: () => readonly SentCall[];
  close(): Promise<void>;
}

/** A call to either cloud. */
export interface SentCall {
  readonly service: string;
  readonly operation: string;
}

/** Throws UserError STAGE_MISSING, TARGET_NOT_YET, and those of hosting.json, of the accounts and of the local cloud. */
export async function openStageCloud(input: CommandInput): Promise<StageCloud> {
  const stage = textFlag(input, "stage");
  if (stage === undefined)
    throw new UserError(
      "STAGE_MISSING",
      "say which stage: no command touches one that was not named",
      "give --stage local, or one of your own",
    );
  const loaded = await loadApp(appFlags(input, stage));
  const targets = releaseTargets(loaded, input.reporter);
  const sent: SentCall[] = [];
  const onCall = (call: SentCall): void => void sent.push(call);
  const isLocal = stage === "local";
  const app = isLocal ? withoutAccount(loaded) : loaded;
  const reached = isLocal ? await reachLocal(input, app) : undefined;
  try {
    const opening = { app, input, access: reached?.access, onCall };
    const clouds: TargetCloud[] = [];
    for (const target of targets) clouds.push(await (target === "lambda" ? openLambda(opening) : openWorkers(opening)));
    const owner = { app: app.name, stage: app.stage };
    return { ...{ app, owner, clouds, isLocal, ...reached, calls: () => sent }, close: async () => reached?.own?.close() };
  } catch (error) {
    await reached?.own?.close();
    throw error;
  }
}

interface Opening {
  readonly app: App;
  readonly input: CommandInput;
  /** Of the local cloud. */
  readonly access: CloudAccess | undefined;
  readonly onCall: (call: SentCall) => void;
}

async function openLambda({ app, input, access, onCall }: Opening): Promise<LambdaCloud> {
  const aws = access ? await openAccount(toAccess(access), app, { onCall }) : await openAwsAccount(app, input, { onCall });
  const { clients, account, where } = aws;
  const holder = createHolder(join(app.root, ".portico"), `${userInfo().username}@${hostname()}`);
  const target = {
    clients,
    owner: { app: app.name, stage: app.stage },
    account,
    keep: app.keep,
    holder,
    ...(access && { propagation: 2_000 }),
  };
  return {
    ...{ target: "lambda", aws, where },
    explain: (error) => toAwsError(error, where),
    platform: (source) => createAwsPlatform(app.lambda.front, { ...target, ...(source && { source }) }),
  };
}

async function openWorkers({ app, access, onCall }: Opening): Promise<WorkersCloud> {
  const cloudflare = access ? openLocalCloudflare(access, { onCall }) : await openCloudflareAccount(app, { onCall });
  const { client, where } = cloudflare;
  const target = { client, owner: { app: app.name, stage: app.stage }, keep: app.keep };
  return {
    ...{ target: "workers", cloudflare, where },
    explain: (error) => toCloudflareError(error, where),
    platform: (source) => createWorkersPlatform({ ...target, ...(source && { source }) }),
  };
}

/** For commands that act on one cloud. Throws UserError TARGET_MISSING where the app has two. */
export function oneCloud({ clouds }: Pick<StageCloud, "clouds">): TargetCloud {
  const [cloud, other] = clouds;
  if (cloud && !other) return cloud;
  throw targetMissing(clouds.map(({ target }) => target));
}

/** For people, where an app has two: `workers, on the local cloud at …`. */
export const headingOf = ({ target, where }: TargetCloud): string => `${target}, on ${where}`;

/** Runs `work`; what a cloud refuses is told as the user's error. */
export async function explaining<T>(clouds: readonly TargetCloud[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw clouds.reduce((told, cloud) => cloud.explain(told), error);
  }
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

/** Roles, boundaries, networks, zones and hosts of a real account do not exist in the local cloud. */
function withoutAccount(app: App): App {
  const { account: _account, region: _region, permissionsBoundary: _boundary, role: _role, vpc: _vpc, ...lambda } = app.lambda;
  const { account: _id, ...workers } = app.workers;
  return { ...app, lambda, workers: { ...workers, domains: [], routes: [], workersDev: true } };
}
