/** ARNs of the local AWS account: builds them, and matches them against patterns. */

/** The only account of the local cloud. */
export const account = "000000000000";

/** Its only region: a signature for another one is refused. */
export const localRegion = "us-east-1";

/** `arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]`. */
export function functionArn(name: string, qualifier?: string): string {
  const arn = `arn:aws:lambda:${localRegion}:${account}:function:${name}`;
  return qualifier === undefined ? arn : `${arn}:${qualifier}`;
}

export function mappingArn(uuid: string): string {
  return `arn:aws:lambda:${localRegion}:${account}:event-source-mapping:${uuid}`;
}

export function tableArn(name: string): string {
  return `arn:aws:dynamodb:${localRegion}:${account}:table/${name}`;
}

export function queueArn(name: string): string {
  return `arn:aws:sqs:${localRegion}:${account}:${name}`;
}

export function scheduleGroupArn(name: string): string {
  return `arn:aws:scheduler:${localRegion}:${account}:schedule-group/${name}`;
}

export function scheduleArn(group: string, name: string): string {
  return `arn:aws:scheduler:${localRegion}:${account}:schedule/${group}/${name}`;
}

export function roleArn(path: string, name: string): string {
  return `arn:aws:iam::${account}:role${path}${name}`;
}

/** The SourceArn of a call that API Gateway makes to a function, which the function's policy may check. */
export function executeArn(apiId: string, stage: string, routeKey: string): string {
  return `arn:aws:execute-api:${localRegion}:${account}:${apiId}/${stage}/${routeKey.replace(" ", "")}`;
}

/**
 * IAM's operator ArnLike: compares each of the six parts; `*` matches any characters, `?` exactly one (IAM user guide,
 * "Amazon Resource Name (ARN) condition operators").
 */
export function isArnLike(pattern: string, arn: string): boolean {
  const patterns = splitArn(pattern);
  const parts = splitArn(arn);
  return patterns.length === parts.length && patterns.every((part, index) => isLike(part, parts[index] ?? ""));
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
