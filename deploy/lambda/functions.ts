/** Creates or updates a Lambda function and publishes a version, or finds the version that has the same key. */
import {
  CreateFunctionCommand,
  type FunctionConfiguration,
  GetFunctionCommand,
  PublishVersionCommand,
  paginateListVersionsByFunction,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from "@aws-sdk/client-lambda";
import { createHash } from "node:crypto";
import { UserError } from "../../framework/model/user-error.ts";
import type { Version, Owner } from "../parts.ts";
import { poll, retry } from "../retry.ts";
import { type ZipSource, readFunctionZip } from "./function-zip.ts";
import type { LambdaFunction } from "./lambda-function.ts";
import { functionTags, isOurs, versionDescription, versionKey } from "./names.ts";
import { isConflict, isInvalidParameter, isMissing } from "./aws-error.ts";
import type { Role } from "./role.ts";

/** Where and for whom functions are made. */
export interface FunctionHost extends ZipSource {
  readonly owner: Owner;
  /** By the name under which functions know them. */
  readonly roles: ReadonlyMap<string, Pick<Role, "arn" | "created">>;
  /** Throws where this run was suspended so long that another may be at work. Called before each change. */
  readonly requireLease: () => void;
}

/** The function's role. */
export function roleOf({ roles }: Pick<FunctionHost, "roles">, { name, role }: LambdaFunction) {
  const found = roles.get(role);
  if (!found) throw new Error(`the role ${role} of ${name} was not prepared`);
  return found;
}

/** A function's code as it is uploaded. */
interface Code {
  readonly bytes: Uint8Array;
  /** Base64, as in Lambda's API. */
  readonly sha256: string;
}

async function codeOf(host: FunctionHost, fn: LambdaFunction): Promise<Code> {
  const bytes = await readFunctionZip(host, fn);
  return { bytes, sha256: createHash("sha256").update(bytes).digest("base64") };
}

/** The result of an upload. */
export interface FunctionUpload {
  readonly version: Version;
  /** True when the function was made for it: then it has no other version. */
  readonly isFirst: boolean;
}

/**
 * The version with the function's key: the one that exists, or a new one. Throws UserError FUNCTION_FAILED,
 * CANDIDATE_DIFFERS.
 */
export async function uploadFunction(host: FunctionHost, fn: LambdaFunction): Promise<FunctionUpload> {
  const found = await findFunction(host, fn.name);
  const made = found ? ((await findVersion(host, fn)) ?? (await update(host, fn))) : await create(host, fn);
  // Settings have no precondition: a concurrent change just before publishing is part of the version.
  if (!isFrozen(made, host, fn)) throw differs(fn.name, made.Version);
  return { version: await whenActive(host, fn, made), isFirst: !found };
}

/** Undefined when there is none. Throws when it is somebody else's: the plan should have refused before. */
async function findFunction(
  { clients, owner }: FunctionHost,
  FunctionName: string,
): Promise<FunctionConfiguration | undefined> {
  try {
    const { Configuration, Tags } = await clients.lambda.send(new GetFunctionCommand({ FunctionName }));
    if (!isOurs(owner, Tags)) throw new Error(`the function ${FunctionName} belongs to another app`);
    return Configuration;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function findVersion(host: FunctionHost, fn: LambdaFunction): Promise<FunctionConfiguration | undefined> {
  const { lambda } = host.clients;
  for await (const { Versions = [] } of paginateListVersionsByFunction({ client: lambda }, { FunctionName: fn.name })) {
    const made = Versions.filter(
      ({ Version, Description }) => Version !== "$LATEST" && versionKey(Description) === fn.key,
    );
    const version = made.find((one) => isFrozen(one, host, fn));
    if (version) return version;
  }
  return undefined;
}

/** The function's first version, made in one call. Another run's may come first: then that one is updated. */
async function create(host: FunctionHost, fn: LambdaFunction): Promise<FunctionConfiguration> {
  const { clients, owner } = host;
  const command = new CreateFunctionCommand({
    FunctionName: fn.name,
    ...configuration(host, fn),
    Description: versionDescription(fn.key),
    Architectures: [fn.settings.architecture],
    Code: { ZipFile: (await codeOf(host, fn)).bytes },
    Tags: functionTags(owner, fn.id),
    Publish: true,
  });
  try {
    return await retryChange(host, fn, () => clients.lambda.send(command), false);
  } catch (error) {
    if (!isConflict(error) || !(await findFunction(host, fn.name))) throw error;
    return (await findVersion(host, fn)) ?? update(host, fn);
  }
}

/**
 * Code, then settings, then a version, each when the one before is done: Lambda refuses them side by side ("Lambda
 * function states").
 */
async function update(host: FunctionHost, fn: LambdaFunction): Promise<FunctionConfiguration> {
  const { lambda } = host.clients;
  const FunctionName = fn.name;
  const [updated, { bytes, sha256 }] = await Promise.all([whenUpdated(host, FunctionName), codeOf(host, fn)]);
  let latest = updated;
  if (latest.CodeSha256 !== sha256 || latest.Architectures?.[0] !== fn.settings.architecture) {
    const code = { FunctionName, ZipFile: bytes, Architectures: [fn.settings.architecture] };
    latest = await whenUpdated(
      host,
      FunctionName,
      await retryChange(host, fn, () => lambda.send(new UpdateFunctionCodeCommand(code))),
    );
  }
  if (!isConfigured(latest, configuration(host, fn))) await configure(host, fn, latest);
  const version = await publish(host, fn, sha256);
  if (versionKey(version.Description) === fn.key) return version;
  // Lambda gives the last version again when code and settings are equal, and keeps that one's description: only then
  // the description has to differ in the settings themselves.
  await configure(host, fn, latest);
  return publish(host, fn, sha256);
}

async function configure(host: FunctionHost, fn: LambdaFunction, latest: FunctionConfiguration): Promise<void> {
  // A call without VpcConfig leaves a function in its VPC; empty lists take it out (UpdateFunctionConfiguration).
  const outside = latest.VpcConfig?.SubnetIds?.length ? { VpcConfig: { SubnetIds: [], SecurityGroupIds: [] } } : {};
  const settings = { ...outside, ...configuration(host, fn), Description: versionDescription(fn.key) };
  const command = new UpdateFunctionConfigurationCommand({ FunctionName: fn.name, ...settings });
  const changed = await retryChange(host, fn, () => host.clients.lambda.send(command));
  await whenUpdated(host, fn.name, changed);
}

/** CodeSha256 is a precondition: code that somebody else uploaded meanwhile is not published. */
function publish(host: FunctionHost, fn: LambdaFunction, CodeSha256: string): Promise<FunctionConfiguration> {
  const command = { FunctionName: fn.name, CodeSha256, Description: versionDescription(fn.key) };
  return retryChange(host, fn, () => host.clients.lambda.send(new PublishVersionCommand(command)));
}

function configuration(host: FunctionHost, fn: LambdaFunction) {
  const { runtime, handler, memory, timeout, env, logGroup, traces, vpc } = fn.settings;
  return {
    Role: roleOf(host, fn).arn,
    Runtime: runtime,
    Handler: handler,
    MemorySize: memory,
    Timeout: timeout,
    Environment: { Variables: { ...env } },
    LoggingConfig: { LogFormat: "Text" as const, LogGroup: logGroup },
    TracingConfig: { Mode: traces ? ("Active" as const) : ("PassThrough" as const) },
    ...(vpc && { VpcConfig: { SubnetIds: [...vpc.subnets], SecurityGroupIds: [...vpc.securityGroups] } }),
  };
}

function isConfigured(latest: FunctionConfiguration, wanted: ReturnType<typeof configuration>): boolean {
  const { Role, Runtime, Handler, MemorySize, Timeout, Environment, LoggingConfig, TracingConfig } = wanted;
  const env = latest.Environment?.Variables ?? {};
  const names = Object.keys(Environment.Variables);
  const isEnvEqual =
    names.length === Object.keys(env).length && names.every((name) => env[name] === Environment.Variables[name]);
  const isRestEqual =
    latest.Role === Role &&
    latest.Runtime === Runtime &&
    latest.Handler === Handler &&
    latest.MemorySize === MemorySize;
  return (
    isEnvEqual &&
    isRestEqual &&
    sameList(latest.VpcConfig?.SubnetIds, wanted.VpcConfig?.SubnetIds) &&
    sameList(latest.VpcConfig?.SecurityGroupIds, wanted.VpcConfig?.SecurityGroupIds) &&
    latest.Timeout === Timeout &&
    latest.LoggingConfig?.LogGroup === LoggingConfig.LogGroup &&
    (latest.TracingConfig?.Mode ?? "PassThrough") === TracingConfig.Mode
  );
}

/** True for a version with the desired settings; an environment that may not be read counts as equal. */
function isFrozen(version: FunctionConfiguration, host: FunctionHost, fn: LambdaFunction): boolean {
  const wanted = configuration(host, fn);
  const Environment = version.Environment?.Error ? wanted.Environment : version.Environment;
  return version.Architectures?.[0] === fn.settings.architecture && isConfigured({ ...version, Environment }, wanted);
}

const sameList = (one: readonly string[] = [], other: readonly string[] = []): boolean =>
  one.toSorted().join() === other.toSorted().join();

/**
 * Retries calls that Lambda refuses temporarily. A new role may not be assumable yet, and that refusal has no
 * name of its own: so for two minutes after its making every invalid parameter is tried again.
 */
function retryChange<T>(
  host: FunctionHost,
  fn: LambdaFunction,
  call: () => Promise<T>,
  retriesConflict = true,
): Promise<T> {
  const { clients, requireLease } = host;
  const isForNow = (error: unknown): boolean =>
    (retriesConflict && isConflict(error)) ||
    (isInvalidParameter(error) && clients.clock.now() - roleOf(host, fn).created < 120_000);
  return retry({ clock: clients.clock }, isForNow, () => {
    requireLease();
    return call();
  });
}

/** `$LATEST` when no update of it is in progress; asks only when `known` does not say so already. */
async function whenUpdated(
  { clients }: FunctionHost,
  FunctionName: string,
  known?: FunctionConfiguration,
): Promise<FunctionConfiguration> {
  const isSettled = (one: FunctionConfiguration): boolean => {
    if (one.LastUpdateStatus === "Failed") throw functionFailed(FunctionName, one.LastUpdateStatusReason);
    return one.State !== "Pending" && one.LastUpdateStatus !== "InProgress";
  };
  if (known && isSettled(known)) return known;
  return poll(
    { clock: clients.clock },
    `the update of ${FunctionName}`,
    () => readConfiguration(clients, { FunctionName }),
    isSettled,
  );
}

/** Waits until the version can be invoked; lists omit its state, so it is read again. */
async function whenActive(
  { clients }: FunctionHost,
  fn: LambdaFunction,
  made: FunctionConfiguration,
): Promise<Version> {
  const isActive = (one: FunctionConfiguration): boolean => {
    if (one.State === "Failed") throw functionFailed(fn.name, one.StateReason);
    // An inactive version wakes on its first invocation.
    return one.State === "Active" || one.State === "Inactive";
  };
  const target = { FunctionName: fn.name, Qualifier: made.Version };
  if (!isActive(made)) {
    await poll(
      { clock: clients.clock },
      `version ${made.Version} of ${fn.name}`,
      () => readConfiguration(clients, target),
      isActive,
    );
  }
  return toVersion(fn.id, made, fn.key);
}

/**
 * GetFunction has a limit of 100 calls a second of its own; GetFunctionConfiguration shares the 15 of everything else.
 */
async function readConfiguration(
  { lambda }: FunctionHost["clients"],
  target: { readonly FunctionName: string; readonly Qualifier?: string | undefined },
): Promise<FunctionConfiguration> {
  const { Configuration = {} } = await lambda.send(new GetFunctionCommand(target));
  return Configuration;
}

function differs(name: string, version: string | undefined): UserError {
  return new UserError(
    "CANDIDATE_DIFFERS",
    `version ${version} of ${name} has other settings than the release needs: somebody changed the function at ` +
      "the same time",
    "Run the deploy again; the live release is unchanged, and no release uses that version.",
  );
}

function functionFailed(name: string, reason: string | undefined): UserError {
  return new UserError(
    "FUNCTION_FAILED",
    `Lambda could not make ${name} ready: ${reason ?? "it gives no reason"}`,
    "Correct the cause and run the deploy again; the live release is unchanged.",
  );
}

/** A published version in neutral terms. */
export function toVersion(id: string, { FunctionArn = "", Version = "" }: FunctionConfiguration, key: string): Version {
  const unqualified = FunctionArn.split(":").slice(0, 7).join(":");
  return { function: id, number: Version, ref: `${unqualified}:${Version}`, key };
}
