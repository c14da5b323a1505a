/** The release as it should be on Cloudflare: a build, the values of env and secrets, and what is live in; one Worker's parts and their keys out. Pure. */
import { createHash } from "node:crypto";
import { UserError } from "../../framework/model/user-error.ts";
import { keptReleases } from "../candidate.ts";
import { keepAssets, leftText } from "../kept-assets.ts";
import type { Deployed, Draft, Fact, FunctionDraft, Part } from "../platform.ts";
import type { RecordedAsset } from "../record.ts";
import { appBindings, type Binding } from "./bindings.ts";
import { frontParts } from "./fronts.ts";
import { scriptName } from "./names.ts";
import { spelled, type WorkersBuild } from "./read-build.ts";

/** The values that the Worker gets. */
export interface DraftValues {
  readonly env: Readonly<Record<string, string>>;
  /** Secrets with their version numbers; absent where Cloudflare keeps them and uploads inherit them. */
  readonly secrets?: { readonly values: Readonly<Record<string, string>>; readonly versions: Readonly<Record<string, number>> };
}

/** What the newest version holds: names of secrets, and their numbers. */
export interface StoredSecrets {
  readonly names: readonly string[];
  /** Missing when that version was not made by Portico. */
  readonly numbers?: Readonly<Record<string, number>>;
}

/** A draft, and what an upload needs beside it. Functions are the modules of one Worker: none is uploaded alone. */
export interface WorkersDraft extends Draft<FunctionDraft> {
  readonly bindings: readonly Binding[];
  /** Numbers to write, where values are uploaded with them. */
  readonly numbers?: Readonly<Record<string, number>>;
  readonly kept: readonly RecordedAsset[];
  /** Paths of all static files, as Cloudflare spells them. */
  readonly files: readonly string[];
}

/** Always on: `process`, `Buffer` and `node:*` are there on every target. */
export const compatibilityFlags: readonly string[] = ["nodejs_compat"];

/** Files of a Worker on the Free plan (docs: Workers limits): those of earlier releases are taken over up to that many. */
const mostFiles = 20_000;
const mostFilesPaid = 100_000;

/** Computes every key. Throws UserError for what Cloudflare would refuse, SECRET_MISSING, NO_URL. */
export function draftRelease(
  build: WorkersBuild,
  values: DraftValues,
  stored: StoredSecrets,
  deployed: Pick<Deployed, "live" | "releases" | "parts">,
): WorkersDraft {
  const { manifest } = build;
  const { app } = manifest;
  const owner = { app: app.name, stage: app.stage };
  const secrets = secretNumbers(build, values, stored);
  checkFiles(build);
  const bindings = appBindings(app, values.env, { stored: stored.names, ...(values.secrets && { values: values.secrets.values }) });
  const ownKey = digest([build.files.map(({ path, hash }) => [path, hash]), build.assetServer.config]);
  const { kept, left } = keepFor(build, ownKey, deployed);
  const parts = [
    workerPart(build, scriptName(owner), values.env),
    ...bindingParts(build),
    ...Object.entries(secrets).map(([name, number]) => secretPart(name, number)),
    ...manifest.functions.map(({ id, hash, bytes }): Part => {
      return { kind: "function", name: id, key: hash, bytes, facts: [{ label: "code", value: hash, hidden: true }] };
    }),
    ...manifest.routes.map((route) => ({ kind: "route" as const, name: route.pattern, key: route.function })),
    ...assetParts(build, { ownKey, kept, note: fileNote(build, left) }),
    ...frontParts(app, scriptName(owner)),
  ];
  return {
    ...{ app: app.name, stage: app.stage, hash: digest(parts.map(({ kind, name, key }) => [kind, name, key])), parts, functions: [] },
    routes: manifest.routes.map((route) => ({ key: route.pattern, function: route.function })),
    ...{ secrets, assets: [...build.hashed, ...kept], bindings, kept },
    files: [...build.files.map((file) => file.spelled), ...kept.map(({ path }) => spelled(path))],
    ...(values.secrets && { numbers: values.secrets.versions }),
  };
}

/** Throws UserError SECRET_MISSING, which names all that have no value. */
function secretNumbers(
  { manifest: { app } }: WorkersBuild,
  { secrets }: DraftValues,
  stored: StoredSecrets,
): Readonly<Record<string, number>> {
  const has = (name: string): boolean => (secrets ? Object.hasOwn(secrets.values, name) : stored.names.includes(name));
  const missing = app.secrets.filter((name) => !has(name));
  if (missing.length)
    throw new UserError(
      "SECRET_MISSING",
      `${missing.length === 1 ? "the secret" : "the secrets"} ${missing.join(", ")} ${missing.length === 1 ? "has" : "have"} no value at the stage ${app.stage}`,
      missing.map((name) => `portico secret set ${name} --stage ${app.stage}`).join("; "),
    );
  const numbers = secrets?.versions ?? stored.numbers ?? {};
  return Object.fromEntries(app.secrets.map((name) => [name, numbers[name] ?? 0]));
}

function checkFiles({ files }: WorkersBuild): void {
  if (files.length <= mostFilesPaid) return;
  throw new UserError(
    "ASSET_COUNT",
    `the app has ${files.length} static files; Cloudflare takes ${mostFilesPaid} with the paid plan and ${mostFiles} without`,
    "put some of them into an R2 bucket",
  );
}

function workerPart({ manifest: { app, modules = [] }, router }: WorkersBuild, name: string, env: Readonly<Record<string, string>>): Part {
  const facts: readonly Fact[] = [
    { label: "router", value: router, hidden: true },
    { label: "compatibility date", value: app.workers.compatibilityDate },
    ...Object.entries(env).map(([key, value]) => ({ label: `env ${key}`, value: digest(value).slice(0, 16), hidden: true })),
  ];
  const bytes = modules.reduce((sum, module) => sum + (module.type === "source-map" ? 0 : module.bytes), 0);
  const settings = [app.workers.compatibilityDate, compatibilityFlags, sorted(env)];
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

const secretPart = (name: string, number: number): Part => ({
  ...{ kind: "secret", name, key: String(number) },
  facts: [{ label: "version", value: String(number) }],
});

/** The fact that holds the own files' key, since what is carried for others is part of the whole key. */
const ownLabel = "own files";

function keepFor(
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
    unchanged: theirs !== undefined && theirs === ownKey,
  });
  const room = Math.max(0, mostFiles - files.length);
  return { kept: keeping.kept.slice(0, room), left: [...keeping.left, ...keeping.kept.slice(room)] };
}

/** The plan of an account is not to be read with a token for Workers, so it is said and not refused. */
function fileNote({ files }: WorkersBuild, left: readonly RecordedAsset[]): string | undefined {
  const many =
    files.length > mostFiles ? `${files.length} files need Cloudflare's paid plan: the Free plan has room for ${mostFiles}` : undefined;
  return [many, leftText(left)].filter((text) => text !== undefined).join("; ") || undefined;
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

/** Hex SHA-256 of a value as JSON; order of keys matters. */
export const digest = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");

const sorted = (record: Readonly<Record<string, unknown>>): readonly (readonly [string, unknown])[] =>
  Object.entries(record).toSorted(([left], [right]) => (left < right ? -1 : 1));
