/** The log of a function: writes its lines to its log group in CloudWatch Logs, if the function's role allows that. */
import type { LoadedFunction } from "../../../model/invocation.ts";
import { account, localRegion } from "../arn.ts";
import type { Uses } from "../backends.ts";
import { roleAllows } from "../iam/role-permission.ts";
import { logGroupArn } from "../logs/errors.ts";
import type { LogEvent } from "../logs/log-store.ts";
import type { FunctionVersion } from "../records.ts";

/** Where log lines go. `isClosed` is true once the cloud is closed: lines of functions that still run are dropped. */
export interface LogDestination extends Uses<"roles" | "logGroups" | "logs" | "clock"> {
  isClosed(): boolean;
}

/**
 * The log of a version's environments. Lines of one turn of the event loop are written together. Lines that the role
 * does not allow are dropped, as on AWS.
 */
export function functionLog(version: FunctionVersion, destination: LogDestination): NonNullable<LoadedFunction["log"]> {
  const group = version.logging["LogGroup"] ?? "";
  const isText = version.logging["LogFormat"] !== "JSON";
  const buffered = new Map<string, LogEvent[]>();
  const flush = (): void => {
    for (const [stream, events] of buffered) writeEvents(version.role, { group, stream }, events, destination);
    buffered.clear();
  };
  return {
    group,
    write(stream, text) {
      if (buffered.size === 0) setImmediate(flush);
      const events = buffered.get(stream) ?? [];
      events.push({ timestamp: destination.clock.now(), message: isText ? `${text}\n` : text });
      buffered.set(stream, events);
    },
  };
}

function writeEvents(
  roleArn: string,
  { group, stream }: { readonly group: string; readonly stream: string },
  events: readonly LogEvent[],
  { roles, logGroups, logs, clock, isClosed }: LogDestination,
): void {
  const role = roles.all().find(({ arn }) => arn === roleArn);
  if (!role || isClosed()) return;
  const streamArn = `${logGroupArn(group)}:log-stream:${stream}`;
  if (!logGroups.get(group)) {
    const groupArn = `arn:aws:logs:${localRegion}:${account}:log-group:${group}:log-stream:`;
    if (!roleAllows(role, "logs:CreateLogGroup", groupArn)) return;
    logGroups.put(group, { name: group, created: clock.now(), tags: {} });
  }
  if (!logs.stream(group, stream)) {
    if (!roleAllows(role, "logs:CreateLogStream", streamArn)) return;
    logs.create(group, stream, clock.now());
  }
  if (roleAllows(role, "logs:PutLogEvents", streamArn)) logs.append(group, stream, events, clock.now());
}
