/** Environment variables: the Environment member in, checked variables out. */
import type { Members } from "../members.ts";
import { invalid, violation } from "./refusals.ts";

/** Lambda sets these itself and refuses them (developer guide, "Defined runtime environment variables"). */
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

/** Bytes of the variables as JSON. */
const limit = 4096;

export function readEnvironment(members: Members): Readonly<Record<string, string>> | undefined {
  const environment = members.structure("Environment");
  if (!environment) return undefined;
  const variables = environment.textMap("Variables") ?? {};
  environment.end();
  const names = Object.keys(variables);
  const odd = names.find((name) => !/^[a-zA-Z]([a-zA-Z0-9_])+$/.test(name) && !reserved.has(name));
  if (odd !== undefined) {
    throw violation(
      "Environment.Variables",
      odd,
      "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]",
    );
  }
  const taken = names.filter((name) => reserved.has(name));
  if (taken.length > 0) {
    throw invalid(
      "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys " +
        `that are currently not supported for modification. Reserved keys used in this request: ${taken.join(", ")}`,
    );
  }
  if (Buffer.byteLength(JSON.stringify(variables)) > limit) {
    throw invalid(
      "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.",
    );
  }
  return variables;
}
