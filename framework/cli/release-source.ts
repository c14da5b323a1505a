/** What a release to Lambda is made of: an app at a stage in; its build, and where the values of env and secrets come from, out. */
import type { Archive } from "../../deploy/lambda/code.ts";
import type { LambdaSource } from "../../deploy/lambda/platform.ts";
import { readBuild } from "../../deploy/lambda/read-build.ts";
import { readSecrets } from "../../deploy/lambda/secrets.ts";
import { zip } from "../build/zip.ts";
import { resolveEnv, type ResolvedEnv } from "../config/env.ts";
import { zipEntries } from "../local/cloud/zip-entries.ts";
import { buildFolder, buildTarget } from "./commands/build.ts";
import { cloudFolder } from "./local-cloud.ts";
import type { Reporter } from "./reporter.ts";
import { secretVersions } from "./secret-versions.ts";
import type { StageCloud } from "./stage-cloud.ts";

/** A source, and what was said of secrets on the way. */
export interface ReleaseSource {
  readonly source: LambdaSource;
  /** Stage `local` only: secrets that were made for this machine just now. */
  readonly made: ResolvedEnv["made"];
}

/** The build's own writer, and the reader of the local cloud, which refuses whatever Lambda would. */
export const archive: Archive = {
  read: (bytes) => new Map(zipEntries(bytes).map((entry) => [entry.path, entry.bytes])),
  write: zip,
};

/** Builds the app. No call to a cloud: secrets are read when the cloud is looked at. */
export async function buildSource(cloud: StageCloud, reporter: Reporter): Promise<ReleaseSource> {
  const { app } = cloud;
  await buildTarget(app, "lambda", (text) => reporter.warn(text));
  const build = await readBuild(buildFolder(app, "lambda"));
  if (cloud.isLocal) return localSource(cloud, { build, archive }, reporter);
  return { source: { build, archive, values: () => cloudValues(cloud) }, made: [] };
}

/** `.env*` is read here and on no other stage. */
async function localSource(
  { app, access }: StageCloud,
  built: Pick<LambdaSource, "build" | "archive">,
  reporter: Reporter,
): Promise<ReleaseSource> {
  const { env, made, undeclared } = await resolveEnv(app, { files: true, makeSecrets: true, processEnv: process.env });
  if (undeclared.length) reporter.warn(`${undeclared.join(", ")} in .env is not declared in hosting.json and is not deployed`);
  for (const { name, value } of made) reporter.line(`made the secret ${name} for this machine: ${reporter.paint("bold", value)}`);
  const secrets = Object.fromEntries(app.secrets.map((name) => [name, env[name] ?? ""]));
  const values = async () => ({ env, secretVersions: await secretVersions(cloudFolder(app.root), access?.secretAccessKey ?? "", secrets) });
  return { source: { ...built, values }, made };
}

/** Env as hosting.json has it, secrets as `portico secret set` stored them. */
async function cloudValues({ app, aws }: StageCloud) {
  const owner = { app: app.name, stage: app.stage };
  if (!app.secrets.length) return { env: app.env, secretVersions: {} };
  const { values, versions } = await readSecrets(aws.clients, owner, app.secrets);
  return { env: { ...app.env, ...values }, secretVersions: versions };
}
