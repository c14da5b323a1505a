/** Lambda's rules for environment variables (developer guide, "Lambda quotas" and "Defined runtime environment variables"). */
import { lambdaVariables } from "../../framework/model/lambda-variables.ts";
import { UserError } from "../../framework/model/user-error.ts";

/** Bytes of all variables as JSON. */
const limit = 4096;

/** Throws UserError ENV_NAME or ENV_SIZE; says names, never values. */
export function checkEnvironment(env: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(env)) {
    if (/^[a-zA-Z][a-zA-Z0-9_]+$/.test(name) && !lambdaVariables.has(name)) continue;
    const why = lambdaVariables.has(name)
      ? "Lambda sets it itself"
      : "Lambda wants a letter, then letters, digits or _, two characters at least";
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
