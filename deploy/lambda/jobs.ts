/**
 * The jobs of an app's stage on AWS: queues, and what calls the function that runs them. An alias of that function
 * follows the live release; the mapping that reads the queue for it, and the clock, are made once.
 */
import type { AliasConfiguration } from "@aws-sdk/client-lambda";
import { defaultJobConcurrency, hasClock } from "../../framework/model/app.ts";
import { jobsFunctionId } from "../../framework/model/job.ts";
import type { Manifest } from "../../framework/model/manifest.ts";
import { UserError } from "../../framework/model/user-error.ts";
import type { DeployedPart, Owner, Part } from "../parts.ts";
import type { Deployed, Leftover, Live, Removed } from "../platform.ts";
import type { ReleaseRecord } from "../record.ts";
import { deleteAlias, moveAlias, readAlias } from "./alias.ts";
import { hasName } from "./aws-error.ts";
import type { Clients } from "./clients.ts";
import { clockName, deleteClock, deleteSchedule, ensureClock, findClock, type FoundClock } from "./job-clock.ts";
import { deleteMapping, ensureMapping, findMapping, type FoundMapping } from "./job-mapping.ts";
import { deadQueueName, findQueues, type FoundQueues, queueName } from "./job-queues.ts";
import { functionName, type Place, rolePath, versionTarget } from "./names.ts";

/** What the jobs of a build need. */
export interface JobNeeds {
  /** How many jobs run at once; 0 for an app that only sends. */
  readonly concurrency: number;
  /** Whether schedules run. */
  readonly clock: boolean;
}

/** Undefined for a build that neither has jobs nor sends any. */
export function neededJobs({ app, functions, jobsFunction }: Manifest): JobNeeds | undefined {
  if (!jobsFunction)
    return functions.some(({ needs }) => needs?.includes("jobs")) ? { concurrency: 0, clock: false } : undefined;
  return {
    concurrency: app.jobConcurrency ?? defaultJobConcurrency,
    clock: hasClock(app, "lambda") && jobsFunction.jobs.some(({ cron }) => cron !== undefined),
  };
}

/** What there is of a stage's jobs. */
export interface FoundJobs extends FoundQueues {
  readonly alias: AliasConfiguration | undefined;
  readonly mapping: FoundMapping | undefined;
  readonly clock: FoundClock | undefined;
}

/** The stage whose jobs are looked for, moved or settled. */
export interface JobStage {
  readonly clients: Clients;
  readonly owner: Owner;
  readonly place: Place;
}

interface LookInput extends JobStage {
  /** Of the next release, null for one without jobs; absent without a build. */
  readonly needed?: JobNeeds | null | undefined;
}

/**
 * Looks at once where the next release has jobs; else only if a release on record has some. Without a build and any
 * record they may be what a removal left; credentials that may not look find nothing then. One round of calls.
 */
export function lookForJobs(
  input: LookInput,
): (records: ReadonlyMap<number, ReleaseRecord>) => Promise<FoundJobs | undefined> {
  const looking = input.needed ? findJobs(input) : undefined;
  looking?.catch(() => undefined);
  return async (records) => {
    if (looking) return looking;
    if ([...records.values()].some(({ parts }) => Object.hasOwn(parts, `queue ${queueName(input.owner)}`)))
      return findJobs(input);
    return input.needed === undefined && records.size === 0 ? lookForAnyJobs(input) : undefined;
  };
}

/** For a removal: what a run left that died before its record was there, too. */
export const lookForAnyJobs = (input: JobStage): Promise<FoundJobs | undefined> =>
  findJobs(input).catch(undefinedIfDenied);

async function findJobs({ clients, owner, place }: JobStage): Promise<FoundJobs | undefined> {
  const [queues, alias, mapping, clock] = await Promise.all([
    findQueues(clients, owner, place),
    readAlias(clients, functionName(owner, jobsFunctionId)),
    findMapping(clients, owner, place),
    findClock(clients, owner, place),
  ]);
  const isThere = queues.queue ?? queues.dead ?? alias ?? mapping ?? clock;
  return isThere && { ...queues, alias, mapping, clock };
}

const undefinedIfDenied = (error: unknown): undefined => {
  if (!hasName(error, "AccessDenied", "AccessDeniedException")) throw error;
};

const queuePart = (owner: Owner, concurrency: number, note?: string): Part => ({
  kind: "queue",
  name: queueName(owner),
  key: String(concurrency),
  facts: [{ label: "jobs at once", value: String(concurrency) }],
  shared: true,
  ...(note !== undefined && { note }),
});

const deadPart = (owner: Owner): Part => ({
  kind: "queue",
  name: deadQueueName(owner),
  key: "dead letters",
  shared: true,
});

/** @param role name of the role with which it sends, or ARN of the one that hosting.json names */
const clockPart = (owner: Owner, role: string, note?: string): Part => ({
  kind: "schedule",
  name: clockName(owner),
  key: role,
  facts: [{ label: "role", value: role }],
  shared: true,
  ...(note !== undefined && { note }),
});

/** For people: what an app with jobs costs while nothing happens (docs/jobs.md). */
const costs = {
  queue: "Lambda polls it with about 648,000 SQS requests a month",
  clock: "43,800 ticks a month",
} as const;

/** For people: a function in a VPC does not reach SQS by itself (VPC user guide, "Interface endpoints"). */
export const queueNetworkNote =
  "functions in a VPC reach it through an interface endpoint for SQS or a NAT gateway alone";

/** Queues and clock as parts that all releases share. @param live whose parts need no notes any more */
export function jobPartsOf(
  owner: Owner,
  { concurrency, clock }: JobNeeds,
  {
    role,
    isInVpc,
    live,
  }: { readonly role: string; readonly isInVpc: boolean; readonly live: ReleaseRecord | undefined },
): readonly Part[] {
  const isNew = (part: Part): boolean => !Object.hasOwn(live?.parts ?? {}, `${part.kind} ${part.name}`);
  const withNote = (part: Part, ...notes: readonly (string | false)[]): Part => {
    const note = notes.filter((text) => text !== false).join("; ");
    return note !== "" && isNew(part) ? { ...part, note } : part;
  };
  return [
    withNote(queuePart(owner, concurrency), concurrency > 0 && costs.queue, isInVpc && queueNetworkNote),
    deadPart(owner),
    ...(clock ? [withNote(clockPart(owner, role), costs.clock)] : []),
  ];
}

/** What is there of them. A queue that nothing reads does nothing yet. */
export function deployedJobs(owner: Owner, place: Place, found: FoundJobs | undefined): readonly DeployedPart[] {
  if (!found) return [];
  const { queue, dead, alias, mapping, clock } = found;
  // A schedule that somebody turned off is made again by the next release.
  const role = clock?.owner === "ours" && clock.schedule?.isOn ? clock.schedule.roleArn : undefined;
  return [
    ...(queue === "ours" ? [queuePart(owner, (alias && mapping?.concurrency) ?? 0)] : []),
    ...(dead === "ours" ? [deadPart(owner)] : []),
    ...(role === undefined ? [] : [clockPart(owner, roleKey(owner, place, role))]),
  ];
}

const roleArnPrefix = (owner: Owner, { account, region }: Place): string =>
  `arn:aws:iam::${account}:role${rolePath(owner, { region })}`;

/** A role of ours by its name; another by its ARN. */
const roleKey = (owner: Owner, place: Place, arn: string): string => {
  const prefix = roleArnPrefix(owner, place);
  return arn.startsWith(prefix) ? arn.slice(prefix.length) : arn;
};

const roleArnOf = (owner: Owner, place: Place, key: string): string =>
  key.startsWith("arn:") ? key : roleArnPrefix(owner, place) + key;

/** Others' resources of our names. */
export function takenJobs(owner: Owner, found: FoundJobs | undefined): Deployed["taken"] {
  return [
    ...(found?.queue === "taken" ? [{ kind: "queue" as const, name: queueName(owner) }] : []),
    ...(found?.dead === "taken" ? [{ kind: "queue" as const, name: deadQueueName(owner) }] : []),
    ...(found?.clock?.owner === "taken" ? [{ kind: "schedule" as const, name: clockName(owner) }] : []),
  ];
}

/** What calls the jobs of a release, by its record; undefined for one without jobs. */
interface JobTriggers {
  /** Qualified ARN of the version that runs them. */
  readonly ref: string;
  readonly concurrency: number;
  /** As the clock's part has it; undefined where it does not tick. */
  readonly role: string | undefined;
}

function recordedTriggers(owner: Owner, record: ReleaseRecord | undefined): JobTriggers | undefined {
  const ref = record?.functions.find((fn) => fn.function === jobsFunctionId)?.ref;
  const concurrency = record?.parts[`queue ${queueName(owner)}`];
  if (ref === undefined || concurrency === undefined) return undefined;
  return { ref, concurrency: Number(concurrency), role: record?.parts[`schedule ${clockName(owner)}`] };
}

/** Of a run that did not end: jobs of another release than the live one. */
export function jobLeftovers(owner: Owner, found: FoundJobs | undefined, live: Live | undefined): readonly Leftover[] {
  if (!found || !live?.record) return [];
  const triggers = recordedTriggers(owner, live.record);
  const { alias, mapping, clock } = found;
  if (triggers && (!alias || alias.FunctionVersion === versionTarget(triggers.ref).Qualifier)) return [];
  if (!triggers && !alias && !mapping && !clock?.schedule) return [];
  const what = triggers
    ? `jobs follow release ${live.number}`
    : `release ${live.number} has no jobs, and some are called`;
  return [{ kind: "job", name: "live", reason: what }];
}

/** Moves the jobs to a release by one call; none where they are there, or are not called yet. */
export async function moveJobs(
  { clients, owner }: JobStage,
  record: ReleaseRecord | undefined,
  found: FoundJobs | undefined,
): Promise<FoundJobs | undefined> {
  const ref = recordedTriggers(owner, record)?.ref;
  if (!found?.alias || ref === undefined) return found;
  return { ...found, alias: await pointTo(clients, owner, ref, found) };
}

const pointTo = (clients: Clients, owner: Owner, ref: string, found: FoundJobs | undefined) =>
  moveAlias(
    clients,
    functionName(owner, jobsFunctionId),
    { FunctionVersion: versionTarget(ref).Qualifier, Description: "portico jobs" },
    found?.alias,
    () =>
      new UserError(
        "SWITCH_OVERTAKEN",
        "the jobs did not follow the release: somebody else moved their alias after it was read",
        `Run portico deploy --stage ${owner.stage} again.`,
      ),
  );

/**
 * Brings alias, mapping and clock in step with the live release. One without jobs takes them away, so that messages
 * wait; a clock stays where nothing is due, since another release may need it.
 */
export async function settleJobs(
  { clients, owner, place }: JobStage,
  record: ReleaseRecord,
  found: FoundJobs | undefined,
  isFresh: () => boolean,
): Promise<void> {
  const wanted = recordedTriggers(owner, record);
  if (!wanted) {
    if (found) await removeTriggers(clients, owner, found);
    return;
  }
  await pointTo(clients, owner, wanted.ref, found);
  const { concurrency, role } = wanted;
  await ensureMapping({ clients, owner, place, concurrency, isFresh }, found?.mapping);
  if (role === undefined) return;
  const roleArn = roleArnOf(owner, place, role);
  await ensureClock({ clients, owner, place, roleArn, isFresh }, found?.clock);
}

/** The clock first, since its ticks would wait; the alias when nothing calls it, so that its version can be deleted. */
async function removeTriggers(clients: Clients, owner: Owner, { alias, mapping, clock }: FoundJobs): Promise<void> {
  if (clock?.owner === "ours" && clock.schedule) await deleteSchedule(clients, owner);
  if (mapping) await deleteMapping(clients, mapping);
  if (alias) await deleteAlias(clients, functionName(owner, jobsFunctionId));
}

/** For a stage that is removed: before the function, which the mapping calls. */
export async function removeJobTriggers(
  clients: Clients,
  owner: Owner,
  found: FoundJobs | undefined,
): Promise<readonly Removed[]> {
  if (!found) return [];
  if (found.clock?.owner === "ours") await deleteClock(clients, owner);
  if (found.mapping) await deleteMapping(clients, found.mapping);
  return found.clock?.owner === "ours" ? [{ kind: "schedule", name: clockName(owner) }] : [];
}
