/** CloudWatch Logs' operations, by name. */
import type { JsonService } from "../json-protocol.ts";
import {
  createLogGroup,
  deleteLogGroup,
  deleteRetentionPolicy,
  describeLogGroups,
  listTagsForResource,
  putRetentionPolicy,
  tagResource,
  untagResource,
} from "./log-groups.ts";
import { createLogStream, deleteLogStream, describeLogStreams, putLogEvents } from "./log-streams.ts";
import { complain } from "./logs-error.ts";
import { filterLogEvents, getLogEvents } from "./read-events.ts";

export const logsService: JsonService = {
  target: "Logs_20140328",
  complain,
  operations: {
    CreateLogGroup: createLogGroup,
    DescribeLogGroups: describeLogGroups,
    DeleteLogGroup: deleteLogGroup,
    PutRetentionPolicy: putRetentionPolicy,
    DeleteRetentionPolicy: deleteRetentionPolicy,
    TagResource: tagResource,
    UntagResource: untagResource,
    ListTagsForResource: listTagsForResource,
    CreateLogStream: createLogStream,
    DescribeLogStreams: describeLogStreams,
    DeleteLogStream: deleteLogStream,
    PutLogEvents: putLogEvents,
    GetLogEvents: getLogEvents,
    FilterLogEvents: filterLogEvents,
  },
};
