/** `portico jobs`: lists the jobs of an app, sends one by hand, and lists, repeats or drops dead ones. */
import { liveClock, liveJobs } from "../../../deploy/job-schedule.ts";
import { loadApp } from "../../config/app-loader.ts";
import { dropDeadJob, listDeadJobs, type StoredDeadJob } from "../../features/jobs/dead-jobs.ts";
import { JobError } from "../../features/jobs/job-error.ts";
import { messageOf, toMessage } from "../../features/jobs/message.ts";
import { tick } from "../../features/jobs/ticks.ts";
import { StoreError } from "../../features/store/store-error.ts";
import { type App, hasClock } from "../../model/app.ts";
import { nearestWord } from "../../model/did-you-mean.ts";
import { jobName, jobsFolder } from "../../model/job.ts";
import { UserError } from "../../model/user-error.ts";
import { discoverJobs } from "../../routes/job-discovery.ts";
import type { CommandInput } from "../command.ts";
import { appFlags, textFlag } from "../flags.ts";
import { type JobQueue, openJobQueue } from "../job-queue.ts";
import { describeJobs, type JobList, jobsText } from "../job-table.ts";
import type { Reporter } from "../reporter.ts";
import { chooseCloud, explainErrors, openStageCloud, type TargetCloud } from "../stage-cloud.ts";
import { openStageJobs } from "../stage-job-queue.ts";

/** Where the jobs are: in this folder, or at a stage. */
interface Place {
  /** For commands in messages: ` --stage prod`; else empty. */
  readonly flag: string;
  readonly queue: JobQueue;
  list(): Promise<JobList>;
  /** How to get a job that is not in the list. */
  adviceFor(job: string): Promise<string>;
}

/** What a subcommand works with. */
interface Subject extends Place {
  readonly words: readonly string[];
  readonly at: string | undefined;
  readonly reporter: Reporter;
}

/**
 * Lists without an action; `run NAME [DATA]`, `dead`, `dead retry ID` and `dead drop ID`. Without a stage it is the
 * queue of this machine.
 */
export async function jobs(input: CommandInput): Promise<number> {
  if (textFlag(input, "stage") !== undefined) return onStage(input);
  const app = await loadApp(appFlags(input, "start"));
  const off = app.clock === false ? `"clock" is false in hosting.json` : undefined;
  const found = await discoverJobs(app);
  return act(input, {
    flag: "",
    queue: await openJobQueue(app, input),
    list: async () => ({ jobs: found, of: "this app", off }),
    adviceFor: async (job) =>
      new RegExp(jobName.pattern).test(job)
        ? `Write ${jobsFolder}/${job}.ts, or run portico jobs for the list.`
        : `Run portico jobs for the list; a job's name has ${jobName.description}.`,
  });
}

async function onStage(input: CommandInput): Promise<number> {
  const stage = await openStageCloud(input);
  try {
    const cloud = await chooseCloud(stage, input);
    const { app, owner, own } = stage;
    return await explainErrors(cloud, async () =>
      act(input, {
        flag: ` --stage ${app.stage}`,
        queue: await openStageJobs(cloud, owner, own !== undefined),
        list: () => listLive(cloud, app),
        adviceFor: async (job) =>
          (await discoverJobs(app)).some(({ name }) => name === job)
            ? `Run portico deploy --stage ${app.stage} first: this folder has it.`
            : `Run portico jobs --stage ${app.stage} for the list.`,
      }),
    );
  } finally {
    await stage.close();
  }
}

/** The jobs of the live release, whatever this folder has. */
async function listLive(cloud: TargetCloud, app: App): Promise<JobList> {
  const deployed = await cloud.platform().observe();
  const { isWanted, ticks } = liveClock(deployed);
  const of = deployed.live ? `release ${deployed.live.number}` : `the stage ${app.stage}`;
  const gone = `the clock of ${of} is off or gone; portico deploy --stage ${app.stage} brings it back`;
  const never = `${of} was made without a clock${whyNoClock(app, cloud)}`;
  return { jobs: liveJobs(deployed), of, off: isWanted ? (ticks ? undefined : gone) : never };
}

/** Empty where this folder would make one. */
function whyNoClock(app: App, { target }: TargetCloud): string {
  if (hasClock(app, target)) return "";
  return app.clock === undefined
    ? `: "stages" in hosting.json does not name ${app.stage}, and "clock" is not set`
    : `: "clock" is ${JSON.stringify(app.clock)} in hosting.json`;
}

async function act(input: CommandInput, place: Place): Promise<number> {
  const [action, words = []] = input.args as readonly [string?, (readonly string[])?];
  const { queue } = place;
  try {
    const subject: Subject = { ...place, words, at: textFlag(input, "at"), reporter: input.reporter };
    if (action === undefined) {
      const list = await place.list();
      const table = await describeJobs(list.jobs, queue, Date.now());
      input.reporter.result(jobsText(table, list, input.reporter), { type: "jobs", ...table });
    } else if (action === "run") await run(subject);
    else if (action === "dead") await dead(subject);
    else throw usage(`"${action}" is no action of portico jobs`);
    return 0;
  } catch (error) {
    throw explained(error);
  } finally {
    await queue.close();
  }
}

/** What the queue and the store tell a function is told to a person here. */
function explained(error: unknown): unknown {
  if (!(error instanceof JobError || error instanceof StoreError)) return error;
  const [, kind = ""] = error.code.split("_", 2);
  const fixes: Readonly<Record<string, string>> = {
    DATA: "Put the rest into the store, and send its key.",
    SCHEMA: "Update portico, or give --data another folder.",
  };
  return new UserError(error.code, error.message, fixes[kind] ?? "Run the command again.", { cause: error });
}

const usage = (message: string): UserError =>
  new UserError(
    "USAGE",
    message,
    "Run portico jobs, portico jobs run NAME [DATA], or portico jobs dead [retry|drop ID]",
  );

async function run({ flag, list, adviceFor, queue, words, at, reporter }: Subject): Promise<void> {
  const [name, data, ...rest] = words;
  if (name === undefined || rest.length > 0)
    throw usage("portico jobs run takes the name of a job, and its data as JSON");
  const { jobs: known, of } = await list();
  const names = known.map((job) => job.name);
  if (!names.includes(name)) {
    const meant = nearestWord(name, names);
    throw new UserError(
      "JOB_UNKNOWN",
      `${of} has no job ${name}${meant === undefined ? "" : `; did you mean "${meant}"?`}`,
      meant === undefined ? await adviceFor(name) : `Run portico jobs run ${meant}${flag}`,
    );
  }
  const scheduled = at === undefined ? undefined : tick(name, toMinute(at));
  const { id, body } = toMessage(name, toData(data), scheduled ? { id: scheduled.id } : {}, names);
  await queue.send(scheduled ? JSON.stringify({ ...messageOf(body), scheduled: scheduled.scheduled }) : body);
  const awaited = queue.waitsFor();
  const note = awaited === undefined ? "" : `; it waits for ${awaited}`;
  reporter.result(`sent ${name} ${id}${note}`, { type: "sent", job: name, id, served: awaited === undefined });
}

/** Epoch milliseconds of the minute. */
function toMinute(text: string): number {
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (!Number.isNaN(time)) return Math.floor(time / 60_000) * 60_000;
  throw new UserError("BAD_TIME", `"${text}" is no time`, "Give --at a time with its zone, such as 2026-11-29T00:00Z.");
}

function toData(text: string | undefined): unknown {
  try {
    return text === undefined ? null : JSON.parse(text);
  } catch (cause) {
    throw new UserError("JOB_DATA", `the data are no JSON: ${text}`, `Write JSON in quotes, such as '{"team":"a"}'.`, {
      cause,
    });
  }
}

async function dead(subject: Subject): Promise<void> {
  const { queue, words, reporter } = subject;
  const found = await listDeadJobs(queue.dead);
  const [action, key, ...rest] = words;
  if (action === undefined) {
    const lines = found.map(
      ({ key: id, attempts, died, error }) => `${id}  ${new Date(died).toISOString()}  ${attempts} attempts  ${error}`,
    );
    return reporter.result(lines.join("\n") || "no job is dead", { type: "dead", jobs: found });
  }
  if ((action !== "retry" && action !== "drop") || key === undefined || rest.length > 0)
    throw usage("portico jobs dead takes retry or drop, and the id of a dead job");
  const one = found.find((listed) => listed.key === key);
  if (!one) throw new UserError("JOB_NOT_DEAD", `no dead job has the id ${key}`, "Run portico jobs dead for the list.");
  // In this order, so that a message that cannot be sent stays in the list.
  if (action === "retry") await queue.send(revived(one));
  await dropDeadJob(queue.dead, one);
  reporter.result(`${action === "retry" ? "sent" : "dropped"} ${key}`, { type: action, key, job: one.job, id: one.id });
}

/** The message of a dead job as it was sent first. */
const revived = ({ job, data, id, scheduled }: StoredDeadJob): string =>
  JSON.stringify({ job, data, id, ...(scheduled !== undefined && { scheduled }) });
