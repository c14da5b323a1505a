/** Where a function's lines go: its log group in CloudWatch Logs, if its role lets it; lines in, events out. */
import type { LoadedFunction } from "../../model/invocation.ts";
import { account, localRegion } from "./arn.ts";
import { mayRole } from "./iam/may-role.ts";
import type { LogEvent } from "./log-store.ts";
import { logGroupArn } from "./logs/logs-error.ts";
import type { FunctionVersion } from "./records.ts";
import type { Region } from "./region.ts";

/** The log of a version's environments. Lines of one turn of the loop are written at once; those that may not be are lost, as on AWS. */
export function functionLog(version: FunctionVersion, region: Region): NonNullable<LoadedFunction["log"]> {
  const group = version.logging["LogGroup"] ?? "";
  const isText = version.logging["LogFormat"] !== "JSON";
  const waiting = new Map<string, LogEvent[]>();
  const flush = (): void => {
    for (const [stream, events] of waiting) writeEvents(version.role, group, stream, events, region);
    waiting.clear();
  };
  return {
    group,
    write(stream, text) {
      if (waiting.size === 0) setImmediate(flush);
      const events = waiting.get(stream) ?? [];
      events.push({ timestamp: region.clock.now(), message: isText ? `${text}\n` : text });
      waiting.set(stream, events);
    },
  };
}

function writeEvents(roleArn: string, group: string, stream: string, events: readonly LogEvent[], region: Region): void {
  const { state, logs, clock, life } = region;
  const role = state.roles.all().find(({ arn }) => arn === roleArn);
  if (!role || life.aborted) return;
  const streamArn = `${logGroupArn(group)}:log-stream:${stream}`;
  if (!state.logGroups.get(group)) {
    if (!mayRole(role, "logs:CreateLogGroup", `arn:aws:logs:${localRegion}:${account}:log-group:${group}:log-stream:`)) return;
    state.logGroups.put(group, { name: group, created: clock.now(), tags: {} });
  }
  if (!logs.stream(group, stream)) {
    if (!mayRole(role, "logs:CreateLogStream", streamArn)) return;
    logs.create(group, stream, clock.now());
  }
  if (mayRole(role, "logs:PutLogEvents", streamArn)) logs.append(group, stream, events, clock.now());
}
