/** Whether API Gateway or a function URL may call a function: the resource policy of exactly that qualifier in, yes or no out. */
import { account, isArnLike } from "./arn.ts";
import type { Policy, Statement } from "./records.ts";

/** `sourceArn` as `executeArn` makes it. @param now epoch ms: a grant may not be seen yet */
export function mayApiGatewayInvoke(policy: Policy | undefined, sourceArn: string, now: number): boolean {
  return seenStatements(policy, now).some((statement) => covers(statement, sourceArn));
}

const seenStatements = (policy: Policy | undefined, now: number): readonly Statement[] =>
  policy?.statements.filter(({ Sid }) => (policy.seenFrom?.[Sid] ?? 0) <= now) ?? [];

function covers({ Principal, Action, Condition = {} }: Statement, sourceArn: string): boolean {
  const isPrincipal = Principal === "*" || (typeof Principal === "object" && Principal["Service"] === "apigateway.amazonaws.com");
  const isAction = /^(lambda:InvokeFunction|lambda:\*|\*)$/.test(Action);
  // A call of API Gateway's has neither of a URL's keys.
  if (
    Condition["Bool"]?.["lambda:InvokedViaFunctionUrl"] === "true" ||
    Condition["StringEquals"]?.["lambda:FunctionUrlAuthType"] !== undefined
  )
    return false;
  const arn = Condition["ArnLike"]?.["AWS:SourceArn"];
  const owner = Condition["StringEquals"]?.["AWS:SourceAccount"];
  return isPrincipal && isAction && (arn === undefined || isArnLike(arn, sourceArn)) && (owner === undefined || owner === account);
}

/** A URL of AuthType NONE made since October 2025 needs both permissions, for everybody (developer guide, "Control access to function URLs"). */
export function mayUrlInvoke(policy: Policy | undefined, now: number): boolean {
  const statements = seenStatements(policy, now);
  return mayAnybody(statements, "lambda:InvokeFunctionUrl") && mayAnybody(statements, "lambda:InvokeFunction");
}

function mayAnybody(statements: readonly Statement[], action: string): boolean {
  return statements.some(({ Principal, Action, Condition = {} }) => {
    const isAction = Action === action || Action === "lambda:*" || Action === "*";
    const type = Condition["StringEquals"]?.["lambda:FunctionUrlAuthType"];
    const isViaUrl = Condition["Bool"]?.["lambda:InvokedViaFunctionUrl"];
    // An anonymous client comes from no account and no ARN.
    const isBound = Condition["ArnLike"] !== undefined || Condition["StringEquals"]?.["AWS:SourceAccount"] !== undefined;
    return Principal === "*" && isAction && !isBound && (type ?? "NONE") === "NONE" && (isViaUrl ?? "true") === "true";
  });
}
