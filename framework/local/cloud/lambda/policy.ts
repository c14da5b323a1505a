/** AddPermission, GetPolicy and RemovePermission: one resource policy per qualifier; a grant on one says nothing about another. */
import { randomUUID } from "node:crypto";
import { functionArn } from "../arn.ts";
import { AwsError } from "../aws-error.ts";
import type { Members } from "../members.ts";
import type { Operation } from "../operation.ts";
import type { Policy, Statement } from "../records.ts";
import { findFunction, type Found, refOf } from "./find-function.ts";
import { checkRevision, conflict, invalid, lambdaMembers, notFound } from "./refusals.ts";

/** Bytes of a policy as JSON. */
const maxPolicy = 20_480;

function policyOf({ record, qualifier }: Found): Policy | undefined {
  return record.policies[qualifier ?? ""];
}

function documentOf(statements: readonly Statement[]): string {
  return JSON.stringify({ Version: "2012-10-17", Id: "default", Statement: statements });
}

function readPrincipal(members: Members): Statement["Principal"] {
  const given = members.requiredText("Principal", { pattern: /^[^\s]+$/ });
  if (given === "*") return "*";
  if (/^\d{12}$/.test(given)) return { AWS: `arn:aws:iam::${given}:root` };
  if (/^arn:aws:iam::\d{12}:/.test(given)) return { AWS: given };
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)*\.amazonaws\.com$/.test(given)) return { Service: given };
  throw invalid("The provided principal was invalid. Please check the principal and try again.");
}

function readStatement(members: Members, resource: string): Statement {
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

export const addPermission: Operation = (call, region) => {
  const found = findFunction(refOf(call), region);
  const { record, qualifier } = found;
  if (qualifier === "$LATEST") throw invalid("We currently do not support adding policies for $LATEST.");
  const members = lambdaMembers(call.members);
  const policy = policyOf(found);
  checkRevision(members.text("RevisionId"), policy?.revisionId);
  const statement = readStatement(members, functionArn(record.name, qualifier));
  members.end();
  if (policy?.statements.some(({ Sid }) => Sid === statement.Sid)) {
    throw conflict(
      `The statement id (${statement.Sid}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
    );
  }
  const statements = [...(policy?.statements ?? []), statement];
  const size = Buffer.byteLength(documentOf(statements));
  if (size > maxPolicy)
    throw new AwsError("PolicyLengthExceededException", 400, `The final policy size (${size}) is bigger than the limit (${maxPolicy}).`);
  const { grants } = region.faults;
  const seenFrom = { ...policy?.seenFrom, ...(grants > 0 && { [statement.Sid]: region.clock.now() + grants }) };
  const policies = { ...record.policies, [qualifier ?? ""]: { revisionId: randomUUID(), statements, seenFrom } };
  region.state.functions.put(record.name, { ...record, policies });
  return { status: 201, body: { Statement: JSON.stringify(statement) } };
};

export const getPolicy: Operation = (call, region) => {
  const policy = policyOf(findFunction(refOf(call), region));
  if (!policy) throw notFound("The resource you requested does not exist.");
  return { status: 200, body: { Policy: documentOf(policy.statements), RevisionId: policy.revisionId } };
};

export const removePermission: Operation = (call, region) => {
  const found = findFunction(refOf(call), region);
  const sid = call.path["StatementId"] ?? "";
  const policy = policyOf(found);
  const statements = policy?.statements.filter(({ Sid }) => Sid !== sid) ?? [];
  if (!policy || statements.length === policy.statements.length) throw notFound(`Statement ${sid} is not found in resource policy.`);
  checkRevision(call.query.get("RevisionId"), policy.revisionId);
  const { [found.qualifier ?? ""]: _, ...others } = found.record.policies;
  const { [sid]: __, ...seenFrom } = policy.seenFrom ?? {};
  const left = { revisionId: randomUUID(), statements, seenFrom };
  const policies = statements.length > 0 ? { ...others, [found.qualifier ?? ""]: left } : others;
  region.state.functions.put(found.record.name, { ...found.record, policies });
  return { status: 204 };
};
