/** Decides from the resource policy of a qualifier whether API Gateway or a function URL may invoke the function. */
import { account, isArnLike } from "../arn.ts";
import type { Policy, Statement } from "../records.ts";

/** `sourceArn` is the one of `executeArn`. `now` (epoch ms) decides which new statements are visible yet. */
export function mayApiGatewayInvoke(policy: Policy | undefined, sourceArn: string, now: number): boolean {
  return visibleStatements(policy, now).some((statement) => covers(statement, sourceArn));
}

const visibleStatements = (policy: Policy | undefined, now: number): readonly Statement[] =>
  policy?.statements.filter(({ Sid }) => (policy.seenFrom?.[Sid] ?? 0) <= now) ?? [];

function covers({ Principal, Action, Condition = {} }: Statement, sourceArn: string): boolean {
  const isPrincipal =
    Principal === "*" || (typeof Principal === "object" && Principal["Service"] === "apigateway.amazonaws.com");
  const isAction = /^(lambda:InvokeFunction|lambda:\*|\*)$/.test(Action);
  // A call of API Gateway has none of the condition keys of a function URL.
  if (
    Condition["Bool"]?.["lambda:InvokedViaFunctionUrl"] === "true" ||
    Condition["StringEquals"]?.["lambda:FunctionUrlAuthType"] !== undefined
  )
    return false;
  const arn = Condition["ArnLike"]?.["AWS:SourceArn"];
  const owner = Condition["StringEquals"]?.["AWS:SourceAccount"];
  return (
    isPrincipal &&
    isAction &&
    (arn === undefined || isArnLike(arn, sourceArn)) &&
    (owner === undefined || owner === account)
  );
}

/**
 * A URL of AuthType NONE that was created since October 2025 needs both permissions, for the principal `*` (developer
 * guide, "Control access to function URLs").
 */
export function mayUrlInvoke(policy: Policy | undefined, now: number): boolean {
  const statements = visibleStatements(policy, now);
  return (
    allowsEverybody(statements, "lambda:InvokeFunctionUrl") && allowsEverybody(statements, "lambda:InvokeFunction")
  );
}

function allowsEverybody(statements: readonly Statement[], action: string): boolean {
  return statements.some(({ Principal, Action, Condition = {} }) => {
    const isAction = Action === action || Action === "lambda:*" || Action === "*";
    const type = Condition["StringEquals"]?.["lambda:FunctionUrlAuthType"];
    const isViaUrl = Condition["Bool"]?.["lambda:InvokedViaFunctionUrl"];
    // An anonymous client has neither an account nor an ARN.
    const isBound =
      Condition["ArnLike"] !== undefined || Condition["StringEquals"]?.["AWS:SourceAccount"] !== undefined;
    return Principal === "*" && isAction && !isBound && (type ?? "NONE") === "NONE" && (isViaUrl ?? "true") === "true";
  });
}
