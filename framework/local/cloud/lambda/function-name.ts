/** The many ways to name a function: a name, partial ARN or ARN and perhaps a qualifier in, name and qualifier out. */
import { account, localRegion } from "../arn.ts";
import { invalid, violation } from "./refusals.ts";

/** What a call is about. */
export interface FunctionRef {
  readonly name: string;
  /** `$LATEST`, a number, or undefined for the unqualified function. */
  readonly qualifier: string | undefined;
}

const form =
  /^(?:arn:(aws[a-zA-Z-]*):lambda:)?(?:([a-z]{2}(?:-gov)?-[a-z]+-\d):)?(?:(\d{12}):)?(?:function:)?([a-zA-Z0-9-_]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?$/;
const shown = String.raw`(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`;

/** Throws AwsError for what is no name, and for an ARN of another account or region. */
export function parseFunctionName(given: string, qualifier?: string | null): FunctionRef {
  const parts = form.exec(given);
  if (!parts || given.length > 140) throw violation("FunctionName", given, `Member must satisfy regular expression pattern: ${shown}`);
  const [, , region, owner, name = "", inline] = parts;
  if (name.length > 64) throw violation("FunctionName", given, "Member must have length less than or equal to 64");
  if (owner !== undefined && owner !== account) throw invalid(`The local cloud is account ${account}, not ${owner}`);
  if (region !== undefined && region !== localRegion)
    throw invalid(`Functions from '${region}' are not reachable in this region ('${localRegion}')`);
  if (qualifier && !/^(\$LATEST|[a-zA-Z0-9$_-]{1,128})$/.test(qualifier)) {
    throw violation("Qualifier", qualifier, "Member must satisfy regular expression pattern: (|[a-zA-Z0-9$_-]+)");
  }
  if (qualifier && inline !== undefined && inline !== qualifier) {
    throw invalid("The derived qualifier from the function name does not match the specified qualifier.");
  }
  return { name, qualifier: qualifier || inline };
}
