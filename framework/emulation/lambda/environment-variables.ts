/** The environment variables of a Lambda environment: Lambda's and the function's, none of the developer's. */
import { randomBytes } from "node:crypto";
import type { LoadedFunction } from "../../model/invocation.ts";

/** The environment that Lambda's own variables describe. */
export interface EnvironmentIdentity {
  /** Qualified: `arn:aws:lambda:REGION:ACCOUNT:function:NAME:VERSION`. */
  readonly arn: string;
  /** `127.0.0.1:PORT`. */
  readonly runtimeApi: string;
  readonly runtimeDirectory: string;
  /** The environment's own temporary folder. */
  readonly temporary: string;
  /** As `logStreamName` makes it. */
  readonly logStream: string;
}

const partsOf = (
  arn: string,
): { readonly region: string; readonly name: string | undefined; readonly version: string } => {
  const [, , , region = "us-east-1", , , name, version = "$LATEST"] = arn.split(":");
  return { region, name, version };
};

/**
 * A name for each environment: `2026/11/20/[7]0a1b…`; in a log group of the function's own `2026/11/20/NAME[7]0a1b…`,
 * since other functions may write there too (developer guide, "Configuring CloudWatch log groups").
 */
export function logStreamName(arn: string, now: Date, group: string | undefined): string {
  const { name = "", version } = partsOf(arn);
  const own = group === undefined || group === `/aws/lambda/${name}` ? "" : name;
  return `${now.toISOString().slice(0, 10).replaceAll("-", "/")}/${own}[${version}]${randomBytes(16).toString("hex")}`;
}

/** Programs are found through PATH; Windows cannot start any without SystemRoot. */
const inherited = ["PATH", "SystemRoot"] as const;

/** Lambda's folders of modules: layers, and the SDK. */
const modulePath = [
  "/opt/nodejs/node24/node_modules",
  "/opt/nodejs/node_modules",
  "/var/runtime/node_modules",
  "/var/runtime",
];

/** The variables that a process needs to start, whatever its function. */
export function inheritedVariables(temporary: string): Record<string, string> {
  const machine: Record<string, string> = {};
  for (const key of inherited) if (process.env[key] !== undefined) machine[key] = process.env[key];
  return {
    ...machine,
    ...(process.platform === "win32" && { TEMP: temporary, TMP: temporary }),
    TMPDIR: temporary,
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
  };
}

/**
 * The variables of a function with runtime nodejs24.x (developer guide, "Defined runtime environment variables"). It
 * has AWS keys only where `cloudEnv` gives it some. PORTICO_ENV names the declared ones, unless a deploy wrote it.
 */
export function environmentVariables(
  fn: LoadedFunction,
  { arn, runtimeApi, runtimeDirectory, temporary, logStream }: EnvironmentIdentity,
): Record<string, string> {
  const { region, name = fn.id, version } = partsOf(arn);
  const names = Object.keys(fn.env).join(",");
  return {
    ...inheritedVariables(temporary),
    NODE_PATH: [...modulePath, fn.directory].join(":"),
    AWS_XRAY_CONTEXT_MISSING: "LOG_ERROR",
    AWS_XRAY_DAEMON_ADDRESS: "169.254.79.129:2000",
    ...(names && { PORTICO_ENV: names }),
    ...fn.cloudEnv,
    ...fn.env,
    TZ: ":UTC",
    _HANDLER: fn.handler ?? `${fn.main.replace(/\.[cm]?js$/, "")}.handler`,
    LAMBDA_TASK_ROOT: fn.directory,
    LAMBDA_RUNTIME_DIR: runtimeDirectory,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(fn.memory),
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: fn.log?.group ?? `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: logStream,
    ...(fn.logFormat && { AWS_LAMBDA_LOG_FORMAT: fn.logFormat }),
    ...(fn.logLevel && { AWS_LAMBDA_LOG_LEVEL: fn.logLevel }),
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
  };
}
