/** The jobs of the live release, by the facts of its parts. */
import type { JobSettings } from "../framework/model/job.ts";
import type { Fact } from "./parts.ts";
import type { CheckResult } from "./check-result.ts";
import type { Deployed } from "./platform.ts";

type Schedule = Pick<JobSettings, "cron" | "zone">;

/** A job as a release has it. */
export interface ReleasedJob extends Schedule {
  readonly name: string;
}

/** A job's schedule in a release, for people and for `liveJobs`. */
export const scheduleFact = (label: string, { cron, zone = "UTC" }: Schedule): Fact => ({
  label,
  value: cron === undefined ? "none" : `${cron} ${zone}`,
});

const toJob = (name: string, schedule: string): ReleasedJob => {
  const at = schedule.lastIndexOf(" ");
  return at < 0 ? { name } : { name, cron: schedule.slice(0, at), zone: schedule.slice(at + 1) };
};

/** On Workers each job is a part with a fact; on Lambda their one function has a fact for each. */
export const liveJobs = ({ parts }: Pick<Deployed, "parts">): readonly ReleasedJob[] =>
  parts.flatMap(({ kind, name, facts = [] }) =>
    facts.flatMap(({ label, value }) => {
      if (kind === "job") return label === "schedule" ? [toJob(name, value)] : [];
      return kind === "function" && label.startsWith("job ") ? [toJob(label.slice("job ".length), value)] : [];
    }),
  );

/** Whether the live release has a clock, and whether the cloud ticks for it. */
export const liveClock = ({ live, parts }: Pick<Deployed, "live" | "parts">) => ({
  isWanted: Object.keys(live?.record?.parts ?? {}).some((name) => name.startsWith("schedule ")),
  ticks: parts.some(({ kind }) => kind === "schedule"),
});

/**
 * What of the jobs is not as the live release wants it: queues that are gone or that nothing reads, a clock that is
 * off, an alias elsewhere. Somebody may have moved it, or turned it off.
 */
export function checkLiveJobs(deployed: Pick<Deployed, "live" | "parts" | "leftovers">, stage: string): CheckResult[] {
  const { isWanted, ticks } = liveClock(deployed);
  const wrong = [
    ...deployed.leftovers.flatMap(({ kind, reason }) => (kind === "job" ? [`not so yet: ${reason}`] : [])),
    ...queueFaults(deployed),
    ...(isWanted && !ticks ? ["the clock is off or gone"] : []),
  ];
  const fix = `Run portico deploy --stage ${stage}, which brings it in order.`;
  return wrong.map((text) => ({ check: "live jobs", ok: false, text, fix }));
}

/** A queue's key says how many jobs run at once, of the dead letters' queue that it is one. */
function queueFaults({ live, parts }: Pick<Deployed, "live" | "parts">): readonly string[] {
  return Object.entries(live?.record?.parts ?? {}).flatMap(([part, wanted]) => {
    if (!part.startsWith("queue ")) return [];
    const name = part.slice("queue ".length);
    const found = parts.find((one) => one.kind === "queue" && one.name === name)?.key;
    if (found === wanted) return [];
    if (found === undefined) return [`the queue ${name} is gone`];
    if (found === "0") return [`nothing reads the queue ${name}: what does is off or gone`];
    return [`${found} jobs of the queue ${name} run at once, and the release wants ${wanted}`];
  });
}
