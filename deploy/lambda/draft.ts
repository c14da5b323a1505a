/** The release as it should be on Lambda: a build folder, env and secret versions in, roles, functions, routes and their keys out. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { httpApiKeys } from "../../framework/model/http-api-keys.ts";
import type { BuiltFunction, Manifest } from "../../framework/model/manifest.ts";
import { readManifest } from "../../framework/model/read-manifest.ts";
import { UserError } from "../../framework/model/user-error.ts";
import type { Draft, Fact, FunctionDraft, Part } from "../platform.ts";
import { checkEnvironment } from "./environment.ts";
import { functionName, type Owner, stageName } from "./names.ts";
import { logGroup, policyOf, rolePart, statementTexts } from "./role.ts";

/** A function as Lambda should have it. Holds secrets: never printed, never written. */
export interface LambdaFunction extends FunctionDraft {
  /** Absolute path of the zip, and the base64 SHA-256 of its bytes. */
  readonly zip: string;
  readonly codeSha256: string;
  readonly settings: LambdaSettings;
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
}

/** A draft, and the policy of the role that it needs. */
export interface LambdaDraft extends Draft<LambdaFunction> {
  /** The role's inline policy: JSON. */
  readonly policy: string;
}

/** The values that functions get. */
export interface DraftValues {
  /** Declared env and secrets. */
  readonly env: Readonly<Record<string, string>>;
  /** Of each secret, a number that grows when its value changes: the only thing about it that goes into keys. */
  readonly secretVersions: Readonly<Record<string, number>>;
}

/** What a build folder holds for Lambda. Throws UserError BUILD_MISSING, BUILD_TARGET, or those of `readManifest`. */
async function readBuild(folder: string): Promise<Manifest> {
  const file = join(folder, "manifest.json");
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    throw new UserError("BUILD_MISSING", `${folder} holds no build`, "run portico build", { cause });
  }
  const manifest = readManifest(text, file);
  if (manifest.target === "lambda") return manifest;
  throw new UserError(
    "BUILD_TARGET",
    `${folder} holds a build for ${manifest.target}, not for Lambda`,
    "run portico build --target lambda",
  );
}

/** Reads the build and computes every key; no network. Throws UserError for what Lambda would refuse. */
export async function draftRelease(folder: string, values: DraftValues): Promise<LambdaDraft> {
  const manifest = await readBuild(folder);
  const { app, routes, assets, assetsFunction } = manifest;
  const owner = { app: app.name, stage: app.stage };
  const env = { ...values.env, ...(Object.keys(values.env).length > 0 && { PORTICO_ENV: Object.keys(values.env).toSorted().join(",") }) };
  checkEnvironment(env);
  const built = [...manifest.functions, ...(assetsFunction ? [assetsFunction] : [])];
  const functions = await Promise.all(
    built.map((fn) => draftFunction(fn, { folder, manifest, owner, env, secretVersions: values.secretVersions })),
  );
  refuseTwins(functions);
  const keys = httpApiKeys(routes, assets);
  const policy = policyOf(owner, app.lambda.policies);
  const parts = toParts({
    manifest,
    owner,
    functions,
    keys,
    policy,
    bytes: new Map(built.map(({ id, bytes }) => [id, bytes])),
    secrets: app.secrets,
  });
  const hash = digest(parts.map(({ kind, name, key }) => [kind, name, key]));
  return { app: app.name, stage: app.stage, hash, parts, functions, routes: keys, policy };
}

interface FunctionInput {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly owner: Owner;
  readonly env: Readonly<Record<string, string>>;
  readonly secretVersions: Readonly<Record<string, number>>;
}

async function draftFunction(fn: BuiltFunction, { folder, manifest, owner, env, secretVersions }: FunctionInput): Promise<LambdaFunction> {
  if (fn.zip === undefined) throw new Error(`the build made no zip of ${fn.id}`);
  const zip = join(folder, fn.zip);
  const codeSha256 = createHash("sha256")
    .update(await readFile(zip))
    .digest("base64");
  const settings: LambdaSettings = {
    runtime: "nodejs24.x",
    handler: "index.handler",
    architecture: manifest.app.lambda.architecture,
    memory: fn.settings.memory,
    timeout: fn.settings.timeout,
    env,
    logGroup: logGroup(owner),
  };
  const { secrets } = manifest.app;
  const open = Object.fromEntries(Object.entries(env).filter(([name]) => !secrets.includes(name)));
  const versions = secrets.map((name) => [name, secretVersions[name] ?? 0]);
  const key = digest([codeSha256, { ...settings, env: sorted(open) }, stageName(owner), versions]);
  return { id: fn.id, name: functionName(owner, fn.id), key, zip, codeSha256, settings };
}

/** As AWS says them, whatever it says. */
type ShownSettings = Pick<LambdaSettings, "memory" | "timeout" | "env" | "logGroup"> & {
  readonly runtime: string;
  readonly architecture: string;
};

/** What explains a changed key; `secrets` are left out by name. */
export function functionFacts(codeSha256: string, settings: ShownSettings, secrets: readonly string[]): readonly Fact[] {
  const env = Object.entries(settings.env).filter(([name]) => !secrets.includes(name) && name !== "PORTICO_ENV");
  return [
    { label: "code", value: codeSha256, hidden: true },
    { label: "memory", value: `${settings.memory} MB` },
    { label: "timeout", value: `${settings.timeout} s` },
    { label: "runtime", value: settings.runtime },
    { label: "architecture", value: settings.architecture },
    { label: "logs", value: settings.logGroup },
    ...env.map(([name, value]) => ({ label: `env ${name}`, value, hidden: true })),
  ];
}

interface PartsInput {
  readonly manifest: Manifest;
  readonly owner: Owner;
  readonly functions: readonly LambdaFunction[];
  readonly keys: readonly { readonly key: string; readonly function: string }[];
  readonly policy: string;
  readonly bytes: ReadonlyMap<string, number>;
  readonly secrets: readonly string[];
}

function toParts({ owner, functions, keys, policy, bytes, secrets }: PartsInput): readonly Part[] {
  const called = [...new Set(keys.map((route) => route.function))].toSorted();
  return [
    rolePart(owner),
    { kind: "permission", name: `role ${stageName(owner)}`, key: digest(policy), items: statementTexts(policy) },
    { kind: "api", name: stageName(owner), key: "http-api" },
    ...functions.map((fn) => ({
      kind: "function" as const,
      name: fn.id,
      key: fn.key,
      bytes: bytes.get(fn.id) ?? 0,
      facts: functionFacts(fn.codeSha256, fn.settings, secrets),
    })),
    invokePart(owner, called),
    ...keys.map((route) => ({ kind: "route" as const, name: route.key, key: route.function })),
  ];
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
