/** What the names of env and secrets may be. */
import { processVariables } from "../model/reserved-variables.ts";
import { bindingName } from "./cloud-rules.ts";
import type { TextLimits } from "./rule.ts";

/** Env and secrets are in process.env too, unlike bindings. */
export const envName: TextLimits = {
  ...bindingName,
  not: [...bindingName.not, { pattern: processVariables, description: "a name that controls the process itself" }],
};
