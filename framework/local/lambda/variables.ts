/** The environment variables of a Lambda environment: what the platform sets and the function declares, nothing of the developer's. */
import { randomBytes } from "node:crypto";
import type { LoadedFunction } from "../../model/invocation.ts";

/** Where the variables that are not the function's come from. */
export interface Place {
  /** Qualified: `arn:aws:lambda:REGION:ACCOUNT:function:NAME:VERSION`. */
  readonly arn: string;
  /** `127.0.0.1:PORT`. */
  readonly runtimeApi: string;
  readonly runtimeDirectory: string;
}

/** Programs are found through the first, Windows cannot start any without the others. */
const inherited = ["PATH", "SystemRoot", "TEMP", "TMP"] as const;

/**
 * As a function of runtime nodejs24.x sees them (developer guide, "Defined runtime environment variables"), without AWS keys:
 * a local function has no role. PORTICO_ENV names the declared ones, unless a deploy has written it already.
 */
export function variablesOf(fn: LoadedFunction, { arn, runtimeApi, runtimeDirectory }: Place, now: Date): Record<string, string> {
  const [, , , region = "us-east-1", , , name = fn.id, version = "$LATEST"] = arn.split(":");
  const names = Object.keys(fn.env).join(",");
  const machine: Record<string, string> = {};
  for (const key of inherited) if (process.env[key] !== undefined) machine[key] = process.env[key];
  return {
    ...machine,
    LANG: "en_US.UTF-8",
    ...(names && { PORTICO_ENV: names }),
    ...fn.env,
    TZ: ":UTC",
    _HANDLER: `${fn.main.replace(/\.[cm]?js$/, "")}.handler`,
    LAMBDA_TASK_ROOT: fn.directory,
    LAMBDA_RUNTIME_DIR: runtimeDirectory,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(fn.memory),
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: `${now.toISOString().slice(0, 10).replaceAll("-", "/")}/[${version}]${randomBytes(16).toString("hex")}`,
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
  };
}
