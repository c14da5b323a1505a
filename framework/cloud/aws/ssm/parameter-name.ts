/** Names of parameters: their rules, their ARNs, and references with a version (`name:7`). */
import { account, localRegion } from "../arn.ts";
import { ssmError, validation } from "./errors.ts";

/** The parameter that a read asks for: `name`, `name:7`, or an ARN of either. */
export interface ParameterRef {
  readonly name: string;
  readonly version?: number;
  /** `:7`, as the response repeats it. */
  readonly selector?: string;
}

/** Longest name and deepest hierarchy (user guide, "Requirements and constraints for parameter names"). */
const maxName = 1011;
const maxLevels = 15;

export function parameterArn(name: string): string {
  return `arn:aws:ssm:${localRegion}:${account}:parameter/${name.replace(/^\//, "")}`;
}

/** Returns the name when a new parameter may have it. Throws ValidationException. */
export function checkName(name: string): string {
  if (name.length > maxName) throw validation(`Parameter name: must be at most ${maxName} characters long.`);
  const parts = name.replace(/^\//, "").split("/");
  if (parts.some((part) => !/^[a-zA-Z0-9_.-]+$/.test(part))) {
    throw validation(
      'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of ' +
        "sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the " +
        "following 3 symbols .-_",
    );
  }
  if (/^(?:aws|ssm)/i.test(parts[0] ?? ""))
    throw validation(`Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive).`);
  if (parts.length > 1 && !name.startsWith("/")) throw validation("Parameter name must be a fully qualified name.");
  if (parts.length > maxLevels)
    throw ssmError("HierarchyLevelLimitExceededException", `A hierarchy can have a maximum of ${maxLevels} levels.`);
  return name;
}

/** Parses a reference. Labels are not supported. */
export function readRef(text: string): ParameterRef {
  const [, owner, path] = /^arn:aws:ssm:([a-z0-9-]+:\d{12}):parameter(\/.+)$/.exec(text) ?? [];
  if (owner !== undefined && owner !== `${localRegion}:${account}`)
    throw validation(`The local cloud is ${localRegion}:${account}, not ${owner}.`);
  const [name = "", selector, ...more] = (path ?? text).split(":");
  if (more.length > 0) throw validation(`Parameter name: ${text} is not valid.`);
  if (selector === undefined) return { name };
  if (!/^\d{1,15}$/.test(selector))
    throw validation(`Portico's local cloud does not support labels of parameters, such as ${selector}`);
  return { name, version: Number(selector), selector: `:${selector}` };
}
