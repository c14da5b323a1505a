/** Cron Triggers: a script's schedules, and the runs of its `scheduled` handler when their minutes come. */
import { isRecord } from "../members.ts";
import { jsonBody, membersOf } from "./body.ts";
import { CloudflareError, invalid } from "./cloudflare-error.ts";
import { isDue, parseCron } from "./cron.ts";
import { type Edge, timestamp } from "./edge.ts";
import { exclusive } from "./exclusive.ts";
import { findScript, mainVersion } from "./find.ts";
import { leaseVersion } from "./lease-version.ts";
import { type Operation, type OperationTable, reads, writes } from "./operation.ts";
import type { ScheduleRecord } from "./records.ts";

const schedulesOf = (script: string, edge: Edge): readonly ScheduleRecord[] =>
  edge.state.schedules.all().filter((one) => one.script === script);

const shown = (schedules: readonly ScheduleRecord[]): Readonly<Record<string, unknown>> => ({
  schedules: schedules.map(({ cron, created, modified }) => ({ cron, created_on: created, modified_on: modified })),
});

/** Replaces them all. */
const putSchedules: Operation = (call, edge) => {
  const { name } = findScript(call, edge);
  const body = jsonBody(call);
  const list: unknown = isRecord(body) ? body["schedules"] : body;
  if (!Array.isArray(list)) throw invalid("The body must be a list of schedules.");
  const crons = [
    ...new Set(
      list.map((value) => {
        const members = membersOf(value, "schedule");
        const cron = members.requiredText("cron");
        for (const member of ["created_on", "modified_on"]) members.text(member);
        members.end();
        if (!parseCron(cron)) throw new CloudflareError(10100, 400, `invalid cron string: ${cron}`);
        return cron;
      }),
    ),
  ];
  const others = edge.state.schedules.all().filter(({ script }) => script !== name).length;
  if (others + crons.length > edge.plan.crons)
    throw new CloudflareError(10072, 400, `You have exceeded the limit of ${edge.plan.crons} cron triggers on the ${edge.plan.name} plan.`);
  const now = timestamp(edge);
  const before = new Map(schedulesOf(name, edge).map((one) => [one.cron, one]));
  for (const cron of before.keys()) if (!crons.includes(cron)) edge.state.schedules.remove(`${name}/${cron}`);
  const kept = crons.map(
    (cron) => before.get(cron) ?? edge.state.schedules.put(`${name}/${cron}`, { script: name, cron, created: now, modified: now }),
  );
  return { result: shown(kept) };
};

/**
 * Runs what is due in the minutes after `since` up to `now` (epoch ms), all at once; resolves when every handler has ended. A cloud that
 * slept for long makes up for an hour at most.
 * @param onError gets what kept a Worker from starting; what a handler throws is in its log and its tail
 */
export async function runDue(since: number, now: number, edge: Edge, onError: (error: unknown) => void): Promise<void> {
  const minute = 60_000;
  const first = Math.max(Math.floor(since / minute) + 1, Math.floor(now / minute) - 59);
  const runs: Promise<void>[] = [];
  for (let at = first; at <= Math.floor(now / minute); at += 1) {
    for (const { script, cron } of edge.state.schedules.all()) {
      const parsed = parseCron(cron);
      if (parsed && isDue(parsed, at * minute)) runs.push(runScheduled(script, cron, at * minute, edge).catch(onError));
    }
  }
  await Promise.all(runs);
}

async function runScheduled(script: string, cron: string, time: number, edge: Edge): Promise<void> {
  const version = mainVersion({ name: script }, edge);
  if (!version) return;
  const lease = await leaseVersion(version, edge);
  try {
    await lease.version.scheduled(cron, time);
  } finally {
    lease.release();
  }
}

const schedules = "/accounts/{account}/workers/scripts/{script}/schedules";

export const scheduleTable: OperationTable = {
  putSchedules: writes(`PUT ${schedules}`, exclusive(putSchedules)),
  getSchedules: reads(`GET ${schedules}`, (call, edge) => ({ result: shown(schedulesOf(findScript(call, edge).name, edge)) })),
};
