/** Whether API Gateway may call a function: the resource policy of exactly that qualifier and the call's source ARN in, yes or no out. */
import { account, isArnLike } from "./arn.ts";
import type { Policy, Statement } from "./records.ts";

/** `sourceArn` as `executeArn` makes it. */
export function mayApiGatewayInvoke(policy: Policy | undefined, sourceArn: string): boolean {
  return policy?.statements.some((statement) => covers(statement, sourceArn)) ?? false;
}

function covers({ Principal, Action, Condition = {} }: Statement, sourceArn: string): boolean {
  const isPrincipal = Principal === "*" || (typeof Principal === "object" && Principal["Service"] === "apigateway.amazonaws.com");
  const isAction = /^(lambda:InvokeFunction|lambda:\*|\*)$/.test(Action);
  const arn = Condition["ArnLike"]?.["AWS:SourceArn"];
  const owner = Condition["StringEquals"]?.["AWS:SourceAccount"];
  return isPrincipal && isAction && (arn === undefined || isArnLike(arn, sourceArn)) && (owner === undefined || owner === account);
}
