/** The operations of CloudWatch Logs, by name. */
import type { JsonApi } from "../json-protocol.ts";
import { createLogGroup, deleteLogGroup, describeLogGroups, putRetentionPolicy } from "./log-groups.ts";
import { createLogStream, putLogEvents } from "./log-streams.ts";
import { memberError } from "./errors.ts";
import { filterLogEvents } from "./event-search.ts";

export const logsApi: JsonApi<"logGroups" | "logs" | "clock"> = {
  target: "Logs_20140328",
  memberError,
  operations: {
    CreateLogGroup: createLogGroup,
    DescribeLogGroups: describeLogGroups,
    DeleteLogGroup: deleteLogGroup,
    PutRetentionPolicy: putRetentionPolicy,
    CreateLogStream: createLogStream,
    PutLogEvents: putLogEvents,
    FilterLogEvents: filterLogEvents,
  },
};
