/** Builds the input of a release for each cloud of a stage: functions, assets, and the values of env and secrets. */
import { readBuild as readLambdaBuild } from "../../deploy/lambda/build.ts";
import { readSecrets } from "../../deploy/lambda/secrets.ts";
import type { Platform } from "../../deploy/platform.ts";
import { requireSeparateState } from "../../deploy/preconditions.ts";
import { readBuild as readWorkersBuild } from "../../deploy/workers/build.ts";
import { requireMiniflare } from "../emulation/workers/miniflare.ts";
import { openLocalDatabases } from "../dev/local-databases.ts";
import { resolveEnv, type ResolvedEnv } from "../config/env.ts";
import { secretText } from "../model/extension.ts";
import type { Manifest } from "../model/manifest.ts";
import { buildFolder, buildTarget } from "./target-build.ts";
import { localBindings } from "./local-bindings.ts";
import { cloudFolder } from "./local-cloud.ts";
import type { Reporter } from "./reporter.ts";
import { comingSecrets } from "./preview-stage.ts";
import { secretVersions } from "./secret-versions.ts";
import { checkStartup } from "./startup-check.ts";
import {
  explainErrors,
  type LambdaCloud,
  type StageCloud,
  type TargetCloud,
  prefixedWarning,
  type WorkersCloud,
} from "./stage-cloud.ts";

/** The platforms of a stage, each with a build to release. */
export interface ReleaseSource {
  /** In the order of the stage's clouds. */
  readonly platforms: readonly Platform[];
  /** Stage `local` only: secrets that were generated for this machine just now. */
  readonly generated: ResolvedEnv["generated"];
}

/** Options of a release's build. */
export interface SourceOptions {
  /** Lambda only: the only route to release. */
  readonly only?: string;
  /** Stage `local`: whether missing secrets, their version numbers and the resources of bindings are created. */
  readonly creates: boolean;
}

/** The values of env and secrets at stage `local`. */
interface LocalValues {
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly versions: () => Promise<Readonly<Record<string, number>>>;
}

/** Builds the app for every cloud of the stage. Secrets of an account are read later, when a platform observes. */
export async function buildSource(
  stage: StageCloud,
  reporter: Reporter,
  options: SourceOptions,
): Promise<ReleaseSource> {
  const { local, generated } = stage.isLocal
    ? await localValues(stage, options.creates, reporter)
    : { local: undefined, generated: [] };
  const built: BuiltRelease[] = [];
  for (const cloud of stage.clouds)
    built.push(
      await explainErrors(cloud, () =>
        buildFor(cloud, stage, { ...options, local, warn: prefixedWarning(cloud, reporter) }),
      ),
    );
  requireSeparateState(built.map(({ manifest }) => manifest));
  return { platforms: built.map(({ platform }) => platform), generated };
}

/** A cloud's platform, with what is released to it. */
interface BuiltRelease {
  readonly platform: Platform;
  readonly manifest: Manifest;
}

interface Building extends SourceOptions {
  readonly local: LocalValues | undefined;
  readonly warn: (text: string) => void;
}

function buildFor(cloud: TargetCloud, stage: StageCloud, building: Building): Promise<BuiltRelease> {
  return cloud.target === "lambda" ? buildLambda(cloud, stage, building) : buildWorkers(cloud, stage, building);
}

async function buildLambda(
  cloud: LambdaCloud,
  stage: StageCloud,
  { only, local, warn }: Building,
): Promise<BuiltRelease> {
  const { app } = stage;
  await buildTarget(app, "lambda", warn);
  const build = await readLambdaBuild(buildFolder(app, "lambda"));
  const values = async () =>
    local ? { env: local.env, secretVersions: await local.versions() } : cloudValues(cloud, stage);
  const platform = cloud.platform({ build, values, ...(only !== undefined && { only }) });
  return { platform, manifest: build.manifest };
}

async function buildWorkers(
  cloud: WorkersCloud,
  stage: StageCloud,
  { local, creates, warn }: Building,
): Promise<BuiltRelease> {
  const { app, isLocal } = stage;
  // The local cloud needs it at the upload, when both plans are printed.
  if (isLocal && creates) requireMiniflare();
  const bound = isLocal ? await localBindings(cloud.cloudflare.client, app, creates) : app;
  await buildTarget(bound, "workers", warn);
  const build = await readWorkersBuild(buildFolder(app, "workers"), app.root);
  const values = async () => {
    if (!local) return { env: app.env, coming: [...(await comingSecrets(cloud, stage)).keys()] };
    const env = Object.fromEntries(Object.entries(local.env).filter(([name]) => !Object.hasOwn(local.secrets, name)));
    return { env, secrets: { values: local.secrets, versions: await local.versions() } };
  };
  // The local cloud starts an uploaded Worker itself.
  const platform = cloud.platform({
    build,
    values,
    ...(!isLocal && { checkStartup: () => checkStartup(build, app, warn) }),
  });
  return { platform, manifest: build.manifest };
}

/** Reads the `.env*` files, which no other stage does. */
async function localValues(
  { app, access }: StageCloud,
  creates: boolean,
  reporter: Reporter,
): Promise<{ local: LocalValues; generated: ResolvedEnv["generated"] }> {
  const { env, generated, undeclared } = await resolveEnv(app, {
    files: true,
    missing: creates ? "generate" : "preview",
    processEnv: process.env,
    // The local cloud holds it; this command leaves it when it ends.
    localDatabase: openLocalDatabases(app.root).urlOf,
  });
  if (undeclared.length)
    reporter.warn(`${undeclared.join(", ")} in .env is not declared in hosting.json and is not deployed`);
  for (const { name, value } of generated)
    reporter.line(
      creates
        ? `made the secret ${secretText(app, name)} for this machine: ${reporter.paint("bold", value)}`
        : `a deploy makes the secret ${secretText(app, name)} for this machine`,
    );
  const secrets = Object.fromEntries(app.secrets.map((name) => [name, env[name] ?? ""]));
  // All clouds release the same values, so that the numbers are computed once.
  let numbers: ReturnType<typeof secretVersions> | undefined;
  const versions = () =>
    (numbers ??= secretVersions(cloudFolder(app.root), access?.secretAccessKey ?? "", secrets, creates));
  return { local: { env, secrets, versions }, generated };
}

/** The env of hosting.json and the secrets that `portico secret set` stored. */
async function cloudValues(cloud: LambdaCloud, stage: StageCloud) {
  const { app, owner } = stage;
  if (!app.secrets.length) return { env: app.env, secretVersions: {} };
  const coming = await comingSecrets(cloud, stage);
  const secrets = app.secrets.filter((name) => !coming.has(name));
  const { values, versions } = await readSecrets(cloud.aws.clients, owner, { ...app, secrets });
  // In a plan before the first deploy, which gives them these numbers.
  const added = Object.fromEntries([...coming.keys()].map((name) => [name, 1]));
  return {
    env: { ...app.env, ...values, ...Object.fromEntries(coming) },
    secretVersions: { ...versions, ...added },
  };
}
