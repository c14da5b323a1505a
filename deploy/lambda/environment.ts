/**
 * Checks environment variables against Lambda's rules (developer guide, "Lambda quotas" and "Defined runtime
 * environment variables").
 */
import { lambdaVariables } from "../../framework/model/reserved-variables.ts";
import { UserError } from "../../framework/model/user-error.ts";

/** Bytes of all variables as JSON. */
const limit = 4096;

/** Throws UserError ENV_NAME or ENV_SIZE, with names but never values. */
export function checkEnvironment(env: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(env)) {
    if (/^[a-zA-Z][a-zA-Z0-9_]+$/.test(name) && !lambdaVariables.has(name)) continue;
    const why = lambdaVariables.has(name)
      ? "Lambda sets it itself"
      : "Lambda takes a letter, then letters, digits or _, two characters at least";
    throw new UserError(
      "ENV_NAME",
      `"${name}" cannot be an environment variable of a function: ${why}`,
      "Rename it in hosting.json.",
    );
  }
  const size = Buffer.byteLength(JSON.stringify(env));
  if (size <= limit) return;
  throw new UserError(
    "ENV_SIZE",
    `env and secrets have ${size} bytes together, and Lambda takes ${limit}`,
    "Shorten them, or put the large ones into a file of the app.",
  );
}
