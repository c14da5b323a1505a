/** Uploads a release as a version of its Worker, without traffic: modules, bindings, static files and record. */
import { randomBytes } from "node:crypto";
import { compatibilityFlags } from "../../framework/model/app.ts";
import { headersFile } from "../../framework/model/headers-file.ts";
import type { AssetServer } from "../../framework/model/manifest.ts";
import { UserError } from "../../framework/model/user-error.ts";
import type { UploadedRelease } from "../platform.ts";
import { uploadAssets } from "./asset-upload.ts";
import { type Binding, ownBindings } from "./bindings.ts";
import type { Client } from "./client.ts";
import type { StoredSecrets, WorkersDesiredState } from "./desired-state.ts";
import { idempotentCreate } from "./idempotent-create.ts";
import { storedConfigs } from "./hyperdrive-configs.ts";
import { bindingNames, recordModule, releaseTag } from "./names.ts";
import { concurrentChange } from "./deployments.ts";
import { type ModulePart, toForm } from "./placeholder.ts";
import type { WorkersBuild } from "./build.ts";
import { findVersion, jsonBinding, listVersions, toDetail, type VersionDetail } from "./worker-reads.ts";
import { type Summary, toRecordModule, toSummary } from "./version-record.ts";

/** The inputs of a version. */
export interface VersionUpload {
  readonly client: Client;
  readonly script: string;
  readonly build: WorkersBuild;
  readonly desired: WorkersDesiredState;
  readonly release: UploadedRelease;
  readonly stored: StoredSecrets;
  /** Id of the store's database; undefined for an app that needs none. */
  readonly database: string | undefined;
  /** The bindings of databases. */
  readonly hyperdrives: readonly Binding[];
  /** Numbers of the releases that took traffic and are kept. */
  readonly before: readonly number[];
  readonly liveUrl: string | undefined;
}

/** Bytes of a Worker's modules (docs: Workers limits, since 2026-09-04), source maps left out. */
const largest = 64 * 1024 ** 2;

/** A version that only has to be sent. */
export interface PreparedVersion {
  readonly tag: string;
  readonly metadata: unknown;
  readonly parts: readonly ModulePart[];
}

/**
 * Reads the modules and uploads the static files. No Worker is needed for that yet, so a refusal here leaves
 * nothing behind. Throws UserError WORKER_TOO_LARGE, RECORD_SIZE, BUILD_CHANGED, and those of the static files.
 */
export async function prepareVersion(upload: VersionUpload): Promise<PreparedVersion> {
  const { build, desired, release, before } = upload;
  const record = toRecordModule(release.record, desired);
  checkSize(upload, Buffer.byteLength(record));
  const summary = toSummary(release.record, before);
  const parts = await build.parts();
  const tag = releaseTag(release.number, desired.hash);
  const metadata = toMetadata(upload, { tag, summary, jwt: await assetsToken(upload) });
  const data = { name: recordModule, type: "application/octet-stream", bytes: Buffer.from(record) };
  return { tag, metadata, parts: [...parts, data] };
}

/** Throws UserError MOVED when a secret was set meanwhile. */
export async function uploadVersion(
  upload: VersionUpload,
  { tag, metadata, parts }: PreparedVersion,
): Promise<VersionDetail> {
  const { client, script } = upload;
  const path = `/workers/scripts/${script}/versions?bindings_inherit=strict`;
  const look = async (): Promise<VersionDetail | undefined> => {
    const found = (await listVersions(client, script)).find(({ annotations }) => annotations?.["workers/tag"] === tag);
    return found && findVersion(client, script, found.id);
  };
  const version = await idempotentCreate(client, look, async () => {
    const form = (): FormData => toForm(metadata, parts);
    return toDetail(
      await client.call({ operation: "createVersion", method: "POST", path, form, isNotRepeatable: true }),
    );
  });
  checkSecrets(upload, version);
  return version;
}

interface MetadataInput extends Pick<PreparedVersion, "tag"> {
  readonly summary: Summary;
  readonly jwt: string | undefined;
}

function toMetadata(
  { script, build, desired, release, stored, database, hyperdrives }: VersionUpload,
  { tag, summary, jwt }: MetadataInput,
): unknown {
  const { app } = build.manifest;
  const { binding } = build.assetServer;
  // A version that Portico did not make has no numbers of its secrets to take over.
  const numbers = desired.numbers ?? (stored.numbers ? undefined : {});
  const { message } = release.record;
  return {
    main_module: build.modules[0]?.name,
    compatibility_date: app.workers.compatibilityDate,
    compatibility_flags: compatibilityFlags(app.workers),
    bindings: [
      ...desired.bindings,
      ...hyperdrives,
      // What belongs to secrets that the newest version has comes with them.
      ...(desired.numbers || !Object.keys(stored.configs ?? {}).length
        ? []
        : [{ type: "inherit", name: bindingNames.hyperdrive }]),
      ...(database === undefined ? [] : [{ type: "d1", name: bindingNames.store, id: database }]),
      ...(desired.needsFiles ? filesBindings(script, stored) : []),
      ...(desired.jobs ? [{ type: "queue", name: bindingNames.jobs, queue_name: script }] : []),
      ...ownBindings(summary, jwt === undefined ? undefined : binding, { values: numbers }),
    ],
    ...(jwt !== undefined && { assets: { jwt, config: assetConfig(build, desired) } }),
    annotations: { "workers/tag": tag, "workers/message": message ?? `release ${release.number}` },
  };
}

/** The bucket, and the key of upload forms, which stays the same from version to version. */
const filesBindings = (script: string, { hasFilesKey = false }: StoredSecrets): readonly Binding[] => [
  { type: "r2_bucket", name: bindingNames.files, bucket_name: script },
  hasFilesKey
    ? { type: "inherit", name: bindingNames.filesKey }
    : { type: "secret_text", name: bindingNames.filesKey, text: randomBytes(32).toString("base64url") },
];

/**
 * Files of earlier releases are cached for good too; where Cloudflare takes no more rules, they are the ones without.
 */
function assetConfig(
  { manifest, assetServer: { config } }: WorkersBuild,
  { kept }: WorkersDesiredState,
): AssetServer["config"] {
  if (!kept.length) return config;
  return { ...config, _headers: headersFile([...manifest.assets, ...kept], manifest.app.headers).text };
}

/** A Worker without a file has no assets binding: Cloudflare refuses the one without the other. */
async function assetsToken({ client, script, build, desired, liveUrl }: VersionUpload): Promise<string | undefined> {
  if (build.files.length + desired.kept.length === 0) return undefined;
  return uploadAssets(client, { script, files: build.files, kept: desired.kept, liveUrl });
}

function checkSize({ build }: VersionUpload, record: number): void {
  const bytes = build.modules.reduce((sum, module) => sum + (module.type === "source-map" ? 0 : module.bytes), record);
  if (bytes <= largest) return;
  throw new UserError(
    "WORKER_TOO_LARGE",
    `the Worker is ${(bytes / 1024 ** 2).toFixed(1)} MB with the record of the release; Cloudflare takes 64 MB`,
    "Import less: portico routes lists the bytes of each route.",
  );
}

/** Secrets are inherited from the newest version: one that was set after the plan is detected here. */
function checkSecrets({ desired, script }: VersionUpload, { bindings }: VersionDetail): void {
  const numbers = (jsonBinding(bindings, bindingNames.secrets) ?? {}) as Readonly<Record<string, number>>;
  const configs = storedConfigs(bindings);
  const isAsPlanned =
    Object.entries(desired.secrets).every(([name, number]) => (numbers[name] ?? 0) === number) &&
    desired.databases.every(({ database, label, id, wanted }) => {
      const isOfSecret = !wanted && id !== label;
      return !isOfSecret || configs[database]?.id === id;
    });
  if (!isAsPlanned) throw concurrentChange(script);
}
