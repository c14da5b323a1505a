/** Integration URIs: the ARN (or the long `…:lambda:path/…/invocations` form of it) in, the function it means out. */
import { account, localRegion } from "../arn.ts";
import type { FunctionRef } from "../lambda/function-name.ts";

const long = /^arn:aws:apigateway:([a-z0-9-]+):lambda:path\/2015-03-31\/functions\/(.+)\/invocations$/;
const arn = /^arn:aws:lambda:([a-z0-9-]+):(\d{12}):function:([a-zA-Z0-9-_]{1,64})(?::(\$LATEST|[a-zA-Z0-9-_]{1,128}))?$/;

/** Undefined when it is not the ARN of a function of this account and region. Stage variables in it are not spoken. */
export function parseIntegrationUri(uri: string): FunctionRef | undefined {
  const parts = arn.exec(long.exec(uri)?.[2] ?? uri);
  if (!parts || parts[1] !== localRegion || parts[2] !== account) return undefined;
  return { name: parts[3] ?? "", qualifier: parts[4] };
}
