/** DynamoDB of the local cloud: its control plane beside the data operations, with the permissions of functions. */
import { authorize } from "../../../emulation/aws/policy.ts";
import type { RoleSession } from "../../../emulation/aws/session-credentials.ts";
import { createItemCalls, itemOperations } from "../../../emulation/dynamodb/data-plane.ts";
import { dynamoResponse, membersOf, operationOf, writeDynamoError } from "../../../emulation/dynamodb/protocol.ts";
import type { HttpRequest } from "../../../model/http-message.ts";
import { StructureReader } from "../../structure-reader.ts";
import { tableArn } from "../arn.ts";
import type { Uses } from "../backends.ts";
import type { JsonOperation } from "../json-protocol.ts";
import { callerOf } from "../role-session.ts";
import type { AwsService, PreparedCall } from "../service.ts";
import { describeContinuousBackups, updateContinuousBackups } from "./continuous-backups.ts";
import { memberError } from "./errors.ts";
import { schemaOf } from "./table-records.ts";
import { createTable, deleteTable, describeTable, updateTable } from "./tables.ts";
import { listTagsOfResource, tagResource } from "./tags.ts";
import { describeTimeToLive, updateTimeToLive } from "./time-to-live.ts";

type DynamoUseName = "tables" | "items" | "roles" | "clock" | "latency";

/** The operations on tables, by the names of the API. */
export const tableOperations: Readonly<Record<string, JsonOperation<"tables" | "items" | "clock" | "latency">>> = {
  CreateTable: createTable,
  DescribeTable: describeTable,
  UpdateTable: updateTable,
  DeleteTable: deleteTable,
  UpdateTimeToLive: updateTimeToLive,
  DescribeTimeToLive: describeTimeToLive,
  UpdateContinuousBackups: updateContinuousBackups,
  DescribeContinuousBackups: describeContinuousBackups,
  TagResource: tagResource,
  ListTagsOfResource: listTagsOfResource,
};

/** A function's credentials are held to the policies of its role. */
export function dynamoService(uses: Uses<DynamoUseName>): AwsService {
  const { tables, items, roles, clock } = uses;
  const runItemCall = createItemCalls(
    {
      items,
      findTable: (name) => schemaOf(name, uses),
      tables: () => tables.all().flatMap(({ name }) => schemaOf(name, uses) ?? []),
    },
    { now: () => clock.now(), tableArn },
  );
  return {
    takesSessions: true,
    writeError: writeDynamoError,
    prepare(request: HttpRequest, session?: RoleSession): PreparedCall {
      const operation = operationOf(request, { ...tableOperations, ...itemOperations });
      return {
        operation,
        async run() {
          const members = membersOf(request);
          const caller = session && callerOf(session, roles);
          if (Object.hasOwn(itemOperations, operation))
            return dynamoResponse(await runItemCall({ operation, members, caller }));
          if (caller) authorize(caller, `dynamodb:${operation}`, resourceOf(members));
          const result = await tableOperations[operation]!(new StructureReader(members, memberError), uses);
          return dynamoResponse(result ?? {});
        },
      };
    },
  };
}

/** The ARN that a call on a table is about. */
function resourceOf({ TableName: name, ResourceArn: arn }: Readonly<Record<string, unknown>>): string {
  if (typeof name === "string") return tableArn(name);
  return typeof arn === "string" ? arn : "*";
}
