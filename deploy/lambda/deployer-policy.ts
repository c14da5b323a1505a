/** The least that a deployer of one app must be allowed, as an IAM policy: an app, its stage and where in, the document out. */
import type { LambdaApp } from "../../framework/model/app.ts";
import { logGroup } from "./log-group.ts";
import { bucketName, functionPrefix, lockKey, type Owner, recordPrefix, secretPrefix, stageName } from "./names.ts";

/** Whose and where. */
export interface PolicyScope {
  readonly owner: Owner;
  readonly account: string;
  readonly region: string;
  readonly lambda: Pick<LambdaApp, "role" | "permissionsBoundary" | "front">;
}

/** Every call of deploy/lambda, on this app's and stage's own names alone; what AWS cannot narrow to a name says so with `*`. */
export function deployerPolicy({ owner, account, region, lambda }: PolicyScope): unknown {
  const arn = (service: string, resource: string): string => `arn:aws:${service}:${region}:${account}:${resource}`;
  const role = lambda.role ?? `arn:aws:iam::${account}:role/${stageName(owner)}`;
  const bucket = `arn:aws:s3:::${bucketName(account, region)}`;
  const boundary = lambda.permissionsBoundary;
  const statements = [
    allow("Functions", functionActions, arn("lambda", `function:${functionPrefix(owner)}*`)),
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
    { ...allow("PassRole", ["iam:PassRole"], role), Condition: { StringEquals: { "iam:PassedToService": "lambda.amazonaws.com" } } },
    ...(lambda.role === undefined ? roleStatements(role, boundary) : []),
    allow("FindBucket", ["s3:ListBucket", "s3:CreateBucket", "s3:PutBucketTagging", "s3:PutBucketPublicAccessBlock"], bucket),
    allow(
      "LeaseAndRecords",
      ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
      [`${bucket}/${lockKey(owner)}`, `${bucket}/${recordPrefix(owner)}*`],
    ),
    allow("Secrets", secretActions, arn("ssm", `parameter${secretPrefix(owner)}*`)),
    allow("ListSecrets", ["ssm:GetParametersByPath"], arn("ssm", `parameter${secretPrefix(owner).slice(0, -1)}`)),
    allow("LogGroup", logActions, [arn("logs", `log-group:${logGroup(owner)}`), arn("logs", `log-group:${logGroup(owner)}:*`)]),
    allow("FindLogGroups", ["logs:DescribeLogGroups"], "*"),
  ];
  return { Version: "2012-10-17", Statement: statements };
}

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

const apiActions = ["GET", "POST", "PUT", "PATCH", "DELETE", "TagResource"].map((action) => `apigateway:${action}`);

/** Of the alias that is live, and of its URL; the two grants on it are among the actions on functions. */
const urlActions = [
  ...["Get", "Create", "Update", "Delete"].map((verb) => `lambda:${verb}Alias`),
  ...["Get", "Create", "Update", "Delete"].map((verb) => `lambda:${verb}FunctionUrlConfig`),
];

const secretActions = ["ssm:GetParameters", "ssm:PutParameter", "ssm:DeleteParameters", "ssm:AddTagsToResource"];

const logActions = ["logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:TagResource", "logs:DeleteLogGroup", "logs:FilterLogEvents"];

/** With a boundary, only roles that it bounds can be made: so no deployer gives itself more through a function. */
function roleStatements(role: string, boundary: string | undefined): readonly unknown[] {
  const bounded = boundary === undefined ? {} : { Condition: { StringEquals: { "iam:PermissionsBoundary": boundary } } };
  const changing = ["iam:CreateRole", "iam:PutRolePolicy", ...(boundary === undefined ? [] : ["iam:PutRolePermissionsBoundary"])];
  return [
    { ...allow("MakeRole", changing, role), ...bounded },
    allow(
      "Role",
      ["iam:GetRole", "iam:GetRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:TagRole", "iam:DeleteRolePolicy", "iam:DeleteRole"],
      role,
    ),
  ];
}

const allow = (Sid: string, Action: readonly string[], Resource: string | readonly string[]) => ({
  Sid,
  Effect: "Allow",
  Action,
  Resource,
});
