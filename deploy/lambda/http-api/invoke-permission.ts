/** The permission by which an HTTP API may invoke one version of a function. */
import { AddPermissionCommand, GetPolicyCommand } from "@aws-sdk/client-lambda";
import type { Version } from "../../parts.ts";
import { retry } from "../../retry.ts";
import type { Clients } from "../clients.ts";
import { isConflict, isMissing } from "../aws-error.ts";

/**
 * Policies are per qualifier (Lambda API, AddPermission), so each version needs its own; a grant that is there already
 * is enough.
 */
export async function allowInvoke({ lambda, clock }: Clients, { ref, number }: Version, apiId: string): Promise<void> {
  const [, partition, , region, account, , FunctionName] = ref.split(":");
  const target = { FunctionName, Qualifier: number };
  const StatementId = `portico-${apiId}`;
  const SourceArn = `arn:${partition}:execute-api:${region}:${account}:${apiId}/*/*`;
  const grant = {
    ...target,
    StatementId,
    Action: "lambda:InvokeFunction",
    Principal: "apigateway.amazonaws.com",
    SourceArn,
  };
  await retry({ clock }, isConflict, async () => {
    try {
      await lambda.send(new AddPermissionCommand(grant));
    } catch (error) {
      if (!isConflict(error)) throw error;
      const { Policy = "{}" } = await lambda.send(new GetPolicyCommand(target)).catch((missing: unknown) => {
        if (isMissing(missing)) throw error;
        throw missing;
      });
      const { Statement = [] } = JSON.parse(Policy) as { readonly Statement?: readonly { readonly Sid?: string }[] };
      if (!Statement.some(({ Sid }) => Sid === StatementId)) throw error;
    }
  });
}
