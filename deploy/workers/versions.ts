/** A release as a version of its Worker: modules, bindings, static files and record in, an uploaded version without traffic out. */
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
import { toModule, toSummary } from "./version-record.ts";

/** What goes into a version. */
export interface VersionUpload {
  readonly client: Client;
  readonly script: string;
  readonly build: WorkersBuild;
  /** Its modules, read. */
  readonly parts: readonly Part[];
  readonly draft: WorkersDraft;
  readonly release: ReleaseDraft;
  readonly stored: StoredSecrets;
  /** Numbers of the releases that took traffic and are kept. */
  readonly before: readonly number[];
  readonly liveUrl: string | undefined;
}

/** Bytes of a Worker's modules (docs: Workers limits, since 2026-09-04), source maps left out. */
const largest = 64 * 1024 ** 2;

/** Throws UserError WORKER_TOO_LARGE, MOVED when a secret was set meanwhile, and those of the static files. */
export async function uploadVersion(upload: VersionUpload): Promise<VersionDetail> {
  const { client, script, draft, release } = upload;
  const record = toModule(release.record, draft);
  checkSize(upload, Buffer.byteLength(record));
  const jwt = await assetsToken(upload);
  const tag = releaseTag(release.number, draft.hash);
  const metadata = toMetadata(upload, tag, jwt);
  const data = { name: recordModule, type: "application/octet-stream", bytes: Buffer.from(record) };
  const path = `/workers/scripts/${script}/versions?bindings_inherit=strict`;
  const look = async (): Promise<VersionDetail | undefined> => {
    const found = (await listVersions(client, script)).find(({ annotations }) => annotations?.["workers/tag"] === tag);
    return found && findVersion(client, script, found.id);
  };
  const version = await lookFirst(client, look, async () => {
    const form = (): FormData => toForm(metadata, [...upload.parts, data]);
    return toDetail(await client.call({ operation: "createVersion", method: "POST", path, form, once: true }));
  });
  checkSecrets(upload, version);
  return version;
}

function toMetadata({ build, draft, release, stored, before }: VersionUpload, tag: string, jwt: string | undefined): unknown {
  const { app } = build.manifest;
  const { binding, config } = build.assetServer;
  // A version that Portico did not make has no numbers of its secrets to take over.
  const numbers = draft.numbers ?? (stored.numbers ? undefined : {});
  const { message } = release.record;
  return {
    main_module: build.modules[0]?.name,
    compatibility_date: app.workers.compatibilityDate,
    compatibility_flags: compatibilityFlags,
    bindings: [
      ...draft.bindings,
      ...ownBindings(toSummary(release.record, before), jwt === undefined ? undefined : binding, { values: numbers }),
    ],
    ...(jwt !== undefined && { assets: { jwt, config } }),
    annotations: { "workers/tag": tag, "workers/message": message ?? `release ${release.number}` },
  };
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
