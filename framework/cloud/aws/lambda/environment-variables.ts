/** Reads and checks the environment variables of a function (the member Environment). */
import { lambdaVariables } from "../../../model/reserved-variables.ts";
import type { StructureReader } from "../../structure-reader.ts";
import { invalid, violation } from "./errors.ts";

/** Largest size of the variables as JSON, in bytes. */
const limit = 4096;

export function readEnvironment(members: StructureReader): Readonly<Record<string, string>> | undefined {
  const environment = members.structure("Environment");
  if (!environment) return undefined;
  const variables = environment.textMap("Variables") ?? {};
  environment.end();
  const names = Object.keys(variables);
  const invalidName = names.find((name) => !/^[a-zA-Z]([a-zA-Z0-9_])+$/.test(name) && !lambdaVariables.has(name));
  if (invalidName !== undefined) {
    throw violation(
      "Environment.Variables",
      invalidName,
      "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]",
    );
  }
  const reserved = names.filter((name) => lambdaVariables.has(name));
  if (reserved.length > 0) {
    throw invalid(
      "Lambda was unable to configure your environment variables because the environment variables you have provided " +
        "contains reserved keys that are currently not supported for modification. " +
        `Reserved keys used in this request: ${reserved.join(", ")}`,
    );
  }
  if (Buffer.byteLength(JSON.stringify(variables)) > limit) {
    throw invalid(
      "Lambda was unable to configure your environment variables because the environment variables you have provided " +
        "exceeded the 4KB limit.",
    );
  }
  return variables;
}
