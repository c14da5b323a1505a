/** The operations of EventBridge Scheduler with their methods and paths, from the SDK's schema. */
import type { RestOperations } from "../rest-operation.ts";
import { createScheduleGroup, deleteScheduleGroup, listTagsForResource } from "./schedule-groups.ts";
import { createSchedule, deleteSchedule, getSchedule, updateSchedule } from "./schedules.ts";

export const schedulerOperations: RestOperations<"scheduleGroups" | "schedules" | "roles" | "clock" | "latency"> = {
  CreateScheduleGroup: ["POST /schedule-groups/{Name}", createScheduleGroup],
  DeleteScheduleGroup: ["DELETE /schedule-groups/{Name}?clientToken", deleteScheduleGroup],
  ListTagsForResource: ["GET /tags/{ResourceArn}", listTagsForResource],
  CreateSchedule: ["POST /schedules/{Name}", createSchedule],
  GetSchedule: ["GET /schedules/{Name}?groupName", getSchedule],
  UpdateSchedule: ["PUT /schedules/{Name}", updateSchedule],
  DeleteSchedule: ["DELETE /schedules/{Name}?groupName&clientToken", deleteSchedule],
};
