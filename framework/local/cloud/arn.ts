/** Names of the emulated account's resources: parts in, ARNs out, and back. */

/** The one account that the local cloud is. */
export const account = "000000000000";

/** The one region that it is; a client that signs for another is refused. */
export const localRegion = "us-east-1";

/** `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]`. */
export function functionArn(name: string, qualifier?: string): string {
  const arn = `arn:aws:lambda:${localRegion}:${account}:function:${name}`;
  return qualifier === undefined ? arn : `${arn}:${qualifier}`;
}

export function roleArn(path: string, name: string): string {
  return `arn:aws:iam::${account}:role${path}${name}`;
}

/** Tag operations name an API or one of its stages so. */
export function apiArn(apiId: string, stage?: string): string {
  const arn = `arn:aws:apigateway:${localRegion}::/apis/${apiId}`;
  return stage === undefined ? arn : `${arn}/stages/${stage}`;
}

/** What API Gateway shows a function's policy as the source of a call (developer guide, "Control access … Lambda function policies"). */
export function executeArn(apiId: string, stage: string, routeKey: string): string {
  return `arn:aws:execute-api:${localRegion}:${account}:${apiId}/${stage}/${routeKey.replace(" ", "")}`;
}

/**
 * ArnLike of IAM: each of the six parts is compared by itself, `*` is any run of characters and `?` any one
 * (IAM user guide, "Amazon Resource Name (ARN) condition operators").
 */
export function isArnLike(pattern: string, arn: string): boolean {
  const patterns = splitArn(pattern);
  const parts = splitArn(arn);
  return patterns.length === parts.length && patterns.every((part, at) => isLike(part, parts[at] ?? ""));
}

function splitArn(arn: string): readonly string[] {
  const parts = arn.split(":");
  return parts.length <= 6 ? parts : [...parts.slice(0, 5), parts.slice(5).join(":")];
}

function isLike(pattern: string, text: string): boolean {
  const source = pattern
    .replace(/[\\^$.|+()[\]{}]/g, "\\$&")
    .replaceAll("*", "[^]*")
    .replaceAll("?", "[^]");
  return new RegExp(`^${source}$`, "u").test(text);
}
