/** Environment variables: the Environment member in, checked variables out. */
import { lambdaVariables } from "../../../model/lambda-variables.ts";
import type { Members } from "../members.ts";
import { invalid, violation } from "./refusals.ts";

/** Bytes of the variables as JSON. */
const limit = 4096;

export function readEnvironment(members: Members): Readonly<Record<string, string>> | undefined {
  const environment = members.structure("Environment");
  if (!environment) return undefined;
  const variables = environment.textMap("Variables") ?? {};
  environment.end();
  const names = Object.keys(variables);
  const odd = names.find((name) => !/^[a-zA-Z]([a-zA-Z0-9_])+$/.test(name) && !lambdaVariables.has(name));
  if (odd !== undefined) {
    throw violation(
      "Environment.Variables",
      odd,
      "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]",
    );
  }
  const taken = names.filter((name) => lambdaVariables.has(name));
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
