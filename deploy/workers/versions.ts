/** A release as a version of its Worker: modules, bindings, static files and record in, an uploaded version without traffic out. */
import { headersFile } from "../../framework/model/headers-file.ts";
import type { AssetServer } from "../../framework/model/manifest.ts";
import { UserError } from "../../framework/model/user-error.ts";
import type { ReleaseDraft } from "../platform.ts";
import { uploadAssets } from "./assets.ts";
import { ownBindings } from "./bindings.ts";
import type { Client } from "./client.ts";
import { compatibilityFlags, type StoredSecrets, type WorkersDraft } from "./draft.ts";
import { lookFirst } from "./look-first.ts";
import { own, recordModule, releaseTag } from "./names.ts";
import { moved } from "./deployments.ts";
import { type Part, toForm } from "./placeholder.ts";
import type { WorkersBuild } from "./read-build.ts";
import { findVersion, jsonBinding, listVersions, toDetail, type VersionDetail } from "./script.ts";
import { type Summary, toModule, toSummary } from "./version-record.ts";

/** What goes into a version. */
export interface VersionUpload {
  readonly client: Client;
  readonly script: string;
  readonly build: WorkersBuild;
  readonly draft: WorkersDraft;
  readonly release: ReleaseDraft;
  readonly stored: StoredSecrets;
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
  readonly parts: readonly Part[];
}

/**
 * Reads the modules and uploads the static files. No Worker is needed for that yet: what is refused here leaves nothing behind. Throws
 * UserError WORKER_TOO_LARGE, RECORD_SIZE, BUILD_CHANGED, and those of the static files.
 */
export async function prepareVersion(upload: VersionUpload): Promise<PreparedVersion> {
  const { build, draft, release, before } = upload;
  const record = toModule(release.record, draft);
  checkSize(upload, Buffer.byteLength(record));
  const summary = toSummary(release.record, before);
  const parts = await build.parts();
  const tag = releaseTag(release.number, draft.hash);
  const metadata = toMetadata(upload, { tag, summary, jwt: await assetsToken(upload) });
  const data = { name: recordModule, type: "application/octet-stream", bytes: Buffer.from(record) };
  return { tag, metadata, parts: [...parts, data] };
}

/** Throws UserError MOVED when a secret was set meanwhile. */
export async function uploadVersion(upload: VersionUpload, { tag, metadata, parts }: PreparedVersion): Promise<VersionDetail> {
  const { client, script } = upload;
  const path = `/workers/scripts/${script}/versions?bindings_inherit=strict`;
  const look = async (): Promise<VersionDetail | undefined> => {
    const found = (await listVersions(client, script)).find(({ annotations }) => annotations?.["workers/tag"] === tag);
    return found && findVersion(client, script, found.id);
  };
  const version = await lookFirst(client, look, async () => {
    const form = (): FormData => toForm(metadata, parts);
    return toDetail(await client.call({ operation: "createVersion", method: "POST", path, form, once: true }));
  });
  checkSecrets(upload, version);
  return version;
}

interface Describing extends Pick<PreparedVersion, "tag"> {
  readonly summary: Summary;
  readonly jwt: string | undefined;
}

function toMetadata({ build, draft, release, stored }: VersionUpload, { tag, summary, jwt }: Describing): unknown {
  const { app } = build.manifest;
  const { binding } = build.assetServer;
  // A version that Portico did not make has no numbers of its secrets to take over.
  const numbers = draft.numbers ?? (stored.numbers ? undefined : {});
  const { message } = release.record;
  return {
    main_module: build.modules[0]?.name,
    compatibility_date: app.workers.compatibilityDate,
    compatibility_flags: compatibilityFlags,
    bindings: [...draft.bindings, ...ownBindings(summary, jwt === undefined ? undefined : binding, { values: numbers })],
    ...(jwt !== undefined && { assets: { jwt, config: assetConfig(build, draft) } }),
    annotations: { "workers/tag": tag, "workers/message": message ?? `release ${release.number}` },
  };
}

/** Files of earlier releases are cached for good too; where Cloudflare takes no more rules, they are the ones without. */
function assetConfig({ manifest, assetServer: { config } }: WorkersBuild, { kept }: WorkersDraft): AssetServer["config"] {
  if (!kept.length) return config;
  return { ...config, _headers: headersFile([...manifest.assets, ...kept], manifest.app.headers).text };
}

/** A Worker without a file has no assets binding: Cloudflare refuses the one without the other. */
async function assetsToken({ client, script, build, draft, liveUrl }: VersionUpload): Promise<string | undefined> {
  if (build.files.length + draft.kept.length === 0) return undefined;
  return uploadAssets(client, { script, files: build.files, kept: draft.kept, liveUrl });
}

function checkSize({ build }: VersionUpload, record: number): void {
  const bytes = build.modules.reduce((sum, module) => sum + (module.type === "source-map" ? 0 : module.bytes), record);
  if (bytes <= largest) return;
  throw new UserError(
    "WORKER_TOO_LARGE",
    `the Worker is ${(bytes / 1024 ** 2).toFixed(1)} MB with the record of the release; Cloudflare takes 64 MB`,
    "import less: portico routes shows what each route weighs",
  );
}

/** They are inherited from what is newest at that moment: one that was set after the plan is not what was planned. */
function checkSecrets({ draft, script }: VersionUpload, { bindings }: VersionDetail): void {
  const numbers = (jsonBinding(bindings, own.secrets) ?? {}) as Readonly<Record<string, number>>;
  const isAsPlanned = Object.entries(draft.secrets).every(([name, number]) => (numbers[name] ?? 0) === number);
  if (!isAsPlanned) throw moved(script);
}
