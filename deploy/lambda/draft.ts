/** The release as it should be on Lambda: a build, the values of env and secrets, and what is live in; functions, routes and their keys out. Pure. */
import { createHash } from "node:crypto";
import { httpApiKeys, keptAssetKeys } from "../../framework/model/http-api-keys.ts";
import { httpApiLimits, httpApiProblem } from "../../framework/model/http-api-limits.ts";
import { UserError } from "../../framework/model/user-error.ts";
import { keptReleases } from "../candidate.ts";
import { earlierFiles, keepAssets, leftText } from "../kept-assets.ts";
import type { Deployed, Draft, Fact, FunctionDraft, Part } from "../platform.ts";
import type { RecordedAsset } from "../record.ts";
import { checkEnvironment } from "./environment.ts";
import { functionName, type Owner, stageName } from "./names.ts";
import type { BuiltArchive, LambdaBuild } from "./read-build.ts";
import { logGroup, logPart } from "./log-group.ts";
import { policyOf, rolePart, statementTexts } from "./role.ts";

/** A function as Lambda should have it. Holds secrets: never printed, never written. */
export interface LambdaFunction extends FunctionDraft {
  /** Absolute path of the zip that the build made. */
  readonly zip: string;
  /** What the function itself answers when it is asked which build it is. */
  readonly build: string;
  readonly settings: LambdaSettings;
  /** Static files of earlier releases that go into the zip beside its own. */
  readonly kept: readonly RecordedAsset[];
  /** The key without those. */
  readonly ownKey: string;
}

/** What a version freezes beside the code. */
export interface LambdaSettings {
  readonly runtime: "nodejs24.x";
  readonly handler: "index.handler";
  readonly architecture: "arm64" | "x86_64";
  /** MB and seconds. */
  readonly memory: number;
  readonly timeout: number;
  readonly env: Readonly<Record<string, string>>;
  readonly logGroup: string;
  readonly vpc?: { readonly subnets: readonly string[]; readonly securityGroups: readonly string[] };
}

/** A draft, and what all releases share. */
export interface LambdaDraft extends Draft<LambdaFunction> {
  /** The role's inline policy: JSON. */
  readonly policy: string;
  /** Days that log lines stay. */
  readonly logRetention: number;
}

/** The values that functions get. */
export interface DraftValues {
  /** Declared env and secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Of each secret, a number that grows when its value changes: the only thing about it that goes into keys. */
  readonly secretVersions: Readonly<Record<string, number>>;
}

/** Bytes of the zipped static files up to which those of earlier releases are taken over; 50 MB is what an upload may have. */
const keptRoom = 40 * 1024 ** 2;
/** And unzipped: Lambda takes 250 MB ("Lambda quotas"); a little is left for the table that names them. */
const unpackedRoom = 248 * 1024 ** 2;

/** Computes every key. Throws UserError for what Lambda would refuse. */
export function draftRelease(build: LambdaBuild, values: DraftValues, deployed: Pick<Deployed, "live" | "releases">): LambdaDraft {
  const { manifest } = build;
  const { app, routes, assets } = manifest;
  const owner = { app: app.name, stage: app.stage };
  const problem = httpApiProblem(manifest);
  if (problem) throw problem;
  const env = { ...values.env, ...(Object.keys(values.env).length > 0 && { PORTICO_ENV: Object.keys(values.env).toSorted().join(",") }) };
  checkEnvironment(env);
  const own = build.archives.map((archive) => draftFunction(archive, { build, owner, env, secretVersions: values.secretVersions }));
  // A function URL has no routes: they are inside the one function.
  const isRouted = app.lambda.front !== "function-url";
  const ownKeys = isRouted ? httpApiKeys(routes, assets) : [];
  const fitting = keepFor(build, own, deployed);
  const room = isRouted ? httpApiLimits.routes - ownKeys.length : Infinity;
  const added = keptAssetKeys(routes, assets, fitting.kept, room);
  const kept = fitting.kept.filter((asset) => !added.left.includes(asset));
  const keys = isRouted ? [...ownKeys, ...added.keys] : [];
  const functions = own.map((fn) => (fn.id === build.carrier ? withKept(fn, kept) : fn));
  refuseTwins(functions);
  const policy = policyOf(owner, app.lambda);
  const parts = toParts({ build, owner, functions, keys, policy, note: notes(fitting.left, added.left) });
  const secrets = Object.fromEntries(app.secrets.map((name) => [name, values.secretVersions[name] ?? 0]));
  return {
    ...{ app: app.name, stage: app.stage, hash: digest(parts.map(({ kind, name, key }) => [kind, name, key])), parts, functions },
    ...{ routes: keys, secrets, assets: [...build.hashed, ...kept], policy, logRetention: app.lambda.logRetention },
  };
}

/** The fact that holds the own key of the assets function, since what it carries for others is part of its whole key. */
const ownLabel = "own files";

function keepFor(
  { manifest, assetsBytes, assetsUnpacked, carrier: id }: LambdaBuild,
  functions: readonly LambdaFunction[],
  { live, releases }: Pick<Deployed, "live" | "releases">,
) {
  const mine = functions.find((fn) => fn.id === id);
  const theirs = live?.record?.functions.find((fn) => fn.function === id)?.facts.find(({ label }) => label === ownLabel)?.value;
  return keepAssets({
    own: new Set(manifest.assets.map(({ path }) => path)),
    live: mine && live?.record,
    kept: new Set(live ? keptReleases(live, releases, manifest.app.keep).map(({ number }) => number) : []),
    room: keptRoom - assetsBytes,
    unpacked: { room: unpackedRoom - assetsUnpacked, of: unpackedBytes },
    unchanged: theirs !== undefined && theirs === mine?.key,
  });
}

/** Of one file, and of its compressed forms. */
function unpackedBytes({ entry }: RecordedAsset): number {
  const { bytes, encodings = [] } = entry as { readonly bytes: number; readonly encodings?: readonly { readonly bytes: number }[] };
  return encodings.reduce((sum, one) => sum + one.bytes, bytes);
}

/** For people: what was left out, and why. */
function notes(tooLarge: readonly RecordedAsset[], withoutKey: readonly RecordedAsset[]): string | undefined {
  const count = withoutKey.length;
  const keyless = count ? `${earlierFiles(count)} go: a route has their path now, or no route key is left for them` : undefined;
  return [leftText(tooLarge), keyless].filter((text) => text !== undefined).join("; ") || undefined;
}

/** What it serves for others goes into its key, and into what it says that it is. */
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
}

function draftFunction({ fn, zip, codeSha256 }: BuiltArchive, { build, owner, env, secretVersions }: FunctionInput): LambdaFunction {
  const { secrets, lambda } = build.manifest.app;
  const settings: LambdaSettings = {
    runtime: "nodejs24.x",
    handler: "index.handler",
    architecture: lambda.architecture,
    memory: fn.settings.memory,
    timeout: fn.settings.timeout,
    env,
    logGroup: logGroup(owner),
    ...(lambda.vpc && { vpc: lambda.vpc }),
  };
  const open = Object.fromEntries(Object.entries(env).filter(([name]) => !secrets.includes(name)));
  const versions = secrets.map((name) => [name, secretVersions[name] ?? 0]);
  const key = digest([codeSha256, { ...settings, env: sorted(open) }, lambda.role ?? stageName(owner), versions]);
  return { id: fn.id, name: functionName(owner, fn.id), key, zip, build: fn.hash, settings, kept: [], ownKey: key };
}

/** As AWS says them, whatever it says. */
type ShownSettings = Pick<LambdaSettings, "memory" | "timeout" | "env" | "logGroup" | "vpc"> & {
  readonly runtime: string;
  readonly architecture: string;
};

/** What explains a changed key; `secrets` are left out by name, and of env values only hashes are told apart. */
export function functionFacts(code: string, settings: ShownSettings, secrets: readonly string[]): readonly Fact[] {
  const env = Object.entries(settings.env).filter(([name]) => !secrets.includes(name) && name !== "PORTICO_ENV");
  return [
    { label: "code", value: code, hidden: true },
    { label: "memory", value: `${settings.memory} MB` },
    { label: "timeout", value: `${settings.timeout} s` },
    { label: "runtime", value: settings.runtime },
    { label: "architecture", value: settings.architecture },
    { label: "logs", value: settings.logGroup },
    ...(settings.vpc ? [{ label: "vpc", value: [...settings.vpc.subnets, ...settings.vpc.securityGroups].join(" ") }] : []),
    ...env.map(([name, value]) => ({ label: `env ${name}`, value: digest(value).slice(0, 16), hidden: true })),
  ];
}

interface PartsInput {
  readonly build: LambdaBuild;
  readonly owner: Owner;
  readonly functions: readonly LambdaFunction[];
  readonly keys: readonly { readonly key: string; readonly function: string }[];
  readonly policy: string;
  /** Of the assets function. */
  readonly note: string | undefined;
}

function toParts({ build, owner, functions, keys, policy, note }: PartsInput): readonly Part[] {
  const { app } = build.manifest;
  const called = [...new Set(keys.map((route) => route.function))].toSorted();
  const built = new Map(build.archives.map((archive) => [archive.fn.id, archive]));
  return [
    ...(app.lambda.role === undefined
      ? [
          rolePart(owner, app.lambda),
          {
            kind: "permission" as const,
            name: `role ${stageName(owner)}`,
            key: digest(policy),
            items: statementTexts(policy),
            shared: true,
          },
        ]
      : []),
    logPart(owner, app.lambda.logRetention),
    app.lambda.front === "function-url" ? urlPart(owner) : { kind: "api", name: stageName(owner), key: "http-api" },
    ...functions.map((fn): Part => {
      const { fn: { bytes = 0 } = {}, codeSha256 = "" } = built.get(fn.id) ?? {};
      const facts = functionFacts(codeSha256, fn.settings, app.secrets);
      if (fn.id !== build.carrier) return { kind: "function", name: fn.id, key: fn.key, bytes, facts };
      const carried = fn.kept.length ? [{ label: "files of earlier releases", value: String(fn.kept.length) }] : [];
      const own = { label: ownLabel, value: fn.ownKey, hidden: true };
      return { kind: "function", name: fn.id, key: fn.key, bytes, facts: [...facts, ...carried, own], ...(note !== undefined && { note }) };
    }),
    app.lambda.front === "function-url" ? publicPart(owner) : invokePart(owner, called),
    ...keys.map((route) => ({ kind: "route" as const, name: route.key, key: route.function })),
  ];
}

/** The address of the one function. */
export const urlPart = (owner: Owner): Part => ({ kind: "url", name: stageName(owner), key: "RESPONSE_STREAM", shared: true });

/** That anybody may call it. */
export function publicPart(owner: Owner): Part {
  const items = ["be called by anybody"];
  return { kind: "permission", name: `url ${stageName(owner)}`, key: digest(items), items, shared: true };
}

/** That the API may call functions: their ids, in any order. */
export function invokePart(owner: Owner, ids: readonly string[]): Part {
  const items = ids.toSorted().map((id) => `invoke ${id}`);
  return { kind: "permission", name: `api ${stageName(owner)}`, key: digest(items), items };
}

function refuseTwins(functions: readonly LambdaFunction[]): void {
  const byName = Map.groupBy(functions, ({ name }) => name);
  for (const [name, twins] of byName) {
    if (twins.length < 2) continue;
    const ids = twins.map(({ id }) => id).join(" and ");
    throw new UserError("FUNCTION_NAME", `${ids} would both be called ${name} on AWS`, "rename one of the route files");
  }
}

/** Hex SHA-256 of a value as JSON; order of keys matters. */
export const digest = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex");

const sorted = (record: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(record).toSorted(([left], [right]) => (left < right ? -1 : 1)));
