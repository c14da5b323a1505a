/** The services of the local AWS by their names in signatures, each with the collections and backends that it uses. */
import { apiGatewayOperations } from "./apigateway/operations.ts";
import type { AwsApi } from "./aws-api.ts";
import type { AwsBackends } from "./backends.ts";
import { dynamoService } from "./dynamodb/service.ts";
import { iamApi, stsApi } from "./iam/operations.ts";
import { queryService } from "./iam/query-protocol.ts";
import { jsonService } from "./json-protocol.ts";
import { lambdaOperations } from "./lambda/operations.ts";
import { logsApi } from "./logs/operations.ts";
import { lambdaError, restService } from "./rest-protocol.ts";
import { s3Service } from "./s3/service.ts";
import { schedulerError } from "./scheduler/errors.ts";
import { schedulerOperations } from "./scheduler/operations.ts";
import { sqsService } from "./sqs/service.ts";
import { ssmApi } from "./ssm/operations.ts";
import type { AwsState } from "./state.ts";

type Services = AwsApi["services"];

export const createServices = (state: AwsState, backends: AwsBackends): Services => ({
  ...computeServices(state, backends),
  ...dataServices(state, backends),
  iam: queryService(iamApi, { roles: state.roles, clock: backends.clock, latency: backends.latency }),
  sts: queryService(stsApi, {}),
});

/** What runs functions. */
function computeServices(
  { functions, mappings, roles, apis, deployments, stages }: AwsState,
  {
    clock,
    latency,
    listeners,
    runtime,
    code,
    queuePlane,
    pollMapping,
    events,
    changingApis,
    loadFunction,
    codeUrl,
    grantDelay,
  }: AwsBackends,
): Services {
  const invoked = { functions, mappings, roles, queuePlane, pollMapping, runtime, events, loadFunction };
  return {
    lambda: restService(
      lambdaOperations,
      { ...invoked, code, codeUrl, grantDelay, listeners, clock, latency },
      lambdaError,
    ),
    apigateway: restService(apiGatewayOperations, {
      apis,
      deployments,
      stages,
      listeners,
      clock,
      latency,
      changingApis,
    }),
  };
}

/** What keeps data. */
function dataServices(
  { roles, buckets, parameters, logGroups, tables, queues, scheduleGroups, schedules }: AwsState,
  { clock, latency, objects, logs, items, queuePlane, queueUrl }: AwsBackends,
): Services {
  return {
    s3: s3Service({ buckets, objects, roles, clock, latency }),
    ssm: jsonService(ssmApi, { parameters, clock }),
    logs: jsonService(logsApi, { logGroups, logs, clock }),
    dynamodb: dynamoService({ tables, items, roles, clock, latency }),
    scheduler: restService(schedulerOperations, { scheduleGroups, schedules, roles, clock, latency }, schedulerError),
    sqs: sqsService({ queues, queuePlane, queueUrl, roles, clock, latency }),
  };
}
