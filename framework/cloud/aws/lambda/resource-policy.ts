/** Resource policies of functions, one per qualifier: AddPermission, GetPolicy and RemovePermission. */
import { randomUUID } from "node:crypto";
import { functionArn } from "../arn.ts";
import { AwsError } from "../../../emulation/aws/aws-error.ts";
import type { StructureReader } from "../../structure-reader.ts";
import type { RestOperation } from "../rest-operation.ts";
import type { Policy, Statement } from "../records.ts";
import { findFunction, type QualifiedFunction, refOf } from "./function-lookup.ts";
import { checkRevision, conflict, invalid, lambdaMembers, notFound } from "./errors.ts";

/** Largest policy as JSON, in bytes. */
const maxPolicy = 20_480;

function policyOf({ record, qualifier }: QualifiedFunction): Policy | undefined {
  return record.policies[qualifier ?? ""];
}

function documentOf(statements: readonly Statement[]): string {
  return JSON.stringify({ Version: "2012-10-17", Id: "default", Statement: statements });
}

function readPrincipal(members: StructureReader): Statement["Principal"] {
  const principal = members.requiredText("Principal", { pattern: /^[^\s]+$/ });
  if (principal === "*") return "*";
  if (/^\d{12}$/.test(principal)) return { AWS: `arn:aws:iam::${principal}:root` };
  if (/^arn:aws:iam::\d{12}:/.test(principal)) return { AWS: principal };
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com$/.test(principal)) return { Service: principal };
  throw invalid("The provided principal was invalid. Please check the principal and try again.");
}

function readStatement(members: StructureReader, resource: string): Statement {
  const Sid = members.requiredText("StatementId", { min: 1, max: 100, pattern: /^([a-zA-Z0-9-_]+)$/ });
  const Action = members.requiredText("Action", { pattern: /^(lambda:[*]|lambda:[a-zA-Z]+|[*])$/ });
  const Principal = readPrincipal(members);
  const sourceArn = members.text("SourceArn", {
    pattern: /^arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9-])+:([a-z]{2}(-gov)?-[a-z]+-\d{1})?:(\d{12})?:(.*)$/,
  });
  const sourceAccount = members.text("SourceAccount", { pattern: /^\d{12}$/ });
  const authType = members.text("FunctionUrlAuthType", { oneOf: ["NONE", "AWS_IAM"] });
  if (authType !== undefined && Action !== "lambda:InvokeFunctionUrl")
    throw invalid("FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action");
  const isViaUrl = members.flag("InvokedViaFunctionUrl");
  const equals = {
    ...(sourceAccount !== undefined && { "AWS:SourceAccount": sourceAccount }),
    ...(authType !== undefined && { "lambda:FunctionUrlAuthType": authType }),
  };
  const Condition = {
    ...(sourceArn !== undefined && { ArnLike: { "AWS:SourceArn": sourceArn } }),
    ...(Object.keys(equals).length > 0 && { StringEquals: equals }),
    ...(isViaUrl !== undefined && { Bool: { "lambda:InvokedViaFunctionUrl": String(isViaUrl) } }),
  };
  const hasCondition = Object.keys(Condition).length > 0;
  return { Sid, Effect: "Allow", Principal, Action, Resource: resource, ...(hasCondition && { Condition }) };
}

export const addPermission: RestOperation<"functions" | "clock" | "grantDelay"> = (
  call,
  { functions, clock, grantDelay },
) => {
  const target = findFunction(refOf(call), functions);
  const { record, qualifier } = target;
  if (qualifier === "$LATEST") throw invalid("We currently do not support adding policies for $LATEST.");
  const members = lambdaMembers(call.members);
  const policy = policyOf(target);
  checkRevision(members.text("RevisionId"), policy?.revisionId);
  const statement = readStatement(members, functionArn(record.name, qualifier));
  members.end();
  if (policy?.statements.some(({ Sid }) => Sid === statement.Sid)) {
    throw conflict(
      `The statement id (${statement.Sid}) provided already exists. ` +
        "Please provide a new statement id, or remove the existing statement.",
    );
  }
  const statements = [...(policy?.statements ?? []), statement];
  const size = Buffer.byteLength(documentOf(statements));
  if (size > maxPolicy)
    throw new AwsError(
      "PolicyLengthExceededException",
      400,
      `The final policy size (${size}) is bigger than the limit (${maxPolicy}).`,
    );
  const delay = grantDelay();
  const seenFrom = { ...policy?.seenFrom, ...(delay > 0 && { [statement.Sid]: clock.now() + delay }) };
  const policies = { ...record.policies, [qualifier ?? ""]: { revisionId: randomUUID(), statements, seenFrom } };
  functions.put(record.name, { ...record, policies });
  return { status: 201, body: { Statement: JSON.stringify(statement) } };
};

export const getPolicy: RestOperation<"functions"> = (call, { functions }) => {
  const policy = policyOf(findFunction(refOf(call), functions));
  if (!policy) throw notFound("The resource you requested does not exist.");
  return { status: 200, body: { Policy: documentOf(policy.statements), RevisionId: policy.revisionId } };
};

export const removePermission: RestOperation<"functions"> = (call, { functions }) => {
  const target = findFunction(refOf(call), functions);
  const sid = call.path["StatementId"] ?? "";
  const policy = policyOf(target);
  const statements = policy?.statements.filter(({ Sid }) => Sid !== sid) ?? [];
  if (!policy || statements.length === policy.statements.length)
    throw notFound(`Statement ${sid} is not found in resource policy.`);
  checkRevision(call.query.get("RevisionId"), policy.revisionId);
  const { [target.qualifier ?? ""]: _, ...others } = target.record.policies;
  const { [sid]: __, ...seenFrom } = policy.seenFrom ?? {};
  const remaining = { revisionId: randomUUID(), statements, seenFrom };
  const policies = statements.length > 0 ? { ...others, [target.qualifier ?? ""]: remaining } : others;
  functions.put(target.record.name, { ...target.record, policies });
  return { status: 204 };
};
