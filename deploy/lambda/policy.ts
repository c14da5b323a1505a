/** The policy of a function's role: logs, traces, network, the app's statements, its table, its bucket, its queue. */
import type { IamStatement, LambdaApp } from "../../framework/model/app.ts";
import { filesStatements } from "../../framework/model/files-bucket.ts";
import { storeActions } from "../../framework/model/store-table.ts";
import { UserError } from "../../framework/model/user-error.ts";
import type { Owner } from "../parts.ts";
import { logGroup } from "./log-group.ts";
import type { Place } from "./names.ts";

/** What a function needs of AWS. */
export interface FunctionNeeds {
  /** Statements from hosting.json. */
  readonly policies: readonly IamStatement[];
  /** ARN of the table of its store; undefined for one without. */
  readonly table?: string | undefined;
  /** Name of the bucket of its files; undefined for one without. */
  readonly bucket?: string | undefined;
  /** The queue that it sends jobs to, or runs them from; undefined for one that does neither. */
  readonly queue?: { readonly arn: string; readonly isRead: boolean } | undefined;
}

/** Calls of the function that runs jobs (framework/features/jobs/sqs-handler.ts) and of the mapping in its name. */
const queueReads = ["ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes"];

const queueStatement = ({ arn, isRead }: NonNullable<FunctionNeeds["queue"]>) => ({
  Effect: "Allow",
  Action: ["SendMessage", ...(isRead ? queueReads : [])].map((name) => `sqs:${name}`),
  Resource: arn,
});

/** What the clock may, as JSON: send to the queue. */
export const clockPolicy = (arn: string): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [queueStatement({ arn, isRead: false })] });

/**
 * Calls that Lambda itself makes in a VPC with the role (Lambda developer guide, "Giving Lambda functions access to
 * resources in a VPC").
 */
const network = {
  Effect: "Allow",
  Action: [
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
  ],
  Resource: "*",
};

/** X-Ray has no resources to name (X-Ray developer guide, "How AWS X-Ray works with IAM"). */
const tracing = { Effect: "Allow", Action: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], Resource: "*" };

/** The inline policy of a role, as JSON; equal for functions that need the same. */
export function policyOf(
  owner: Owner,
  { account, region }: Place,
  { vpc, traces }: Pick<LambdaApp, "vpc"> & { readonly traces?: true | undefined },
  { policies, table, bucket, queue }: FunctionNeeds,
): string {
  const Resource = `arn:aws:logs:${region}:${account}:log-group:${logGroup(owner)}:*`;
  const logs = { Effect: "Allow", Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource };
  const Statement = [
    logs,
    ...(traces ? [tracing] : []),
    ...(vpc ? [network] : []),
    ...(table === undefined ? [] : [{ Effect: "Allow", Action: storeActions, Resource: table }]),
    ...(bucket === undefined ? [] : filesStatements(bucket)),
    ...(queue ? [queueStatement(queue)] : []),
    ...policies,
  ];
  return JSON.stringify({ Version: "2012-10-17", Statement });
}

/** Characters of a role's inline policies, white space aside ("IAM and AWS STS quotas"). */
const policyLimit = 10_240;

/** Throws UserError POLICY_SIZE where a role has no room for the policy. @param id the function's */
export function requirePolicySize(policy: string, id: string): void {
  const size = policy.replace(/\s/g, "").length;
  if (size <= policyLimit) return;
  throw new UserError(
    "POLICY_SIZE",
    `the policy of the role of ${id} has ${size} characters, and IAM takes ${policyLimit}`,
    `Shorten "policies" in hosting.json, or create the role yourself and name it in "role" under "lambda".`,
  );
}

/** The statements of a policy for people: `logs:PutLogEvents on arn:…`. */
export function statementTexts(policy: string): readonly string[] {
  const { Statement } = JSON.parse(policy) as { readonly Statement: IamStatement | readonly IamStatement[] };
  return [Statement].flat().map(statementText);
}

/** The same of one statement. */
export function statementText({ Effect, Action, NotAction, Resource, NotResource, Condition }: IamStatement): string {
  const words = (value: unknown): string => [value].flat().map(String).join(" + ");
  const action = Action === undefined ? `everything but ${words(NotAction)}` : words(Action);
  const resource = Resource === undefined ? `everything but ${words(NotResource)}` : words(Resource);
  const when = Condition === undefined ? "" : ` when ${JSON.stringify(Condition)}`;
  return `${Effect === "Deny" ? "not " : ""}${action} on ${resource}${when}`;
}
