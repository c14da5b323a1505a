/** Lambda's rules for environment variables (developer guide, "Lambda quotas" and "Defined runtime environment variables"). */
import { UserError } from "../../framework/model/user-error.ts";

const reserved: ReadonlySet<string> = new Set([
  "_HANDLER",
  "_X_AMZN_TRACE_ID",
  "AWS_REGION",
  "AWS_DEFAULT_REGION",
  "AWS_EXECUTION_ENV",
  "AWS_LAMBDA_FUNCTION_NAME",
  "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
  "AWS_LAMBDA_FUNCTION_VERSION",
  "AWS_LAMBDA_INITIALIZATION_TYPE",
  "AWS_LAMBDA_LOG_GROUP_NAME",
  "AWS_LAMBDA_LOG_STREAM_NAME",
  "AWS_ACCESS_KEY",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "AWS_LAMBDA_RUNTIME_API",
  "LAMBDA_TASK_ROOT",
  "LAMBDA_RUNTIME_DIR",
  "TZ",
]);

/** Bytes of all variables as JSON. */
const limit = 4096;

/** Throws UserError ENV_NAME or ENV_SIZE; says names, never values. */
export function checkEnvironment(env: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(env)) {
    if (/^[a-zA-Z][a-zA-Z0-9_]+$/.test(name) && !reserved.has(name)) continue;
    const why = reserved.has(name) ? "Lambda sets it itself" : "Lambda wants a letter, then letters, digits or _, two characters at least";
    throw new UserError("ENV_NAME", `"${name}" cannot be an environment variable of a function: ${why}`, "rename it in hosting.json");
  }
  const size = Buffer.byteLength(JSON.stringify(env));
  if (size <= limit) return;
  throw new UserError(
    "ENV_SIZE",
    `env and secrets have ${size} bytes together, and Lambda takes ${limit}`,
    "shorten them, or put the large ones into a file of the app",
  );
}
