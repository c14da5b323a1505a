/** The event source mapping by which Lambda reads the queue of an app's jobs: found, made, changed, deleted. */
import {
  CreateEventSourceMappingCommand,
  DeleteEventSourceMappingCommand,
  type EventSourceMappingConfiguration,
  GetEventSourceMappingCommand,
  paginateListEventSourceMappings,
  UpdateEventSourceMappingCommand,
} from "@aws-sdk/client-lambda";
import { jobsFunctionId } from "../../framework/model/job.ts";
import type { Owner } from "../parts.ts";
import { poll, retry } from "../retry.ts";
import { aliasName } from "./alias.ts";
import { hasName, isConflict, isInvalidParameter, undefinedIfMissing } from "./aws-error.ts";
import type { Clients } from "./clients.ts";
import { queueArn } from "./job-queues.ts";
import { functionName, ownerTags, type Place } from "./names.ts";

/** A mapping from the queue to the alias of the function that runs the jobs: both are ours, so it is. */
export interface FoundMapping {
  readonly id: string;
  /** How many jobs run at once; 0 for one that somebody turned off. */
  readonly concurrency: number;
}

/** The function with its alias, as a mapping names it. */
const aliasArn = (owner: Owner, { account, region }: Place): string =>
  `arn:aws:lambda:${region}:${account}:function:${functionName(owner, jobsFunctionId)}:${aliasName}`;

/** One call. One that is being deleted is none. */
export async function findMapping(clients: Clients, owner: Owner, place: Place): Promise<FoundMapping | undefined> {
  const found = await readMapping(clients, owner, place);
  if (!found || found.State === "Deleting") return undefined;
  const isOn = found.State !== "Disabled" && found.State !== "Disabling";
  return { id: found.UUID ?? "", concurrency: isOn ? (found.ScalingConfig?.MaximumConcurrency ?? 0) : 0 };
}

async function readMapping(
  { lambda }: Clients,
  owner: Owner,
  place: Place,
): Promise<EventSourceMappingConfiguration | undefined> {
  const pages = paginateListEventSourceMappings({ client: lambda }, { EventSourceArn: queueArn(owner, place) });
  for await (const { EventSourceMappings = [] } of pages) {
    const mine = EventSourceMappings.find(({ FunctionArn }) => FunctionArn === aliasArn(owner, place));
    if (mine) return mine;
  }
  return undefined;
}

/** What a mapping is made with. */
export interface MappingInput {
  readonly clients: Clients;
  readonly owner: Owner;
  readonly place: Place;
  readonly concurrency: number;
  /** Whether a role is so new that a permission of it may not be seen yet. */
  readonly isFresh: () => boolean;
}

/** No call where it is as it should be. */
export async function ensureMapping(input: MappingInput, found: FoundMapping | undefined): Promise<void> {
  if (found?.concurrency === input.concurrency) return;
  if (found) await updateMapping(input, found.id);
  else await createMapping(input);
}

async function createMapping(input: MappingInput): Promise<void> {
  const { clients, owner, place, concurrency, isFresh } = input;
  const command = new CreateEventSourceMappingCommand({
    EventSourceArn: queueArn(owner, place),
    FunctionName: aliasArn(owner, place),
    BatchSize: 1,
    FunctionResponseTypes: ["ReportBatchItemFailures"],
    ScalingConfig: { MaximumConcurrency: concurrency },
    Tags: ownerTags(owner),
  });
  const isForNow = (error: unknown): boolean => isBusy(error) || (isInvalidParameter(error) && isFresh());
  await retry({ clock: clients.clock }, isForNow, async () => {
    try {
      await clients.lambda.send(command);
    } catch (error) {
      if (!hasName(error, "ResourceConflictException")) throw error;
      // It is there: the answer to its making was lost. Or it is not gone yet.
      const there = await findMapping(clients, owner, place);
      if (!there) throw error;
      await ensureMapping(input, there);
    }
  });
}

async function updateMapping({ clients, concurrency }: MappingInput, UUID: string): Promise<void> {
  const ScalingConfig = { MaximumConcurrency: concurrency };
  const command = new UpdateEventSourceMappingCommand({ UUID, ScalingConfig, Enabled: true });
  await retry({ clock: clients.clock }, isBusy, () => clients.lambda.send(command));
}

/** It is just being made, changed or deleted. */
const isBusy = (error: unknown): boolean => hasName(error, "ResourceInUseException") || isConflict(error);

/** Resolves when nothing reads the queue any more. */
export async function deleteMapping({ lambda, clock }: Clients, { id: UUID }: FoundMapping): Promise<void> {
  await retry({ clock }, isBusy, () => lambda.send(new DeleteEventSourceMappingCommand({ UUID }))).catch(
    undefinedIfMissing,
  );
  await poll(
    { clock },
    `the deletion of the event source mapping ${UUID}`,
    () => lambda.send(new GetEventSourceMappingCommand({ UUID })).catch(undefinedIfMissing),
    (found) => found === undefined,
  );
}
