/** The least-privilege IAM policy for a deployer of one app and stage. */
import type { LambdaApp } from "../../framework/model/app.ts";
import type { Owner } from "../parts.ts";
import { deadQueueName, queueName } from "./job-queues.ts";
import { logGroup } from "./log-group.ts";
import { tableArn } from "./table.ts";
import {
  bucketName,
  filesBucketName,
  functionPrefix,
  lockKey,
  recordPrefix,
  rolePath,
  secretPrefix,
  stageName,
} from "./names.ts";

/** The app, the stage and the account. */
export interface PolicyScope {
  readonly owner: Owner;
  readonly account: string;
  readonly region: string;
  readonly lambda: Pick<LambdaApp, "role" | "permissionsBoundary" | "front" | "vpc">;
  /** Whether a function imports portico/store. */
  readonly needsStore: boolean;
  /** Whether a function imports portico/files. */
  readonly needsFiles: boolean;
  /** Whether it has jobs, or a function sends some. */
  readonly needsJobs: boolean;
  /** The stage whose secrets it takes where it has none. */
  readonly base?: Owner;
}

const baseStatements = (base: Owner, arn: (service: string, resource: string) => string) => [
  allow("BaseSecrets", ["ssm:GetParameters"], arn("ssm", `parameter${secretPrefix(base)}*`)),
  allow("ListBaseSecrets", ["ssm:GetParametersByPath"], arn("ssm", `parameter${secretPrefix(base).slice(0, -1)}`)),
];

/**
 * Every call of deploy/lambda, for this app's and stage's names alone; statements that AWS cannot limit to a name have
 * `*`.
 */
export function deployerPolicy(scope: PolicyScope): unknown {
  const { owner, account, region, lambda, needsStore, needsFiles, needsJobs, base } = scope;
  const arn = (service: string, resource: string): string => `arn:aws:${service}:${region}:${account}:${resource}`;
  const iam = `arn:aws:iam::${account}:role`;
  const roles = `${iam}${rolePath(owner, { region })}*`;
  const given = lambda.role;
  const bucket = `arn:aws:s3:::${bucketName(account, region)}`;
  const boundary = lambda.permissionsBoundary;
  const statements = [
    allow("Functions", functionActions, arn("lambda", `function:${functionPrefix(owner)}*`)),
    ...(lambda.vpc ? [allow("Vpc", networkActions, "*")] : []),
    allow("FindFunctions", ["lambda:ListFunctions", "lambda:GetAccountSettings"], "*"),
    ...(lambda.front === "function-url"
      ? [
          allow("Url", urlActions, arn("lambda", `function:${functionPrefix(owner)}*`)),
          allow("FindApis", ["apigateway:GET"], `arn:aws:apigateway:${region}::/apis`),
        ]
      : [
          allow(
            "Api",
            apiActions,
            ["/apis", "/apis/*", "/tags/*"].map((path) => `arn:aws:apigateway:${region}::${path}`),
          ),
        ]),
    {
      ...allow("PassRole", ["iam:PassRole"], given ?? roles),
      Condition: { StringEquals: { "iam:PassedToService": needsJobs ? [functions, clock] : functions } },
    },
    ...(given === undefined ? [makeRoles(roles, boundary)] : []),
    allow("Roles", roleActions, [roles, `${iam}/${stageName(owner)}`]),
    allow("FindRoles", ["iam:ListRoles"], "*"),
    ...(needsStore ? [allow("Table", tableActions, tableArn(owner, { account, region }))] : []),
    ...(needsFiles ? bucketStatements(`arn:aws:s3:::${filesBucketName(owner, { account, region })}`) : []),
    ...(needsJobs ? jobStatements(owner, arn) : []),
    allow(
      "FindBucket",
      ["s3:ListBucket", "s3:CreateBucket", "s3:PutBucketTagging", "s3:PutBucketPublicAccessBlock"],
      bucket,
    ),
    allow(
      "LeaseAndRecords",
      ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
      [`${bucket}/${lockKey(owner)}`, `${bucket}/${recordPrefix(owner)}*`],
    ),
    allow("Secrets", secretActions, arn("ssm", `parameter${secretPrefix(owner)}*`)),
    allow("ListSecrets", ["ssm:GetParametersByPath"], arn("ssm", `parameter${secretPrefix(owner).slice(0, -1)}`)),
    ...(base ? baseStatements(base, arn) : []),
    allow("LogGroup", logActions, [
      arn("logs", `log-group:${logGroup(owner)}`),
      arn("logs", `log-group:${logGroup(owner)}:*`),
    ]),
    allow("FindLogGroups", ["logs:DescribeLogGroups"], "*"),
  ];
  return { Version: "2012-10-17", Statement: statements };
}

/** The services that assume roles of the app. */
const [functions, clock] = ["lambda.amazonaws.com", "scheduler.amazonaws.com"];

/** Queues, alias, mapping and clock. A mapping has a random name, so it is known by the function that it calls. */
function jobStatements(owner: Owner, arn: (service: string, resource: string) => string): readonly unknown[] {
  const name = stageName(owner);
  const own = arn("lambda", `function:${functionPrefix(owner)}*`);
  const of = (service: string, ...actions: readonly string[]) => actions.map((action) => `${service}:${action}`);
  return [
    allow(
      "Queues",
      of("sqs", "CreateQueue", "TagQueue", "ListQueueTags", "GetQueueAttributes", "DeleteQueue", "SendMessage"),
      [arn("sqs", queueName(owner)), arn("sqs", deadQueueName(owner))],
    ),
    allow("JobsAlias", of("lambda", "GetAlias", "CreateAlias", "UpdateAlias", "DeleteAlias"), own),
    {
      ...allow(
        "Mapping",
        ["Create", "Get", "Update", "Delete"].map((verb) => `lambda:${verb}EventSourceMapping`),
        "*",
      ),
      Condition: { ArnLike: { "lambda:FunctionArn": own } },
    },
    allow("FindMappings", ["lambda:ListEventSourceMappings"], "*"),
    allow("TagMapping", of("lambda", "TagResource"), arn("lambda", "event-source-mapping:*")),
    allow(
      "Clock",
      of("scheduler", "CreateScheduleGroup", "TagResource", "ListTagsForResource", "DeleteScheduleGroup"),
      arn("scheduler", `schedule-group/${name}`),
    ),
    allow(
      "Ticks",
      of("scheduler", "CreateSchedule", "GetSchedule", "UpdateSchedule", "DeleteSchedule"),
      arn("scheduler", `schedule/${name}/*`),
    ),
  ];
}

/** The bucket of files: a deploy finds, makes and completes it; a removal deletes it, after the files in it. */
const bucketStatements = (bucket: string): readonly unknown[] => [
  allow(
    "FilesBucket",
    [
      ...["CreateBucket", "DeleteBucket", "ListBucket", "PutBucketPublicAccessBlock"],
      ...["PutBucketCORS", "PutBucketTagging", "GetBucketTagging"],
    ].map((name) => `s3:${name}`),
    bucket,
  ),
  allow("Files", ["s3:DeleteObject"], `${bucket}/*`),
];

const functionActions = [
  "lambda:CreateFunction",
  "lambda:GetFunction",
  "lambda:UpdateFunctionCode",
  "lambda:UpdateFunctionConfiguration",
  "lambda:PublishVersion",
  "lambda:ListVersionsByFunction",
  "lambda:DeleteFunction",
  "lambda:AddPermission",
  "lambda:GetPolicy",
  "lambda:TagResource",
  "lambda:ListTags",
  "lambda:InvokeFunction",
];

/**
 * With these of the caller's Lambda looks at the subnets and security groups of a function (Lambda developer guide,
 * "Giving Lambda functions access to resources in a VPC").
 */
const networkActions = [
  "ec2:DescribeSecurityGroups",
  "ec2:DescribeSubnets",
  "ec2:DescribeVpcs",
  "ec2:GetSecurityGroupsForVpc",
];

const apiActions = ["GET", "POST", "PUT", "PATCH", "DELETE", "TagResource"].map((action) => `apigateway:${action}`);

/** Of the alias that is live, and of its URL; the two grants on it are among the actions on functions. */
const urlActions = [
  ...["Get", "Create", "Update", "Delete"].map((verb) => `lambda:${verb}Alias`),
  ...["Get", "Create", "Update", "Delete"].map((verb) => `lambda:${verb}FunctionUrlConfig`),
];

/**
 * Scan counts the entries of a table that is removed; Scan and PutItem are `portico store export` and `import`; Query,
 * GetItem and DeleteItem are the dead jobs of `portico jobs`.
 */
const tableActions = [
  ...["CreateTable", "DescribeTable", "UpdateTable", "DeleteTable"],
  ...["UpdateTimeToLive", "DescribeTimeToLive", "UpdateContinuousBackups", "DescribeContinuousBackups"],
  ...["TagResource", "ListTagsOfResource", "Scan", "PutItem", "Query", "GetItem", "DeleteItem"],
].map((name) => `dynamodb:${name}`);

const secretActions = ["ssm:GetParameters", "ssm:PutParameter", "ssm:DeleteParameters", "ssm:AddTagsToResource"];

const logActions = [
  "logs:CreateLogGroup",
  "logs:PutRetentionPolicy",
  "logs:TagResource",
  "logs:DeleteLogGroup",
  "logs:FilterLogEvents",
];

/** Without making any: of those that are there, the one that earlier versions of Portico made among them. */
const roleActions = ["iam:GetRole", "iam:GetRolePolicy", "iam:DeleteRolePolicy", "iam:DeleteRole"];

/** With a boundary, only roles that it bounds can be made: so no deployer gives itself more through a function. */
function makeRoles(roles: string, boundary: string | undefined): unknown {
  const bounded =
    boundary === undefined ? {} : { Condition: { StringEquals: { "iam:PermissionsBoundary": boundary } } };
  const making = [
    "iam:CreateRole",
    "iam:PutRolePolicy",
    ...(boundary === undefined ? [] : ["iam:PutRolePermissionsBoundary"]),
  ];
  return { ...allow("MakeRole", making, roles), ...bounded };
}

const allow = (Sid: string, Action: readonly string[], Resource: string | readonly string[]) => ({
  Sid,
  Effect: "Allow",
  Action,
  Resource,
});
