/** Computes the desired state of a release on Cloudflare from a build, its configuration and the live release. Pure. */
import { compatibilityFlags } from "../../framework/model/app.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { keptReleases } from "../retention.ts";
import type { BuiltJob } from "../../framework/model/job.ts";
import type { Manifest } from "../../framework/model/manifest.ts";
import type { Need } from "../../framework/model/need.ts";
import { scheduleFact } from "../job-schedule.ts";
import { missingSecrets } from "../missing-secrets.ts";
import { digest, type Fact, type Owner, type Part } from "../parts.ts";
import { keepAssets, droppedFilesText } from "../retention.ts";
import type { Deployed, DesiredState, DesiredFunction } from "../platform.ts";
import type { RecordedAsset } from "../record.ts";
import { appBindings, type Binding } from "./bindings.ts";
import { type DatabaseBinding, databaseBindings, databasePart, unboundNote } from "./hyperdrive-bindings.ts";
import type { ObservedConfigs, StoredConfigs } from "./hyperdrive-configs.ts";
import { triggerParts } from "./triggers.ts";
import { bindingNames, scriptName } from "./names.ts";
import { jobTriggers, type JobTriggers, triggerPartsOf } from "./job-triggers.ts";
import { bucketPart } from "./files-bucket.ts";
import { storePart } from "./store-database.ts";
import { encodePath, type WorkersBuild } from "./build.ts";

/** The values that the Worker gets. */
export interface ConfiguredValues {
  readonly env: Readonly<Record<string, string>>;
  /** Names of secrets that a deploy stores before it looks; in a plan before the first one. */
  readonly coming?: readonly string[];
  /** Secrets with their version numbers; absent where Cloudflare keeps them and uploads inherit them. */
  readonly secrets?: {
    readonly values: Readonly<Record<string, string>>;
    readonly versions: Readonly<Record<string, number>>;
  };
}

/** Names of the newest version's secrets, and their numbers. */
export interface StoredSecrets {
  readonly names: readonly string[];
  /** Whether that version has the key of upload forms, which is none of the app's secrets. */
  readonly hasFilesKey?: boolean;
  /** Configurations of Hyperdrive that belong to secrets. */
  readonly configs?: StoredConfigs;
  /** Missing when that version was not made by Portico. */
  readonly numbers?: Readonly<Record<string, number>>;
}

/** The desired state, with the inputs of an upload. Functions are modules of one Worker: none is uploaded alone. */
export interface WorkersDesiredState extends DesiredState<DesiredFunction> {
  readonly bindings: readonly Binding[];
  /** Numbers to write, where values are uploaded with them. */
  readonly numbers?: Readonly<Record<string, number>>;
  readonly kept: readonly RecordedAsset[];
  /** True where a function imports portico/store: the release makes a database and binds it. */
  readonly needsStore: boolean;
  /** True where a function imports portico/files: the release makes a bucket and binds it. */
  readonly needsFiles: boolean;
  /** Those that are reached through Hyperdrive. */
  readonly databases: readonly DatabaseBinding[];
  /** How the app's jobs are called; undefined without any. */
  readonly jobs: JobTriggers | undefined;
  /** Paths of all static files, as Cloudflare spells them. */
  readonly files: readonly string[];
}

/**
 * Files of a Worker on the Free plan (docs: Workers limits): those of earlier releases are taken over up to that many.
 */
const mostFiles = 20_000;
const mostFilesPaid = 100_000;

/** What was found beside the Worker. */
export interface Surroundings {
  /** For people, about the database of the store and the cron trigger. */
  readonly databaseNote?: string | undefined;
  readonly cronNote?: string | undefined;
  readonly configs?: ObservedConfigs | undefined;
}

/** Computes every key. Throws UserError SECRET_MISSING, HYPERDRIVE_MISSING, NO_URL, and those of the limits. */
export function toDesiredState(
  build: WorkersBuild,
  values: ConfiguredValues,
  stored: StoredSecrets,
  deployed: Pick<Deployed, "live" | "releases" | "parts">,
  { databaseNote, cronNote, configs }: Surroundings = {},
): WorkersDesiredState {
  const { manifest } = build;
  const { app } = manifest;
  const owner = { app: app.name, stage: app.stage };
  const secrets = secretNumbers(build, values, stored);
  checkFiles(build);
  const bindings = appBindings(app, values.env, {
    stored: stored.names,
    ...(values.secrets && { values: values.secrets.values }),
  });
  const databases = databaseBindings(app, { values, stored, configs });
  const ownKey = digest([build.files.map(({ path, hash }) => [path, hash]), build.assetServer.config]);
  const { kept, left } = retainedAssets(build, ownKey, deployed);
  const jobs = jobTriggers(manifest);
  const [needsStore, needsFiles] = [needs(manifest, "store"), needs(manifest, "files")];
  const parts = [
    ...(needsStore ? [storePart(owner, databaseNote), boundPart(bindingNames.store, "database", owner)] : []),
    ...(needsFiles ? [bucketPart(owner), boundPart(bindingNames.files, "bucket", owner)] : []),
    ...(jobs ? [...triggerPartsOf(owner, jobs, cronNote), boundPart(bindingNames.jobs, "queue", owner)] : []),
    workerPart(build, scriptName(owner), values.env),
    ...bindingParts(build),
    ...databases.map(databasePart),
    ...Object.entries(secrets).map(([name, number]) => secretPart(name, number, unboundNote(app, name, databases))),
    ...manifest.functions.map(({ id, hash, bytes }): Part => {
      return { kind: "function", name: id, key: hash, bytes, facts: [{ label: "code", value: hash, hidden: true }] };
    }),
    ...(manifest.jobs ?? []).map(jobPart),
    ...manifest.routes.map((route) => ({ kind: "route" as const, name: route.pattern, key: route.function })),
    ...assetParts(build, { ownKey, kept, note: fileNote(build, left) }),
    ...triggerParts(app, scriptName(owner)),
  ];
  return {
    app: app.name,
    stage: app.stage,
    hash: digest(parts.map(({ kind, name, key }) => [kind, name, key])),
    parts,
    functions: [],
    routes: manifest.routes.map((route) => ({ key: route.pattern, function: route.function })),
    secrets,
    assets: [...build.immutableAssets, ...kept],
    bindings,
    kept,
    needsStore,
    needsFiles,
    databases,
    jobs,
    files: [...build.files.map((file) => file.encodedPath), ...kept.map(({ path }) => encodePath(path))],
    ...(values.secrets && { numbers: values.secrets.versions }),
  };
}

/** Throws UserError SECRET_MISSING, which names all that have no value. */
function secretNumbers(
  { manifest: { app } }: WorkersBuild,
  { secrets, coming = [] }: ConfiguredValues,
  stored: StoredSecrets,
): Readonly<Record<string, number>> {
  const has = (name: string): boolean =>
    secrets ? Object.hasOwn(secrets.values, name) : [...stored.names, ...coming].includes(name);
  const missing = app.secrets.filter((name) => !has(name));
  if (missing.length) throw missingSecrets(app, missing);
  const numbers = secrets?.versions ?? stored.numbers ?? {};
  const next = (name: string): number => (numbers[name] ?? 0) + (coming.includes(name) ? 1 : 0);
  return Object.fromEntries(app.secrets.map((name) => [name, next(name)]));
}

function checkFiles({ files }: WorkersBuild): void {
  if (files.length <= mostFilesPaid) return;
  throw new UserError(
    "ASSET_COUNT",
    `the app has ${files.length} static files; Cloudflare takes ${mostFilesPaid} with the paid plan and ` +
      `${mostFiles} without`,
    "Put some of them into an R2 bucket.",
  );
}

function workerPart(
  { manifest: { app, modules = [] }, router }: WorkersBuild,
  name: string,
  env: Readonly<Record<string, string>>,
): Part {
  const facts: readonly Fact[] = [
    { label: "router", value: router, hidden: true },
    { label: "compatibility date", value: app.workers.compatibilityDate },
    { label: "compatibility flags", value: compatibilityFlags(app.workers).join(", ") },
    ...Object.entries(env).map(([key, value]) => ({
      label: `env ${key}`,
      value: digest(value).slice(0, 16),
      hidden: true,
    })),
  ];
  const bytes = modules.reduce((sum, module) => sum + (module.type === "source-map" ? 0 : module.bytes), 0);
  const settings = [app.workers.compatibilityDate, compatibilityFlags(app.workers), sorted(env)];
  return { kind: "worker", name, key: digest([router, settings]), facts, bytes };
}

/** Without their names: those are the parts' own. */
const bindingParts = ({ manifest }: WorkersBuild): readonly Part[] =>
  Object.entries(manifest.app.workers.bindings).map(([name, shape]) => {
    const facts = Object.entries(shape).map(([label, value]) => ({
      label,
      value: typeof value === "string" ? value : JSON.stringify(value),
    }));
    return { kind: "binding", name, key: digest(sorted(shape)), facts };
  });

/** A Worker has what any of its functions and jobs needs; dead jobs are in the store. */
export const needs = ({ functions, jobs = [] }: Pick<Manifest, "functions" | "jobs">, need: Need): boolean =>
  (need === "store" && jobs.length > 0) || [...functions, ...jobs].some((built) => built.needs?.includes(need));

/** A binding of ours. A database's id is not known before it is made: it is checked where it is observed. */
const boundPart = (name: string, label: string, owner: Owner): Part => ({
  kind: "binding",
  name,
  key: scriptName(owner),
  facts: [{ label, value: scriptName(owner) }],
});

/** With its schedule, which is the release's own. */
const jobPart = (job: BuiltJob): Part => {
  const { name, hash, bytes, cron, zone, retries, timeout } = job;
  return {
    kind: "job",
    name,
    key: digest([hash, cron, zone, retries, timeout]),
    bytes,
    facts: [
      { label: "code", value: hash, hidden: true },
      scheduleFact("schedule", job),
      { label: "retries", value: String(retries) },
      { label: "timeout", value: `${timeout} s` },
    ],
  };
};

const secretPart = (name: string, number: number, note: string | undefined): Part => ({
  kind: "secret",
  name,
  key: String(number),
  facts: [{ label: "version", value: String(number) }],
  ...(note !== undefined && { note }),
});

/** The fact that holds the own files' key, since files of earlier releases are part of the whole key. */
const ownLabel = "own files";

function retainedAssets(
  { manifest, files }: WorkersBuild,
  ownKey: string,
  { live, releases, parts }: Pick<Deployed, "live" | "releases" | "parts">,
) {
  const theirs = parts.find(({ kind }) => kind === "assets")?.facts?.find(({ label }) => label === ownLabel)?.value;
  const keeping = keepAssets({
    own: new Set(files.map(({ path }) => path)),
    live: live?.record,
    kept: new Set(live ? keptReleases(live, releases, manifest.app.keep).map(({ number }) => number) : []),
    room: Infinity,
    isUnchanged: theirs !== undefined && theirs === ownKey,
  });
  const room = Math.max(0, mostFiles - files.length);
  return { kept: keeping.kept.slice(0, room), left: [...keeping.dropped, ...keeping.kept.slice(room)] };
}

/** A token for Workers cannot read the account's plan, so an excess is noted, not refused. */
function fileNote({ files }: WorkersBuild, left: readonly RecordedAsset[]): string | undefined {
  const many =
    files.length > mostFiles
      ? `${files.length} files need Cloudflare's paid plan: the Free plan has room for ${mostFiles}`
      : undefined;
  return [many, droppedFilesText(left)].filter((text) => text !== undefined).join("; ") || undefined;
}

interface AssetParts {
  readonly ownKey: string;
  readonly kept: readonly RecordedAsset[];
  readonly note: string | undefined;
}

function assetParts({ files }: WorkersBuild, { ownKey, kept, note }: AssetParts): readonly Part[] {
  if (files.length + kept.length === 0) return [];
  const facts = [
    { label: "files", value: String(files.length) },
    { label: "content", value: ownKey.slice(0, 16), hidden: true },
    ...(kept.length ? [{ label: "files of earlier releases", value: String(kept.length) }] : []),
    { label: ownLabel, value: ownKey, hidden: true },
  ];
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const key = kept.length ? digest([ownKey, kept.map(({ path, hash }) => [path, hash])]) : ownKey;
  return [{ kind: "assets", name: "static files", key, bytes, facts, ...(note !== undefined && { note }) }];
}

const sorted = (record: Readonly<Record<string, unknown>>): readonly (readonly [string, unknown])[] =>
  Object.entries(record).toSorted(([left], [right]) => (left < right ? -1 : 1));
