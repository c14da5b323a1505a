/** Cron Triggers: operations on the schedules of a script, and the runs of its `scheduled` handler in due minutes. */
import type { Collection } from "../collection.ts";
import { isRecord } from "../structure-reader.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import { isDue, parseCron } from "./cron-expression.ts";
import { jsonBody, membersOf } from "./json-body.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import type { ScheduleRecord } from "./records.ts";
import { withScriptLock } from "./script-lock.ts";
import { findScript, mainVersion } from "./script-lookup.ts";
import { type CloudflareState, timestamp } from "./state.ts";
import type { VersionPool } from "./version-pool.ts";

const schedulesOf = (script: string, schedules: Collection<ScheduleRecord>): readonly ScheduleRecord[] =>
  schedules.all().filter((one) => one.script === script);

const schedulesJson = (schedules: readonly ScheduleRecord[]): Readonly<Record<string, unknown>> => ({
  schedules: schedules.map(({ cron, created, modified }) => ({ cron, created_on: created, modified_on: modified })),
});

/** Replaces all schedules of a script. */
const putSchedules: Operation<"schedules" | "scripts", "clock" | "plan"> = (call, state, { clock, plan }) => {
  const { name } = findScript(call, state);
  const body = jsonBody(call);
  const list: unknown = isRecord(body) ? body["schedules"] : body;
  if (!Array.isArray(list)) throw invalid("The body must be a list of schedules.");
  const crons = [...new Set(list.map(readCron))];
  const others = state.schedules.all().filter(({ script }) => script !== name).length;
  if (others + crons.length > plan.crons)
    throw new CloudflareError(
      10072,
      400,
      `You have exceeded the limit of ${plan.crons} cron triggers on the ${plan.name} plan.`,
    );
  const now = timestamp(clock);
  const before = new Map(schedulesOf(name, state.schedules).map((one) => [one.cron, one]));
  for (const cron of before.keys()) if (!crons.includes(cron)) state.schedules.remove(`${name}/${cron}`);
  const stored = crons.map(
    (cron) =>
      before.get(cron) ?? state.schedules.put(`${name}/${cron}`, { script: name, cron, created: now, modified: now }),
  );
  return { result: schedulesJson(stored) };
};

function readCron(value: unknown): string {
  const members = membersOf(value, "schedule");
  const cron = members.requiredText("cron");
  for (const member of ["created_on", "modified_on"]) members.text(member);
  members.end();
  if (!parseCron(cron)) throw new CloudflareError(10100, 400, `invalid cron string: ${cron}`);
  return cron;
}

/** The versions that schedules run. */
export interface ScheduleOptions {
  readonly state: Pick<CloudflareState, "deployments" | "schedules" | "versions">;
  readonly pool: Pick<VersionPool, "lease">;
  /** Gets the error of a Worker that does not start; errors of a handler are in its log and its tail. */
  readonly onError: (error: unknown) => void;
}

/**
 * Runs the schedules that are due in the minutes after `since` up to `now` (epoch ms), all at the same time, and
 * resolves when every handler has ended. After a long sleep of the machine only the last hour is made up for.
 */
export async function runDueSchedules(since: number, now: number, options: ScheduleOptions): Promise<void> {
  const { state, onError } = options;
  const minute = 60_000;
  const first = Math.max(Math.floor(since / minute) + 1, Math.floor(now / minute) - 59);
  const runs: Promise<void>[] = [];
  for (let time = first * minute; time <= now; time += minute) {
    for (const { script, cron } of state.schedules.all()) {
      const parsed = parseCron(cron);
      if (parsed && isDue(parsed, time)) runs.push(runScheduled(script, cron, time, options).catch(onError));
    }
  }
  await Promise.all(runs);
}

async function runScheduled(
  script: string,
  cron: string,
  time: number,
  { state, pool }: Pick<ScheduleOptions, "pool" | "state">,
): Promise<void> {
  const version = mainVersion(script, state);
  if (!version) return;
  const lease = await pool.lease(version);
  try {
    await lease.version.scheduled(cron, time);
  } finally {
    lease.release();
  }
}

const path = "/accounts/{account}/workers/scripts/{script}/schedules";

const getSchedules: Operation<"schedules" | "scripts"> = (call, state) => ({
  result: schedulesJson(schedulesOf(findScript(call, state).name, state.schedules)),
});

export const scheduleOperations: OperationTable = {
  putSchedules: writes(`PUT ${path}`, withScriptLock(putSchedules)),
  getSchedules: reads(`GET ${path}`, getSchedules),
};
