/** Reads all that an app has at a stage on AWS, without numbers, ids and dates that differ between equal runs. */
import {
  GetApisCommand,
  GetDeploymentsCommand,
  GetRoutesCommand,
  GetIntegrationsCommand,
  GetStagesCommand,
  ExportApiCommand,
} from "@aws-sdk/client-apigatewayv2";
import { DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DescribeTableCommand, DescribeTimeToLiveCommand, ListTagsOfResourceCommand } from "@aws-sdk/client-dynamodb";
import { GetRoleCommand, GetRolePolicyCommand } from "@aws-sdk/client-iam";
import {
  GetFunctionCommand,
  GetPolicyCommand,
  ListAliasesCommand,
  ListFunctionUrlConfigsCommand,
  paginateListFunctions,
  paginateListVersionsByFunction,
} from "@aws-sdk/client-lambda";
import { GetObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { GetParametersByPathCommand } from "@aws-sdk/client-ssm";
import type { Clients } from "../../../deploy/lambda/clients.ts";
import { findFilesBucket } from "../../../deploy/lambda/files-bucket.ts";
import { findClock } from "../../../deploy/lambda/job-clock.ts";
import { findMapping } from "../../../deploy/lambda/job-mapping.ts";
import { findQueues } from "../../../deploy/lambda/job-queues.ts";
import { bucketName, lockKey, type Place, recordPrefix } from "../../../deploy/lambda/names.ts";
import type { Owner } from "../../../deploy/parts.ts";
import { readPages } from "../../../deploy/lambda/http-api/api.ts";
import { listRoles } from "../../../deploy/lambda/role.ts";
import { isMissing } from "../../../deploy/lambda/aws-error.ts";
import type { CloudState } from "./row.ts";

/** As far as it is looked into. */
interface LambdaState extends CloudState {
  readonly functions: readonly {
    readonly FunctionName: string;
    readonly versions: readonly { readonly Description: string }[];
  }[];
  readonly apis: readonly {
    readonly deployments: readonly string[];
    readonly stages: readonly { readonly StageName: string | undefined }[];
    readonly Name: string | undefined;
  }[];
  readonly objects: Readonly<Record<string, unknown>>;
  readonly roles: readonly { readonly name: string }[];
  readonly table: object | undefined;
  /** Of files: whose it is, if there is one. */
  readonly bucket: string | undefined;
  /** Of jobs: what runs them. */
  readonly jobs: Readonly<Record<string, unknown>>;
  readonly secrets: readonly { readonly Name: string | undefined }[];
  readonly logs: readonly { readonly logGroupName: string | undefined }[];
}

/** Everything there is, for people. */
export function lambdaNames({
  functions,
  apis,
  objects,
  roles,
  table,
  bucket,
  jobs,
  secrets,
  logs,
}: LambdaState): readonly string[] {
  return [
    ...functions.map(({ FunctionName }) => `function ${FunctionName}`),
    ...apis.map(({ Name }) => `API ${Name}`),
    ...roles.map(({ name }) => `role ${name}`),
    ...(table ? ["its table"] : []),
    ...(bucket ? ["its bucket"] : []),
    ...Object.entries(jobs).flatMap(([name, found]) => (found === undefined ? [] : [`its ${name} of jobs`])),
    ...logs.map(({ logGroupName }) => `log group ${logGroupName}`),
    ...secrets.map(({ Name }) => `parameter ${Name}`),
    ...Object.keys(objects).map((key) => `object ${key}`),
  ];
}

/** What no record speaks of: versions, snapshots, addresses, and a lock that nobody holds. */
export function lambdaOrphans({ functions, apis, objects, roles }: LambdaState): readonly string[] {
  const records = Object.entries(objects).filter(([key]) => key.startsWith("releases/"));
  const text = JSON.stringify(records);
  const numbers = records.map(([key]) => Number(/(\d+)\.json$/.exec(key)?.[1]));
  const versions = functions.flatMap(({ FunctionName, versions: all }) =>
    all.map(({ Description }) => `${FunctionName} ${Description}`),
  );
  const deployments = apis.flatMap((api) => api.deployments);
  return [
    ...versions.filter((name) => !text.includes(name)),
    ...versions.filter((name, at) => versions.indexOf(name) !== at).map((name) => `twin: ${name}`),
    ...functions.filter(({ versions: all }) => all.length === 0).map(({ FunctionName }) => FunctionName),
    ...deployments.filter(
      (description) => !numbers.some((number) => description.startsWith(`portico release ${number} `)),
    ),
    ...deployments
      .filter((description, at) => deployments.indexOf(description) !== at)
      .map((description) => `twin: ${description}`),
    ...apis.slice(1).map(() => "twin: API"),
    ...apis
      .flatMap(({ stages }) => stages)
      .flatMap(({ StageName }) => (StageName === "$default" ? [] : [`stage ${StageName}`])),
    ...roles.flatMap(({ name }) => (text.includes(`"role ${name}"`) ? [] : [`role ${name}`])),
    ...Object.keys(objects).filter((key) => key.startsWith("locks/")),
  ];
}

/** What a version is known by here: its description, whatever its number. */
type Names = ReadonlyMap<string, string>;

export async function readLambdaState(clients: Clients, owner: Owner, account: string): Promise<LambdaState> {
  const { functions, names } = await readFunctions(clients, owner);
  const [apis, roles, table, bucket, jobs, objects, secrets, logs] = await Promise.all([
    readApis(clients, owner, names),
    readRoles(clients, owner),
    readTable(clients, owner),
    findFilesBucket(clients, owner, { account, region: clients.region }),
    readJobs(clients, owner, { account, region: clients.region }),
    readObjects(clients, owner, account, names),
    readSecrets(clients, owner),
    readLogGroups(clients, owner),
  ]);
  return { functions, apis, roles, table, bucket, jobs, objects, secrets, logs };
}

async function readFunctions({ lambda }: Clients, { app, stage }: Owner) {
  const names = new Map<string, string>();
  const found: string[] = [];
  for await (const { Functions = [] } of paginateListFunctions({ client: lambda }, {})) {
    found.push(
      ...Functions.map(({ FunctionName = "" }) => FunctionName).filter((name) => name.startsWith(`${app}--${stage}--`)),
    );
  }
  const functions = await Promise.all(
    found.toSorted().map(async (FunctionName) => {
      const versions = [];
      for await (const { Versions = [] } of paginateListVersionsByFunction({ client: lambda }, { FunctionName })) {
        for (const { Version, FunctionArn = "", Description = "", CodeSha256 } of Versions) {
          if (Version !== "$LATEST") names.set(FunctionArn, `${FunctionName} ${Description}`);
          versions.push({ Version, Description: Version === "$LATEST" ? "" : Description, CodeSha256 });
        }
      }
      const { Tags, Configuration = {} } = await lambda.send(new GetFunctionCommand({ FunctionName }));
      const { Role, MemorySize, Timeout, Environment, CodeSha256 } = Configuration;
      const published = versions.filter(({ Version }) => Version !== "$LATEST");
      const allowed = await Promise.all(published.map((one) => statements(lambda, FunctionName, one.Version)));
      const aliases = await readAliases(lambda, FunctionName, names);
      const about = published.map(({ Description, CodeSha256: code }, at) => ({
        Description,
        code,
        allowed: allowed[at],
      }));
      return {
        FunctionName,
        Tags,
        Role,
        MemorySize,
        Timeout,
        Environment,
        CodeSha256,
        aliases,
        versions: about.toSorted(byText),
      };
    }),
  );
  return { functions, names };
}

/** Aliases with what they point to, their grants and their URLs. */
async function readAliases(lambda: Clients["lambda"], FunctionName: string, names: Names): Promise<unknown> {
  const { Aliases = [] } = await lambda.send(new ListAliasesCommand({ FunctionName }));
  const { FunctionUrlConfigs = [] } = await lambda.send(new ListFunctionUrlConfigsCommand({ FunctionName }));
  return Promise.all(
    Aliases.map(async ({ Name = "", AliasArn, FunctionVersion, Description = "" }) => {
      const url = FunctionUrlConfigs.find(({ FunctionArn }) => FunctionArn === AliasArn);
      const points = names.get(`${AliasArn?.slice(0, -Name.length)}${FunctionVersion}`);
      const allowed = await statements(lambda, FunctionName, Name);
      return { Name, points, Description, allowed, url: url && [url.AuthType, url.InvokeMode] };
    }),
  );
}

async function orNothing<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const text = (value: unknown): string => JSON.stringify(value);
const byText = (one: unknown, other: unknown): number => (text(one) < text(other) ? -1 : 1);

async function statements(
  lambda: Clients["lambda"],
  FunctionName: string,
  Qualifier: string | undefined,
): Promise<unknown> {
  const { Policy = "{}" } = (await orNothing(lambda.send(new GetPolicyCommand({ FunctionName, Qualifier })))) ?? {};
  const { Statement = [] } = JSON.parse(Policy) as {
    readonly Statement?: readonly { readonly Action: string; readonly Principal: unknown }[];
  };
  return Statement.map(({ Action, Principal }) => ({ Action, Principal }));
}

async function readApis({ api }: Clients, { app, stage }: Owner, names: Names) {
  const all = await readPages((page) => api.send(new GetApisCommand(page)));
  const mine = all.filter(({ Name }) => Name === `${app}--${stage}`);
  return Promise.all(
    mine.map(async ({ ApiId, Name, Tags }) => {
      const [
        { Items: deployments = [] },
        { Items: stages = [] },
        { Items: routes = [] },
        { Items: integrations = [] },
      ] = await Promise.all([
        api.send(new GetDeploymentsCommand({ ApiId, MaxResults: "500" })),
        api.send(new GetStagesCommand({ ApiId, MaxResults: "500" })),
        api.send(new GetRoutesCommand({ ApiId, MaxResults: "500" })),
        api.send(new GetIntegrationsCommand({ ApiId, MaxResults: "500" })),
      ]);
      const described = new Map(deployments.map(({ DeploymentId, Description }) => [DeploymentId, Description]));
      const uris = new Map(
        integrations.map(({ IntegrationId, IntegrationUri = "" }) => [
          IntegrationId,
          names.get(IntegrationUri.match(refs)?.[0] ?? "") ?? IntegrationUri,
        ]),
      );
      return {
        Name,
        Tags,
        deployments: deployments.map(({ Description = "" }) => Description).toSorted(),
        stages: await Promise.all(
          stages.map(async ({ StageName, DeploymentId, Tags: tags, AutoDeploy }) => ({
            StageName,
            AutoDeploy,
            tags,
            release: described.get(DeploymentId),
            routes: await frozenRoutes(api, ApiId, StageName, names),
          })),
        ),
        working: routes
          .map(({ RouteKey, Target = "" }) => `${RouteKey} ${uris.get(Target.replace("integrations/", ""))}`)
          .toSorted(),
      };
    }),
  );
}

/** Qualified ARNs, alone or inside the longer form that API Gateway writes. */
const refs = /arn:[\w-]+:lambda:[\w-]+:\d+:function:[\w-]+:\d+/g;

/** The versions that a stage's snapshot calls, in any order: which route calls which is asked over HTTP. */
async function frozenRoutes(
  api: Clients["api"],
  ApiId: string | undefined,
  StageName: string | undefined,
  names: Names,
): Promise<unknown> {
  const { body } = await api.send(
    new ExportApiCommand({ ApiId, StageName, OutputType: "JSON", Specification: "OAS30", IncludeExtensions: true }),
  );
  const document = Buffer.from(body ?? []).toString("utf8");
  return (document.match(refs) ?? []).map((ref) => names.get(ref) ?? ref).toSorted();
}

async function readRoles(clients: Clients, owner: Owner) {
  const { iam } = clients;
  const names = [...(await listRoles(clients, owner)), `${owner.app}--${owner.stage}`];
  const read = names.map(async (RoleName) => {
    const { Role } = (await orNothing(iam.send(new GetRoleCommand({ RoleName })))) ?? {};
    if (!Role) return [];
    const inline = await orNothing(iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: "portico" })));
    const policy = decodeURIComponent(inline?.PolicyDocument ?? "");
    return [{ name: RoleName, path: Role.Path, tags: Role.Tags, trust: Role.AssumeRolePolicyDocument, policy }];
  });
  return (await Promise.all(read)).flat();
}

async function readTable({ dynamodb }: Clients, { app, stage }: Owner) {
  const TableName = `${app}--${stage}`;
  const { Table } = (await orNothing(dynamodb.send(new DescribeTableCommand({ TableName })))) ?? {};
  if (!Table || Table.TableStatus === "DELETING") return undefined;
  const [{ Tags }, { TimeToLiveDescription: ttl }] = await Promise.all([
    dynamodb.send(new ListTagsOfResourceCommand({ ResourceArn: Table.TableArn })),
    dynamodb.send(new DescribeTimeToLiveCommand({ TableName })),
  ]);
  const { KeySchema, TableStatus, DeletionProtectionEnabled } = Table;
  return { KeySchema, TableStatus, DeletionProtectionEnabled, Tags, expiry: ttl?.AttributeName };
}

/** Queues by whose they are, what reads them and what ticks. */
async function readJobs(clients: Clients, owner: Owner, place: Place) {
  const [queues, mapping, ticks] = await Promise.all([
    findQueues(clients, owner, place),
    findMapping(clients, owner, place),
    findClock(clients, owner, place),
  ]);
  const hasQueue = queues.queue !== undefined || queues.dead !== undefined;
  return { queues: hasQueue ? queues : undefined, concurrency: mapping?.concurrency, ticks };
}

/** Of this app and stage alone: the bucket is everybody's. */
async function readObjects(
  { s3, region }: Clients,
  owner: Owner,
  account: string,
  names: Names,
): Promise<Readonly<Record<string, unknown>>> {
  const Bucket = bucketName(account, region);
  const listed = await Promise.all(
    [lockKey(owner), recordPrefix(owner)].map((Prefix) =>
      orNothing(s3.send(new ListObjectsV2Command({ Bucket, Prefix }))),
    ),
  );
  const all = await Promise.all(
    listed
      .flatMap((page) => page?.Contents ?? [])
      .map(async ({ Key = "" }) => {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
        return [Key, withoutAccidents(JSON.parse((await Body?.transformToString()) ?? "{}"), names)] as const;
      }),
  );
  return Object.fromEntries(all);
}

/** Ids, numbers of versions, dates, and what a record tells people of its making. */
const accidents = new Set(["created", "changes", "number", "ref", "since", "run", "checkout", "who"]);

function withoutAccidents(value: unknown, names: Names): unknown {
  return JSON.parse(
    JSON.stringify(value, (name, inner: unknown) => {
      if (name === "ref" && typeof inner === "string") return names.get(inner);
      return accidents.has(name) ? undefined : inner;
    }),
  );
}

async function readSecrets({ ssm }: Clients, { app, stage }: Owner) {
  const { Parameters = [] } = await ssm.send(
    new GetParametersByPathCommand({ Path: `/portico/${app}/${stage}`, WithDecryption: false }),
  );
  return Parameters.map(({ Name, Version }) => ({ Name, Version }));
}

async function readLogGroups({ logs }: Clients, { app, stage }: Owner) {
  const { logGroups = [] } = await logs.send(
    new DescribeLogGroupsCommand({ logGroupNamePrefix: `/portico/${app}/${stage}` }),
  );
  const mine = logGroups.filter(({ logGroupName }) => logGroupName === `/portico/${app}/${stage}`);
  return mine.map(({ logGroupName, retentionInDays }) => ({ logGroupName, retentionInDays }));
}
