/**
 * Environment variables that an app cannot declare: Lambda's own, and those that control Node, the loader and shells.
 */

/** Set by Lambda; CreateFunction refuses them (Lambda developer guide, "Defined runtime environment variables"). */
export const lambdaVariables: ReadonlySet<string> = new Set([
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

/**
 * Variables with which Node, the loader, OpenSSL and shells choose code, certificates and folders (nodejs.org,
 * "Command-line API"; ld.so(8), dyld(1), openssl-env(7), environ(7)). An app on Node shares its process with Portico,
 * which they would change.
 */
const processVariableNames = [
  "node_.*",
  "ld_.*",
  "dyld_.*",
  "openssl_.*",
  "ssl_cert_(file|dir)",
  "glibc_tunables",
  // Where programs and shells are found; `bash_env` is a script that every shell runs first.
  "path",
  "pathext",
  "shell",
  "comspec",
  "bash_env",
  "ifs",
  // Home and temporary folders of each system.
  "home",
  "userprofile",
  "homedrive",
  "homepath",
  "systemroot",
  "windir",
  "tmpdir",
  "tmp",
  "temp",
];

/** The source of a regular expression for any letter case, without flags, since JSON Schema has none. */
export const processVariables: string = `^(${processVariableNames.join("|")})$`.replace(
  /[a-z]/g,
  (letter) => `[${letter.toUpperCase()}${letter}]`,
);
