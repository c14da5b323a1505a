/** `portico jobs`: lists the jobs of an app, sends one by hand, and lists, repeats or drops dead ones. */
import { loadApp } from "../../config/app-loader.ts";
import { dropDeadJob, listDeadJobs, type StoredDeadJob } from "../../features/jobs/dead-jobs.ts";
import { JobError } from "../../features/jobs/job-error.ts";
import { messageOf, toMessage } from "../../features/jobs/message.ts";
import { tick } from "../../features/jobs/ticks.ts";
import { StoreError } from "../../features/store/store-error.ts";
import { type App, hasClock } from "../../model/app.ts";
import { nearestWord } from "../../model/did-you-mean.ts";
import { jobsFolder } from "../../model/job.ts";
import { UserError } from "../../model/user-error.ts";
import { discoverJobs } from "../../routes/job-discovery.ts";
import type { CommandInput } from "../command.ts";
import { appFlags, textFlag } from "../flags.ts";
import { type JobQueue, openJobQueue } from "../job-queue.ts";
import { describeJobs, jobsText } from "../job-table.ts";
import type { Reporter } from "../reporter.ts";
import { chooseCloud, explainErrors, openStageCloud } from "../stage-cloud.ts";
import { openStageJobs } from "../stage-job-queue.ts";

/** What a subcommand works with. */
interface Subject {
  readonly names: readonly string[];
  readonly queue: JobQueue;
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
  return act(input, app, await openJobQueue(app, input), off);
}

async function onStage(input: CommandInput): Promise<number> {
  const stage = await openStageCloud(input);
  try {
    const cloud = await chooseCloud(stage, input);
    const { app, owner } = stage;
    const off = hasClock(app, cloud.target)
      ? undefined
      : app.clock === undefined
        ? `"stages" in hosting.json does not name ${app.stage}, and "clock" is not set`
        : `"clock" is ${JSON.stringify(app.clock)} in hosting.json`;
    return await explainErrors(cloud, async () => act(input, app, await openStageJobs(cloud, owner), off));
  } finally {
    await stage.close();
  }
}

/** @param off why schedules do not run */
async function act(input: CommandInput, app: App, queue: JobQueue, off: string | undefined): Promise<number> {
  const [action, words = []] = input.args as readonly [string?, (readonly string[])?];
  try {
    const found = await discoverJobs(app);
    const names = found.map(({ name }) => name);
    const subject: Subject = { names, queue, words, at: textFlag(input, "at"), reporter: input.reporter };
    if (action === undefined) {
      const table = await describeJobs(found, queue, Date.now());
      input.reporter.result(jobsText(table, off, input.reporter), { type: "jobs", ...table });
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

async function run({ names, queue, words, at, reporter }: Subject): Promise<void> {
  const [name, data, ...rest] = words;
  if (name === undefined || rest.length > 0)
    throw usage("portico jobs run takes the name of a job, and its data as JSON");
  if (!names.includes(name)) throw unknownJob(name, names);
  const scheduled = at === undefined ? undefined : tick(name, toMinute(at));
  const { id, body } = toMessage(name, toData(data), scheduled ? { id: scheduled.id } : {}, names);
  await queue.send(scheduled ? JSON.stringify({ ...messageOf(body), scheduled: scheduled.scheduled }) : body);
  const served = queue.isServed();
  const note = served ? "" : "; it waits for portico dev or portico start, none of which runs here";
  reporter.result(`sent ${name} ${id}${note}`, { type: "sent", job: name, id, served });
}

function unknownJob(name: string, names: readonly string[]): UserError {
  const meant = nearestWord(name, names);
  return new UserError(
    "JOB_UNKNOWN",
    `there is no job ${name}${meant === undefined ? "" : `; did you mean "${meant}"?`}`,
    meant === undefined
      ? `Write ${jobsFolder}/${name}.ts, or run portico jobs for the list.`
      : `Run portico jobs run ${meant}`,
  );
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
