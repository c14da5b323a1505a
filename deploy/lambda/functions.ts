/** A function on Lambda: its code and settings in, a published version out, found again by its key when it is there already. */
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
import type { Version } from "../platform.ts";
import { type CodeHost, readCode } from "./code.ts";
import type { LambdaFunction, LambdaSettings } from "./draft.ts";
import { functionTags, isOurs, type Owner, versionDescription, versionKey } from "./names.ts";
import { isConflict, isInvalidParameter, isMissing, polling, retrying } from "./retry.ts";
import type { Role } from "./role.ts";

/** Where and for whom functions are made. */
export interface FunctionHost extends CodeHost {
  readonly owner: Owner;
  readonly role: Pick<Role, "arn" | "created">;
  /** Throws when this run stood still and another may be at work: before anything is changed. */
  readonly check: () => void;
}

/** A function's code as it is uploaded. */
interface Code {
  readonly bytes: Uint8Array;
  /** Base64, as Lambda says it. */
  readonly sha256: string;
}

async function codeOf(host: FunctionHost, fn: LambdaFunction): Promise<Code> {
  const bytes = await readCode(host, fn);
  return { bytes, sha256: createHash("sha256").update(bytes).digest("base64") };
}

/** What became of a function. */
export interface Uploaded {
  readonly version: Version;
  /** True when the function was made for it: then it has no other version. */
  readonly isFirst: boolean;
}

/** The version with the function's key: the one that exists, or a new one. Throws UserError FUNCTION_FAILED, CANDIDATE_DIFFERS. */
export async function uploadFunction(host: FunctionHost, fn: LambdaFunction): Promise<Uploaded> {
  const found = await findFunction(host, fn.name);
  const made = found ? ((await findVersion(host, fn)) ?? (await update(host, fn))) : await create(host, fn);
  // Settings have no precondition as the code has: what somebody changed just before a version was made is in it.
  if (!isFrozen(made, host, fn)) throw differs(fn.name, made.Version);
  return { version: await activated(host, fn, made), isFirst: !found };
}

/** Undefined when there is none. Throws when it is somebody else's: the plan should have refused before. */
async function findFunction({ clients, owner }: FunctionHost, FunctionName: string): Promise<FunctionConfiguration | undefined> {
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
    const made = Versions.filter(({ Version, Description }) => Version !== "$LATEST" && versionKey(Description) === fn.key);
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
    ...configuration(host, fn.settings),
    Description: versionDescription(fn.key),
    Architectures: [fn.settings.architecture],
    Code: { ZipFile: (await codeOf(host, fn)).bytes },
    Tags: functionTags(owner, fn.id),
    Publish: true,
  });
  try {
    return await changing(host, () => clients.lambda.send(command), false);
  } catch (error) {
    if (!isConflict(error) || !(await findFunction(host, fn.name))) throw error;
    return (await findVersion(host, fn)) ?? update(host, fn);
  }
}

/** Code, then settings, then a version, each when the one before is done: Lambda refuses them side by side (facts/aws.md section 1.3). */
async function update(host: FunctionHost, fn: LambdaFunction): Promise<FunctionConfiguration> {
  const { lambda } = host.clients;
  const FunctionName = fn.name;
  const [settledNow, { bytes, sha256 }] = await Promise.all([settled(host, FunctionName), codeOf(host, fn)]);
  let latest = settledNow;
  if (latest.CodeSha256 !== sha256 || latest.Architectures?.[0] !== fn.settings.architecture) {
    const code = { FunctionName, ZipFile: bytes, Architectures: [fn.settings.architecture] };
    latest = await settled(host, FunctionName, await changing(host, () => lambda.send(new UpdateFunctionCodeCommand(code))));
  }
  if (!isConfigured(latest, configuration(host, fn.settings))) await configure(host, fn, latest);
  const version = await publish(host, fn, sha256);
  if (versionKey(version.Description) === fn.key) return version;
  // Lambda gives the last version again when code and settings are equal, and keeps that one's description: only then the
  // description has to differ in the settings themselves.
  await configure(host, fn, latest);
  return publish(host, fn, sha256);
}

async function configure(host: FunctionHost, fn: LambdaFunction, { FunctionName }: FunctionConfiguration): Promise<void> {
  const command = { FunctionName, ...configuration(host, fn.settings), Description: versionDescription(fn.key) };
  const changed = await changing(host, () => host.clients.lambda.send(new UpdateFunctionConfigurationCommand(command)));
  await settled(host, fn.name, changed);
}

/** CodeSha256 is a precondition: what somebody else uploaded meanwhile is not published as ours. */
function publish(host: FunctionHost, { name, key }: LambdaFunction, CodeSha256: string): Promise<FunctionConfiguration> {
  const command = { FunctionName: name, CodeSha256, Description: versionDescription(key) };
  return changing(host, () => host.clients.lambda.send(new PublishVersionCommand(command)));
}

function configuration({ role }: FunctionHost, { runtime, handler, memory, timeout, env, logGroup, vpc }: LambdaSettings) {
  return {
    Role: role.arn,
    Runtime: runtime,
    Handler: handler,
    MemorySize: memory,
    Timeout: timeout,
    Environment: { Variables: { ...env } },
    LoggingConfig: { LogFormat: "Text" as const, LogGroup: logGroup },
    ...(vpc && { VpcConfig: { SubnetIds: [...vpc.subnets], SecurityGroupIds: [...vpc.securityGroups] } }),
  };
}

function isConfigured(latest: FunctionConfiguration, wanted: ReturnType<typeof configuration>): boolean {
  const { Role, Runtime, Handler, MemorySize, Timeout, Environment, LoggingConfig } = wanted;
  const env = latest.Environment?.Variables ?? {};
  const names = Object.keys(Environment.Variables);
  const isEnvEqual = names.length === Object.keys(env).length && names.every((name) => env[name] === Environment.Variables[name]);
  const isRestEqual = latest.Role === Role && latest.Runtime === Runtime && latest.Handler === Handler && latest.MemorySize === MemorySize;
  const isNetEqual =
    sameList(latest.VpcConfig?.SubnetIds, wanted.VpcConfig?.SubnetIds) &&
    sameList(latest.VpcConfig?.SecurityGroupIds, wanted.VpcConfig?.SecurityGroupIds);
  return isEnvEqual && isRestEqual && isNetEqual && latest.Timeout === Timeout && latest.LoggingConfig?.LogGroup === LoggingConfig.LogGroup;
}

/** True for a version whose settings are the draft's; where the environment may not be read, the rest says so. */
function isFrozen(version: FunctionConfiguration, host: FunctionHost, fn: LambdaFunction): boolean {
  const wanted = configuration(host, fn.settings);
  const Environment = version.Environment?.Error ? wanted.Environment : version.Environment;
  return version.Architectures?.[0] === fn.settings.architecture && isConfigured({ ...version, Environment }, wanted);
}

const sameList = (one: readonly string[] = [], other: readonly string[] = []): boolean => one.toSorted().join() === other.toSorted().join();

/**
 * Tries again what Lambda refuses for now. A role that was just made may not be assumable yet, and that refusal has no name of its
 * own: so for two minutes after its making every invalid parameter is tried again.
 */
function changing<T>({ clients: { clock }, role, check }: FunctionHost, call: () => Promise<T>, retriesConflict = true): Promise<T> {
  const isForNow = (error: unknown): boolean =>
    (retriesConflict && isConflict(error)) || (isInvalidParameter(error) && clock.now() - role.created < 120_000);
  return retrying({ clock }, isForNow, () => {
    check();
    return call();
  });
}

/** `$LATEST` when no update of it is in progress; asks only when `known` does not say so already. */
async function settled({ clients }: FunctionHost, FunctionName: string, known?: FunctionConfiguration): Promise<FunctionConfiguration> {
  const isSettled = (one: FunctionConfiguration): boolean => {
    if (one.LastUpdateStatus === "Failed") throw functionFailed(FunctionName, one.LastUpdateStatusReason);
    return one.State !== "Pending" && one.LastUpdateStatus !== "InProgress";
  };
  if (known && isSettled(known)) return known;
  return polling({ clock: clients.clock }, `the update of ${FunctionName}`, () => readConfiguration(clients, { FunctionName }), isSettled);
}

/** The version once it can be invoked; lists leave its state out, so one that was found is asked for it. */
async function activated({ clients }: FunctionHost, fn: LambdaFunction, made: FunctionConfiguration): Promise<Version> {
  const isActive = (one: FunctionConfiguration): boolean => {
    if (one.State === "Failed") throw functionFailed(fn.name, one.StateReason);
    // An idle one wakes when it is asked.
    return one.State === "Active" || one.State === "Inactive";
  };
  const target = { FunctionName: fn.name, Qualifier: made.Version };
  if (!isActive(made)) {
    await polling({ clock: clients.clock }, `version ${made.Version} of ${fn.name}`, () => readConfiguration(clients, target), isActive);
  }
  return toVersion(fn.id, made, fn.key);
}

/** GetFunction has a limit of 100 calls a second of its own; GetFunctionConfiguration shares the 15 of everything else. */
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
    `version ${version} of ${name} was made with other settings than the release wants: somebody changes the function at the same time`,
    "what is live was not touched, and that version is not used by any release; deploy again",
  );
}

function functionFailed(name: string, reason: string | undefined): UserError {
  return new UserError(
    "FUNCTION_FAILED",
    `Lambda could not make ${name} ready: ${reason ?? "it does not say why"}`,
    "what is live was not touched; repair it and deploy again",
  );
}

/** A published version in neutral terms. */
export function toVersion(id: string, { FunctionArn = "", Version = "" }: FunctionConfiguration, key: string): Version {
  const unqualified = FunctionArn.split(":").slice(0, 7).join(":");
  return { function: id, number: Version, ref: `${unqualified}:${Version}`, key };
}
