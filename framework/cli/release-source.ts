/** What a release is made of, one for each cloud: an app at a stage in; its builds, and where the values of env and secrets come from, out. */
import type { Archive } from "../../deploy/lambda/code.ts";
import { readBuild as readLambdaBuild } from "../../deploy/lambda/read-build.ts";
import { readSecrets } from "../../deploy/lambda/secrets.ts";
import type { Platform } from "../../deploy/platform.ts";
import { readBuild as readWorkersBuild } from "../../deploy/workers/read-build.ts";
import { zip } from "../build/zip.ts";
import { resolveEnv, type ResolvedEnv } from "../config/env.ts";
import { zipEntries } from "../local/cloud/zip-entries.ts";
import type { App } from "../model/app.ts";
import { buildFolder, buildTarget } from "./commands/build.ts";
import { localBindings } from "./local-bindings.ts";
import { cloudFolder } from "./local-cloud.ts";
import type { Reporter } from "./reporter.ts";
import { secretVersions } from "./secret-versions.ts";
import { tryStart } from "./try-start.ts";
import type { LambdaCloud, StageCloud, TargetCloud, WorkersCloud } from "./stage-cloud.ts";

/** A platform for each cloud, ready to plan and to release. */
export interface ReleaseSource {
  /** In the order of the stage's clouds. */
  readonly platforms: readonly Platform[];
  /** Stage `local` only: secrets that were made for this machine just now. */
  readonly made: ResolvedEnv["made"];
}

/** The build's own writer, and the reader of the local cloud, which refuses whatever Lambda would. */
export const archive: Archive = {
  read: (bytes) => new Map(zipEntries(bytes).map((entry) => [entry.path, entry.bytes])),
  write: zip,
};

/** How to go about it. */
export interface SourceOptions {
  /** Lambda only: the one route that is released. */
  readonly only?: string;
  /** Stage `local`: whether what bindings name is made in the local cloud. */
  readonly makes: boolean;
}

/** Values of stage `local`. */
interface LocalValues {
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly versions: () => Promise<Readonly<Record<string, number>>>;
}

/** Builds the app for every cloud. No call to a cloud of an account: secrets are read when it is looked at. */
export async function buildSource(stage: StageCloud, reporter: Reporter, options: SourceOptions): Promise<ReleaseSource> {
  const { local, made } = stage.isLocal ? await localValues(stage, reporter) : { local: undefined, made: [] };
  const platforms: Platform[] = [];
  for (const cloud of stage.clouds) platforms.push(await buildFor(cloud, stage, { ...options, local, reporter }));
  return { platforms, made };
}

interface Building extends SourceOptions {
  readonly local: LocalValues | undefined;
  readonly reporter: Reporter;
}

function buildFor(cloud: TargetCloud, stage: StageCloud, building: Building): Promise<Platform> {
  return cloud.target === "lambda" ? buildLambda(cloud, stage, building) : buildWorkers(cloud, stage, building);
}

async function buildLambda(cloud: LambdaCloud, { app }: StageCloud, { only, local, reporter }: Building): Promise<Platform> {
  await buildTarget(app, "lambda", (text) => reporter.warn(text));
  const build = await readLambdaBuild(buildFolder(app, "lambda"));
  const values = async () => (local ? { env: local.env, secretVersions: await local.versions() } : cloudValues(cloud, app));
  return cloud.platform({ build, archive, values, ...(only !== undefined && { only }) });
}

async function buildWorkers(cloud: WorkersCloud, { app, isLocal }: StageCloud, { local, makes, reporter }: Building): Promise<Platform> {
  const bound = isLocal ? await localBindings(cloud.cloudflare.client, app, makes) : app;
  await buildTarget(bound, "workers", (text) => reporter.warn(text));
  const build = await readWorkersBuild(buildFolder(app, "workers"), app.root);
  const values = async () => {
    if (!local) return { env: app.env };
    const env = Object.fromEntries(Object.entries(local.env).filter(([name]) => !Object.hasOwn(local.secrets, name)));
    return { env, secrets: { values: local.secrets, versions: await local.versions() } };
  };
  // The local cloud starts what it is given by itself.
  return cloud.platform({ build, values, ...(!isLocal && { tryStart: () => tryStart(build, app, reporter) }) });
}

/** `.env*` is read here and on no other stage. */
async function localValues({ app, access }: StageCloud, reporter: Reporter): Promise<{ local: LocalValues; made: ResolvedEnv["made"] }> {
  const { env, made, undeclared } = await resolveEnv(app, { files: true, makeSecrets: true, processEnv: process.env });
  if (undeclared.length) reporter.warn(`${undeclared.join(", ")} in .env is not declared in hosting.json and is not deployed`);
  for (const { name, value } of made) reporter.line(`made the secret ${name} for this machine: ${reporter.paint("bold", value)}`);
  const secrets = Object.fromEntries(app.secrets.map((name) => [name, env[name] ?? ""]));
  const versions = () => secretVersions(cloudFolder(app.root), access?.secretAccessKey ?? "", secrets);
  return { local: { env, secrets, versions }, made };
}

/** Env as hosting.json has it, secrets as `portico secret set` stored them. */
async function cloudValues({ aws }: LambdaCloud, app: App) {
  const owner = { app: app.name, stage: app.stage };
  if (!app.secrets.length) return { env: app.env, secretVersions: {} };
  const { values, versions } = await readSecrets(aws.clients, owner, app.secrets);
  return { env: { ...app.env, ...values }, secretVersions: versions };
}
