/** Parses references to a function: a name, a partial ARN or an ARN, with or without a qualifier. */
import { account, localRegion } from "../arn.ts";
import { invalid, violation } from "./errors.ts";

/** A function and a qualifier. */
export interface FunctionRef {
  readonly name: string;
  /** `$LATEST`, a number or an alias; undefined for the unqualified function. */
  readonly qualifier: string | undefined;
}

const reference = new RegExp(
  String.raw`^(?:arn:(aws[a-zA-Z-]*):lambda:)?(?:([a-z]{2}(?:-gov)?-[a-z]+-\d):)?(?:(\d{12}):)?` +
    String.raw`(?:function:)?([a-zA-Z0-9-_]+)(?::(\$LATEST|[a-zA-Z0-9-_]+))?$`,
);
/** The pattern as Lambda's error shows it. */
const documentedPattern =
  String.raw`(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}(-gov)?-[a-z]+-\d{1}:)?(\d{12}:)?` +
  String.raw`(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?`;

/** Throws AwsError for an invalid reference, and for an ARN of another account or region. */
export function parseFunctionName(text: string, qualifier?: string | null): FunctionRef {
  const parts = reference.exec(text);
  if (!parts || text.length > 140)
    throw violation("FunctionName", text, `Member must satisfy regular expression pattern: ${documentedPattern}`);
  const [, , region, owner, name = "", inline] = parts;
  if (name.length > 64) throw violation("FunctionName", text, "Member must have length less than or equal to 64");
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
