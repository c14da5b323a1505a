/** The operations of EventBridge Scheduler with their methods and paths, from the SDK's schema. */
import type { RestOperations } from "../rest-operation.ts";
import { createScheduleGroup, deleteScheduleGroup, getScheduleGroup, listTagsForResource } from "./schedule-groups.ts";
import { createSchedule, deleteSchedule, getSchedule, listSchedules, updateSchedule } from "./schedules.ts";

export const schedulerOperations: RestOperations<"scheduleGroups" | "schedules" | "roles" | "clock" | "latency"> = {
  CreateScheduleGroup: ["POST /schedule-groups/{Name}", createScheduleGroup],
  GetScheduleGroup: ["GET /schedule-groups/{Name}", getScheduleGroup],
  DeleteScheduleGroup: ["DELETE /schedule-groups/{Name}?clientToken", deleteScheduleGroup],
  ListTagsForResource: ["GET /tags/{ResourceArn}", listTagsForResource],
  CreateSchedule: ["POST /schedules/{Name}", createSchedule],
  GetSchedule: ["GET /schedules/{Name}?groupName", getSchedule],
  UpdateSchedule: ["PUT /schedules/{Name}", updateSchedule],
  ListSchedules: ["GET /schedules?ScheduleGroup&NamePrefix&State&NextToken&MaxResults", listSchedules],
  DeleteSchedule: ["DELETE /schedules/{Name}?groupName&clientToken", deleteSchedule],
};
