/** The jobs of the live release, by the facts of its parts. */
import type { JobSettings } from "../framework/model/job.ts";
import type { Fact } from "./parts.ts";
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
