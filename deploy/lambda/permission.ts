/** The grant that lets an API invoke one version of a function: a version and an API in, a statement in the version's own policy out. */
import { AddPermissionCommand, GetPolicyCommand } from "@aws-sdk/client-lambda";
import type { Version } from "../platform.ts";
import type { Clients } from "./clients.ts";
import { isConflict, isMissing, retrying } from "./retry.ts";

/** Policies are per qualifier (facts/aws.md section 1.2), so each version needs its own; a grant that is there already is enough. */
export async function allowInvoke({ lambda, clock }: Clients, { ref, number }: Version, apiId: string): Promise<void> {
  const [, partition, , region, account, , FunctionName] = ref.split(":");
  const target = { FunctionName, Qualifier: number };
  const StatementId = `portico-${apiId}`;
  const SourceArn = `arn:${partition}:execute-api:${region}:${account}:${apiId}/*/*`;
  const grant = { ...target, StatementId, Action: "lambda:InvokeFunction", Principal: "apigateway.amazonaws.com", SourceArn };
  await retrying({ clock }, isConflict, async () => {
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
