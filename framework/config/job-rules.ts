/** The rules of hosting.json about jobs, and the check of their schedules. */
import { parseCron } from "../model/cron.ts";
import { nearestWord } from "../model/did-you-mean.ts";
import { jobName, type JobSettings } from "../model/job.ts";
import { type At, UserError } from "../model/user-error.ts";
import type { Rule } from "./rule.ts";

/** Settings of jobs by name. */
export const jobs: Rule = {
  kind: "map",
  names: jobName,
  values: {
    kind: "object",
    keys: {
      cron: {
        kind: "text",
        description:
          'When the clock sends the job: minute, hour, day, month and weekday, as in "0 9 * * 1-5". ' +
          "Without it the job is only sent by the app.",
      },
      zone: { kind: "text", description: 'IANA time zone of "cron", such as Asia/Seoul. Default: UTC.' },
      retries: { kind: "integer", min: 0, max: 10, description: "How often a failed run is repeated. Default: 3." },
      timeout: { kind: "integer", min: 1, max: 900, description: "Timeout of a run in seconds. Default: 300." },
    },
  },
  description: "Settings of jobs by name: digest for functions/_jobs/digest.ts.",
};

/** Cloudflare runs at most 250 at once, and an event source mapping of AWS at least 2. */
export const jobConcurrency: Rule = {
  kind: "integer",
  min: 2,
  max: 250,
  description: "How many jobs of a stage run at once. Default: 2.",
};

/** Whether schedules run. */
export const clock: Rule = {
  kind: "choice",
  of: [true, false, "lambda", "workers"],
  description:
    "Whether schedules run; the name of a target where only that one's do. Default: in dev, with portico start, and " +
    "at the stages that are listed here.",
};

/**
 * Throws UserError CRON, as `parseCron` does, ZONE for a zone that does not exist, and CONFIG_VALUE for one without a
 * schedule.
 * @param placeOf the place of one of the job's settings
 */
export function checkSchedule(name: string, { cron, zone }: JobSettings, placeOf: (key: "cron" | "zone") => At): void {
  if (cron !== undefined) parseCron(cron, placeOf("cron"));
  if (zone === undefined) return;
  const at = placeOf("zone");
  if (cron === undefined)
    throw new UserError("CONFIG_VALUE", `the job ${name} has a "zone" and no "cron"`, 'Add "cron", or remove "zone".', {
      at,
    });
  if (isZone(zone)) return;
  const zones = ["UTC", ...Intl.supportedValuesOf("timeZone")];
  const meant = nearestWord(zone, zones) ?? zones.find((one) => one.endsWith(`/${zone}`));
  throw new UserError(
    "ZONE",
    `there is no time zone "${zone}"${meant === undefined ? "" : `; did you mean "${meant}"?`}`,
    "Write an IANA name, such as Asia/Seoul, America/New_York or UTC.",
    { at },
  );
}

/** Intl takes offsets too, such as +09:00, which do not follow the changes of a zone's clock. */
function isZone(name: string): boolean {
  if (!/^[A-Z]/i.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
