/** Computes the desired state of a release on Lambda from a build, its configuration and the live release. Pure. */
import type { IamStatement } from "../../framework/model/app.ts";
import { type Extension, permittedExtensions } from "../../framework/model/extension.ts";
import { httpApiKeys, keptAssetKeys } from "../../framework/model/http-api-keys.ts";
import { httpApiLimits, httpApiLimitError } from "../../framework/model/http-api-limits.ts";
import { migrateFunctionId } from "../../framework/model/database.ts";
import type { BuiltFunction, Manifest } from "../../framework/model/manifest.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { keptReleases } from "../retention.ts";
import { digest, type Owner } from "../parts.ts";
import { earlierFilesText, keepAssets, droppedFilesText } from "../retention.ts";
import type { Deployed, DesiredState } from "../platform.ts";
import type { RecordedAsset } from "../record.ts";
import type { LambdaFunction, LambdaSettings } from "./lambda-function.ts";
import { checkEnvironment } from "./environment.ts";
import { jobsFunctionId } from "../../framework/model/job.ts";
import { neededJobs } from "./jobs.ts";
import { queueArn, queueUrl } from "./job-queues.ts";
import { filesBucketName, functionName, type Place } from "./names.ts";
import { tableArn, tableName, type TableSettings } from "./table.ts";
import type { BuiltArchive, LambdaBuild } from "./build.ts";
import { logGroup } from "./log-group.ts";
import { clockPolicy, policyOf, requirePolicySize, statementText } from "./policy.ts";
import { type NeededRole, neededRole } from "./role.ts";
import type { StageNeeds } from "./stage-resources.ts";
import { ownLabel, toParts } from "./desired-parts.ts";

/** The desired state with the parts that all releases share. */
export interface LambdaDesiredState extends DesiredState<LambdaFunction>, StageNeeds {
  /** Days that log lines stay. */
  readonly logRetention: number;
}

/** The values that functions get. */
export interface ConfiguredValues {
  /** Declared env and secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Of each secret, a number that grows when its value changes: the only thing about it that goes into keys. */
  readonly secretVersions: Readonly<Record<string, number>>;
}

/** With the names of the values, so that `context.env` holds no others. Throws UserError ENV_NAME, ENV_SIZE. */
function environmentOf({ env: own }: ConfiguredValues): Readonly<Record<string, string>> {
  const names = Object.keys(own).toSorted().join(",");
  const env = { ...own, ...(names !== "" && { PORTICO_ENV: names }) };
  checkEnvironment(env);
  return env;
}

/**
 * The roles that the functions of a build need, by the function's id: equal needs have one. Throws UserError
 * POLICY_SIZE.
 */
export function functionRoles({ manifest, archives }: LambdaBuild, place: Place): ReadonlyMap<string, NeededRole> {
  const { app } = manifest;
  const owner = { app: app.name, stage: app.stage };
  const roles = archives.map(({ fn }): readonly [string, NeededRole] => {
    if (fn.id === migrateFunctionId) return [fn.id, migrateRole(manifest, place)];
    const extensions = permittedExtensions(app, fn);
    const own = [...app.lambda.policies, ...(fn.settings.policies ?? [])];
    const policies = [...own, ...extensions.flatMap((one) => one.policies ?? [])];
    const table = needsStore(fn) ? tableArn(owner, place) : undefined;
    const bucket = needsFiles(fn) ? filesBucketName(owner, place) : undefined;
    const queue = needsQueue(fn) ? { arn: queueArn(owner, place), isRead: fn.id === jobsFunctionId } : undefined;
    const policy = policyOf(owner, place, { ...app.lambda, traces: app.traces }, { policies, table, bucket, queue });
    if (app.lambda.role === undefined) requirePolicySize(policy, fn.id);
    const role = neededRole(owner, place, policy, app.lambda.permissionsBoundary);
    return [fn.id, extensions.length > 0 ? { ...role, origins: originsOf(own, extensions) } : role];
  });
  return new Map(roles);
}

/** Its logs and its place in the VPC: it gets a database's URL with each call, and nothing of the app's. */
function migrateRole({ app }: Manifest, place: Place): NeededRole {
  const owner = { app: app.name, stage: app.stage };
  const policy = policyOf(owner, place, { ...app.lambda, traces: app.traces }, { policies: [] });
  return neededRole(owner, place, policy, app.lambda.permissionsBoundary);
}

/** The extension of each statement, as text, that the app does not want by itself. */
function originsOf(own: readonly IamStatement[], extensions: readonly Extension[]): Readonly<Record<string, string>> {
  const wanted = new Set(own.map(statementText));
  const all = extensions.flatMap(({ name, policies = [] }) =>
    policies.map((one) => [statementText(one), name] as const),
  );
  return Object.fromEntries(all.filter(([text]) => !wanted.has(text)));
}

/** What a release of a build needs beside its functions. */
export const stageNeeds = (build: LambdaBuild, place: Place): StageNeeds => ({
  roles: neededRoles(build, place),
  table: neededTable(build),
  files: buildNeedsFiles(build),
  jobs: neededJobs(build.manifest),
});

/** The same, each once, by name, and the role of the clock; none where hosting.json names one. */
function neededRoles(build: LambdaBuild, place: Place): readonly NeededRole[] {
  if (build.manifest.app.lambda.role !== undefined) return [];
  const clock = clockRole(build, place);
  return [...distinctRoles(functionRoles(build, place)), ...(clock ? [clock] : [])];
}

/** The role with which the clock of the jobs sends; undefined where none ticks. */
function clockRole({ manifest }: LambdaBuild, place: Place): NeededRole | undefined {
  const { name, stage, lambda } = manifest.app;
  const owner = { app: name, stage };
  if (!neededJobs(manifest)?.clock) return undefined;
  return neededRole(owner, place, clockPolicy(queueArn(owner, place)), lambda.permissionsBoundary, "scheduler");
}

const needsStore = ({ needs }: BuiltFunction): boolean => needs?.includes("store") ?? false;
const needsFiles = ({ needs }: BuiltFunction): boolean => needs?.includes("files") ?? false;
const needsQueue = ({ needs }: BuiltFunction): boolean => needs?.includes("jobs") ?? false;

/** The table that the functions of a build need; undefined where none imports portico/store. */
export const neededTable = ({ manifest, archives }: LambdaBuild): TableSettings | undefined =>
  archives.some(({ fn }) => needsStore(fn)) ? { isProtected: manifest.app.named === true } : undefined;

/** Whether a function imports portico/files. */
export const buildNeedsFiles = ({ archives }: LambdaBuild): boolean => archives.some(({ fn }) => needsFiles(fn));

const distinctRoles = (roles: ReadonlyMap<string, NeededRole>): readonly NeededRole[] =>
  [...new Map([...roles.values()].map((role) => [role.name, role])).values()].toSorted((one, other) =>
    one.name < other.name ? -1 : 1,
  );

/**
 * Limit in bytes of the zipped static files with those of earlier releases; an upload may have 50 MB.
 */
const keptRoom = 40 * 1024 ** 2;
/** And unzipped: Lambda takes 250 MB ("Lambda quotas"); a little is left for the table that names them. */
const unpackedRoom = 248 * 1024 ** 2;

/** Computes every key. Throws UserError where a value exceeds a limit of Lambda or IAM. */
export function toDesiredState(
  build: LambdaBuild,
  values: ConfiguredValues,
  deployed: Pick<Deployed, "live" | "releases">,
  place: Place,
): LambdaDesiredState {
  const { manifest } = build;
  const { app, routes, assets } = manifest;
  const owner = { app: app.name, stage: app.stage };
  const problem = httpApiLimitError(manifest);
  if (problem) throw problem;
  const env = environmentOf(values);
  const needed = functionRoles(build, place);
  const own = build.archives.map((archive) =>
    toDesiredFunction(archive, {
      build,
      owner,
      env,
      secretVersions: values.secretVersions,
      place,
      role: app.lambda.role ?? needed.get(archive.fn.id)!.name,
    }),
  );
  // A function URL has no routes: they are inside the one function.
  const isRouted = app.lambda.front !== "function-url";
  const ownKeys = isRouted ? httpApiKeys(routes, assets) : [];
  const fitting = retainedAssets(build, own, deployed);
  const room = isRouted ? httpApiLimits.routes - ownKeys.length : Infinity;
  const added = keptAssetKeys(routes, assets, fitting.kept, room);
  const kept = fitting.kept.filter((asset) => !added.left.includes(asset));
  const keys = isRouted ? [...ownKeys, ...added.keys] : [];
  const functions = own.map((fn) => (fn.id === build.assetsFunctionId ? withKept(fn, kept) : fn));
  requireDistinctNames(functions);
  const [needs, ofClock] = [stageNeeds(build, place), clockRole(build, place)];
  const parts = toParts({
    build,
    owner,
    place,
    functions,
    keys,
    ...needs,
    clockRole: app.lambda.role ?? ofClock?.name ?? "",
    live: deployed.live?.record,
    permissions: [...distinctRoles(needed), ...(ofClock ? [ofClock] : [])].map(({ policy }) => policy),
    note: notes(fitting.dropped, added.left),
  });
  const secrets = Object.fromEntries(app.secrets.map((name) => [name, values.secretVersions[name] ?? 0]));
  return {
    app: app.name,
    stage: app.stage,
    hash: digest(parts.map(({ kind, name, key }) => [kind, name, key])),
    parts,
    functions,
    routes: keys,
    secrets,
    assets: [...build.immutableAssets, ...kept],
    ...needs,
    logRetention: app.lambda.logRetention,
  };
}

function retainedAssets(
  { manifest, assetsBytes, assetsUnpacked, assetsFunctionId: id }: LambdaBuild,
  functions: readonly LambdaFunction[],
  { live, releases }: Pick<Deployed, "live" | "releases">,
) {
  const mine = functions.find((fn) => fn.id === id);
  const theirs = live?.record?.functions
    .find((fn) => fn.function === id)
    ?.facts.find(({ label }) => label === ownLabel)?.value;
  return keepAssets({
    own: new Set(manifest.assets.map(({ path }) => path)),
    live: mine && live?.record,
    kept: new Set(live ? keptReleases(live, releases, manifest.app.keep).map(({ number }) => number) : []),
    room: keptRoom - assetsBytes,
    unpacked: { room: unpackedRoom - assetsUnpacked, of: unpackedBytes },
    isUnchanged: theirs !== undefined && theirs === mine?.key,
  });
}

/** Of one file, and of its compressed forms. */
function unpackedBytes({ entry }: RecordedAsset): number {
  const { bytes, encodings = [] } = entry as {
    readonly bytes: number;
    readonly encodings?: readonly { readonly bytes: number }[];
  };
  return encodings.reduce((sum, one) => sum + one.bytes, bytes);
}

/** For people: omitted files, and why. */
function notes(tooLarge: readonly RecordedAsset[], withoutKey: readonly RecordedAsset[]): string | undefined {
  const count = withoutKey.length;
  const keyless = count
    ? `${earlierFilesText(count)} go: a route has their path now, or no route key is left for them`
    : undefined;
  return [droppedFilesText(tooLarge), keyless].filter((text) => text !== undefined).join("; ") || undefined;
}

/** Adds carried files to the function, its key and its build id. */
function withKept(fn: LambdaFunction, kept: readonly RecordedAsset[]): LambdaFunction {
  if (!kept.length) return fn;
  const files = kept.map(({ path, hash }) => [path, hash]);
  return { ...fn, kept, key: digest([fn.key, files]), build: digest([fn.build, files]) };
}

interface FunctionInput {
  readonly build: LambdaBuild;
  readonly owner: Owner;
  readonly env: Readonly<Record<string, string>>;
  readonly secretVersions: Readonly<Record<string, number>>;
  readonly place: Place;
  readonly role: string;
}

function toDesiredFunction(
  { fn, zip, codeSha256 }: BuiltArchive,
  { build, owner, env, secretVersions, place, role }: FunctionInput,
): LambdaFunction {
  const { secrets, lambda, traces } = build.manifest.app;
  const settings: LambdaSettings = {
    runtime: "nodejs24.x",
    handler: "index.handler",
    architecture: lambda.architecture,
    memory: fn.settings.memory,
    timeout: fn.settings.timeout,
    env: {
      ...(fn.id !== migrateFunctionId && env),
      ...(needsStore(fn) && { PORTICO_STORE: tableName(owner) }),
      ...(needsFiles(fn) && { PORTICO_FILES: filesBucketName(owner, place) }),
      ...(needsQueue(fn) && { PORTICO_JOBS: queueUrl(owner, place) }),
    },
    logGroup: logGroup(owner),
    ...(traces && { traces }),
    ...(lambda.vpc && { vpc: lambda.vpc }),
  };
  const open = Object.fromEntries(Object.entries(settings.env).filter(([name]) => !secrets.includes(name)));
  const held = fn.id === migrateFunctionId ? [] : secrets;
  const versions = held.map((name) => [name, secretVersions[name] ?? 0]);
  const key = digest([codeSha256, { ...settings, env: sorted(open) }, role, versions]);
  const name = functionName(owner, fn.id);
  const files = filesOf(build.manifest, fn.id);
  return { id: fn.id, name, files, key, zip, build: fn.hash, settings, kept: [], ownKey: key, role };
}

const filesOf = ({ routes, jobsFunction }: Manifest, id: string): readonly string[] =>
  jobsFunction?.id === id
    ? jobsFunction.jobs.map(({ file }) => file)
    : routes.filter((route) => route.function === id).map(({ file }) => file);

function requireDistinctNames(functions: readonly LambdaFunction[]): void {
  const byName = Map.groupBy(functions, ({ name }) => name);
  for (const [name, twins] of byName) {
    if (twins.length < 2) continue;
    const ids = twins.map(({ id, files }) => files[0] ?? id).join(" and ");
    throw new UserError(
      "FUNCTION_NAME",
      `${ids} would have the same name on AWS: ${name}`,
      "Rename one of the route files.",
    );
  }
}

const sorted = (record: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(record).toSorted(([left], [right]) => (left < right ? -1 : 1)));
