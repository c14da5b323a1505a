/** Opens the clouds that a stage of an app is deployed to, for all commands that work on a stage. */
import { join } from "node:path";
import { createLockOwner } from "../../deploy/lock-owner.ts";
import { toUserError as toAwsError } from "../../deploy/lambda/aws-error.ts";
import type { Owner } from "../../deploy/parts.ts";
import { createLambdaPlatform } from "../../deploy/lambda/platform.ts";
import type { LambdaSource } from "../../deploy/lambda/target.ts";
import type { Platform } from "../../deploy/platform.ts";
import { toUserError as toCloudflareError } from "../../deploy/workers/cloudflare-error.ts";
import { createWorkersPlatform } from "../../deploy/workers/platform.ts";
import type { WorkersSource } from "../../deploy/workers/run.ts";
import { loadApp } from "../config/app-loader.ts";
import type { App } from "../model/app.ts";
import { UserError } from "../model/user-error.ts";
import { type AwsAccount, openAccount, openAwsAccount } from "./aws-account.ts";
import { type CloudflareAccount, openCloudflareAccount, openLocalCloudflare } from "./cloudflare-account.ts";
import type { CommandInput } from "./command.ts";
import { choose } from "./confirmation.ts";
import { appFlags, portFlag, textFlag } from "./flags.ts";
import { type CloudAccess, type OwnCloud, reachCloud } from "./local-cloud.ts";
import { localUser } from "./local-user.ts";
import type { Reporter } from "./reporter.ts";
import { releaseTargets, targetMissing, withPrefix } from "./release-targets.ts";

/** The common members of both clouds. */
interface AnyCloud {
  /** For messages: `AWS 123456789012 in ap-northeast-2`. */
  readonly where: string;
  /** The prefix of each line about this cloud, where the stage has two: `workers: `; else empty. */
  readonly prefix: string;
  /** Turns an error of the cloud's API into a UserError with the prefix. A bug stays as it is. */
  explain(error: unknown): unknown;
}

/** AWS, with an HTTP API and functions. */
export interface LambdaCloud extends AnyCloud {
  readonly target: "lambda";
  readonly aws: AwsAccount;
  /** @param source the build to release; without it only existing releases can be switched */
  platform(source?: LambdaSource): Platform;
}

/** Cloudflare, with one Worker. */
export interface WorkersCloud extends AnyCloud {
  readonly target: "workers";
  readonly cloudflare: CloudflareAccount;
  /** @param source the build to release; without it only existing releases can be switched */
  platform(source?: WorkersSource): Platform;
}

/** The cloud of one target of a stage. */
export type TargetCloud = LambdaCloud | WorkersCloud;

/** A stage of an app and its open clouds. */
export interface StageCloud {
  readonly app: App;
  readonly owner: Owner;
  /** At least one, in the order in which they are promoted. */
  readonly clouds: readonly TargetCloud[];
  /** True for stage `local`. */
  readonly isLocal: boolean;
  /** Endpoint and credentials of stage `local`. */
  readonly access?: CloudAccess;
  /** The local cloud, where it runs in this process. */
  readonly own?: OwnCloud;
  /** API calls so far, by operation. */
  readonly calls: () => readonly SentCall[];
  close(): Promise<void>;
}

/** A call to the API of a cloud. */
export interface SentCall {
  readonly service: string;
  readonly operation: string;
}

/**
 * Throws UserError STAGE_MISSING, TARGET_NOT_CLOUD, and those of hosting.json, of the accounts and of the local cloud.
 */
export async function openStageCloud(input: CommandInput): Promise<StageCloud> {
  const stage = textFlag(input, "stage");
  if (stage === undefined)
    throw new UserError(
      "STAGE_MISSING",
      "no stage is named, and no command has a default one",
      "Add --stage local, or give --stage the name of another stage.",
    );
  const loaded = await loadApp(appFlags(input, stage));
  const targets = releaseTargets(loaded, input);
  const sent: SentCall[] = [];
  const onCall = (call: SentCall): void => void sent.push(call);
  const isLocal = stage === "local";
  const app = isLocal ? withoutAccount(loaded) : loaded;
  const reached = isLocal ? await reachLocal(input, app) : undefined;
  try {
    const prefixed = targets.length > 1;
    const opening = { app, input, access: reached?.access, onCall, prefixed };
    const clouds: TargetCloud[] = [];
    for (const target of targets) clouds.push(await (target === "lambda" ? openLambda(opening) : openWorkers(opening)));
    const owner = { app: app.name, stage: app.stage };
    return {
      app,
      owner,
      clouds,
      isLocal,
      ...reached,
      calls: () => sent,
      close: async () => reached?.own?.close(),
    };
  } catch (error) {
    await reached?.own?.close();
    throw error;
  }
}

interface Opening {
  readonly app: App;
  readonly input: CommandInput;
  /** Endpoint and credentials of the local cloud, at stage `local`. */
  readonly access: CloudAccess | undefined;
  readonly onCall: (call: SentCall) => void;
  /** True where the stage has two clouds. */
  readonly prefixed: boolean;
}

async function openLambda({ app, input, access, onCall, prefixed }: Opening): Promise<LambdaCloud> {
  const prefix = prefixed ? "lambda: " : "";
  const onWait = (text: string): void => input.reporter.line(prefix + input.reporter.paint("dim", text));
  const options = { onCall, onWait };
  const aws = access ? await openAccount(toAccess(access), app, options) : await openAwsAccount(app, input, options);
  const { clients, account, where } = aws;
  const lockOwner = createLockOwner(join(app.root, ".portico"), localUser());
  const target = {
    clients,
    owner: { app: app.name, stage: app.stage },
    account,
    keep: app.keep,
    lockOwner,
    ...(access && { propagation: 2_000 }),
  };
  return {
    target: "lambda",
    aws,
    where,
    prefix,
    explain: (error) => withPrefix(toAwsError(error, where), prefix),
    platform: (source) => createLambdaPlatform(app.lambda.front, { ...target, ...(source && { source }) }),
  };
}

async function openWorkers({ app, access, onCall, prefixed }: Opening): Promise<WorkersCloud> {
  const cloudflare = access ? openLocalCloudflare(access, { onCall }) : await openCloudflareAccount(app, { onCall });
  const { client, where } = cloudflare;
  const target = { client, owner: { app: app.name, stage: app.stage }, keep: app.keep };
  const prefix = prefixed ? "workers: " : "";
  return {
    target: "workers",
    cloudflare,
    where,
    prefix,
    explain: (error) => withPrefix(toCloudflareError(error, where), prefix),
    platform: (source) => createWorkersPlatform({ ...target, ...(source && { source }) }),
  };
}

/** The cloud for a command that works on one; of two, the user chooses. Throws UserError TARGET_MISSING. */
export async function chooseCloud(
  { clouds }: Pick<StageCloud, "clouds">,
  { reporter }: Pick<CommandInput, "reporter">,
): Promise<TargetCloud> {
  const [cloud, other] = clouds;
  if (cloud && !other) return cloud;
  const names = clouds.map(({ target }) => target);
  const chosen = await choose(
    `Each target has releases of its own. Which one: ${names.join(" or ")}?`,
    names,
    reporter,
  );
  const found = clouds.find(({ target }) => target === chosen);
  if (found) return found;
  throw targetMissing(names);
}

/** Text about one cloud. Where the stage has two, it gets a heading, and each line the cloud's prefix. */
export function withHeading({ target, where, prefix }: TargetCloud, text: string, reporter: Reporter): string {
  return prefix ? `${reporter.paint("bold", `${target}, on ${where}`)}\n${text.replace(/^(?=.)/gm, prefix)}` : text;
}

/** Runs `work` on a cloud, and turns the errors of the cloud's API into UserErrors. */
export async function explainErrors<T>(cloud: TargetCloud, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw cloud.explain(error);
  }
}

/** Prints warnings with the prefix of a cloud. */
export const prefixedWarning =
  ({ prefix }: TargetCloud, reporter: Reporter) =>
  (text: string): void =>
    reporter.warn(prefix + text);

function reachLocal(input: CommandInput, app: App): Promise<{ readonly access: CloudAccess; readonly own?: OwnCloud }> {
  const port = textFlag(input, "port") === undefined ? undefined : portFlag(input, 0);
  return reachCloud(app.root, port, input.reporter, false);
}

const toAccess = ({ endpoint, region, accessKeyId, secretAccessKey }: CloudAccess) => ({
  endpoint,
  region,
  credentials: { accessKeyId, secretAccessKey },
});

/** The app without roles, boundaries, zones, hosts and Hyperdrive of an account; the local cloud has any VPC. */
function withoutAccount(app: App): App {
  const { account: _account, region: _region, permissionsBoundary: _boundary, role: _role, ...lambda } = app.lambda;
  const { account: _id, hyperdrive: _own, ...workers } = app.workers;
  return { ...app, lambda, workers: { ...workers, domains: [], routes: [], workersDev: true } };
}
