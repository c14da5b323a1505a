/** Whether API Gateway or a function URL may call a function: the resource policy of exactly that qualifier in, yes or no out. */
import { account, isArnLike } from "./arn.ts";
import type { Policy, Statement } from "./records.ts";

/** `sourceArn` as `executeArn` makes it. */
export function mayApiGatewayInvoke(policy: Policy | undefined, sourceArn: string): boolean {
  return policy?.statements.some((statement) => covers(statement, sourceArn)) ?? false;
}

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
export function mayUrlInvoke(policy: Policy | undefined): boolean {
  return mayAnybody(policy, "lambda:InvokeFunctionUrl") && mayAnybody(policy, "lambda:InvokeFunction");
}

function mayAnybody(policy: Policy | undefined, action: string): boolean {
  return (
    policy?.statements.some(({ Principal, Action, Condition = {} }) => {
      const isAction = Action === action || Action === "lambda:*" || Action === "*";
      const type = Condition["StringEquals"]?.["lambda:FunctionUrlAuthType"];
      const isViaUrl = Condition["Bool"]?.["lambda:InvokedViaFunctionUrl"];
      // An anonymous client comes from no account and no ARN.
      const isBound = Condition["ArnLike"] !== undefined || Condition["StringEquals"]?.["AWS:SourceAccount"] !== undefined;
      return Principal === "*" && isAction && !isBound && (type ?? "NONE") === "NONE" && (isViaUrl ?? "true") === "true";
    }) ?? false
  );
}
