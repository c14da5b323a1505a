/**
 * Event source mappings of SQS's queues: CreateEventSourceMapping, GetEventSourceMapping, ListEventSourceMappings,
 * UpdateEventSourceMapping and DeleteEventSourceMapping.
 */
import { randomUUID } from "node:crypto";
import type { StructureReader } from "../../structure-reader.ts";
import { AwsError } from "../../../emulation/aws/aws-error.ts";
import { functionArn, mappingArn, queueArn } from "../arn.ts";
import type { Uses } from "../backends.ts";
import type { MappingRecord } from "../records.ts";
import type { RestCall, RestOperation } from "../rest-operation.ts";
import { conflict, invalid, lambdaMembers, violation } from "./errors.ts";
import { findFunction } from "./function-lookup.ts";
import { parseFunctionName } from "./function-name.ts";
import { findMapping, requireMapping, stateOf } from "./mapping-records.ts";
import { lambdaPage } from "./pagination.ts";
import { missingQueueAction } from "./queue-permission.ts";
import { checkTags } from "./tags.ts";

const reportFailures = "ReportBatchItemFailures";

/** The structure EventSourceMappingConfiguration. */
const describeMapping = (mapping: MappingRecord, state: string): Record<string, unknown> => ({
  UUID: mapping.uuid,
  EventSourceMappingArn: mappingArn(mapping.uuid),
  EventSourceArn: mapping.queueArn,
  FunctionArn: functionArn(mapping.functionName, mapping.qualifier),
  BatchSize: 1,
  MaximumBatchingWindowInSeconds: 0,
  ScalingConfig: { MaximumConcurrency: mapping.maximumConcurrency },
  FunctionResponseTypes: mapping.reportsFailures ? [reportFailures] : [],
  State: state,
  StateTransitionReason: "USER_INITIATED",
  // Epoch seconds, as the protocol writes times.
  LastModified: mapping.modified / 1000,
});

/** Undefined when the member is missing. */
function readConcurrency(members: StructureReader): number | undefined {
  const scaling = members.structure("ScalingConfig");
  const concurrency = scaling?.integer("MaximumConcurrency", 2, 1000);
  scaling?.end();
  if (scaling && concurrency === undefined) throw withoutConcurrency();
  return concurrency;
}

const withoutConcurrency = (): AwsError =>
  violation("ScalingConfig.MaximumConcurrency", null, "Portico's local cloud has no mappings without it") as AwsError;

function readResponseTypes(members: StructureReader): boolean {
  const types = members.texts("FunctionResponseTypes") ?? [];
  if (types.some((type) => type !== reportFailures) || types.length > 1)
    throw violation("FunctionResponseTypes", types, `Member must satisfy enum value set: [${reportFailures}]`);
  return types.length > 0;
}

export const createEventSourceMapping: RestOperation<
  "functions" | "mappings" | "roles" | "queuePlane" | "pollMapping" | "clock" | "latency"
> = (call, { functions, mappings, roles, queuePlane, pollMapping, clock, latency }) => {
  const members = lambdaMembers(call.members);
  const ref = parseFunctionName(members.requiredText("FunctionName", { min: 1 }));
  const source = members.requiredText("EventSourceArn");
  const isEnabled = members.flag("Enabled") ?? true;
  const batchSize = members.integer("BatchSize", 1, 10_000) ?? 10;
  if (batchSize !== 1) throw violation("BatchSize", batchSize, "Portico's local cloud has batches of 1 only");
  const concurrency = readConcurrency(members);
  const reportsFailures = readResponseTypes(members);
  const tags = checkTags(members.textMap("Tags") ?? {});
  members.end();
  if (concurrency === undefined) throw withoutConcurrency();
  const { version } = findFunction(ref, functions);
  checkQueue(source, version, { roles, queuePlane });
  const pair = { queueArn: source, functionName: ref.name, qualifier: ref.qualifier };
  const twin = mappings.ids().find((uuid) => isPair(findMapping(uuid, { mappings, clock }), pair));
  if (twin !== undefined)
    throw conflict(
      `An event source mapping with SQS arn (" ${source} ") and function (" ${nameOf(pair)} ") already exists. ` +
        `Please update or delete the existing mapping with UUID ${twin}`,
    );
  const uuid = randomUUID();
  const now = clock.now();
  const mapping = mappings.put(uuid, {
    uuid,
    queueArn: source,
    functionName: ref.name,
    ...(ref.qualifier !== undefined && { qualifier: ref.qualifier }),
    isEnabled,
    maximumConcurrency: concurrency,
    reportsFailures,
    modified: now,
    change: "Creating",
    readyAt: now + latency.mapping,
    tags,
  });
  pollMapping(uuid);
  return { status: 202, body: describeMapping(mapping, "Creating") };
};

/** Throws InvalidParameterValueException unless the function can be a consumer of the queue. */
function checkQueue(
  arn: string,
  { role, timeout }: { readonly role: string; readonly timeout: number },
  { roles, queuePlane }: Uses<"roles" | "queuePlane">,
): void {
  const name = arn.split(":").at(-1)!;
  if (arn !== queueArn(name))
    throw violation("EventSourceArn", arn, "Portico's local cloud has mappings of its SQS queues only");
  const missing = missingQueueAction(role, arn, roles);
  if (missing !== undefined)
    throw invalid(`The function execution role does not have permissions to call ${missing} on SQS`);
  const queue = queuePlane.findQueue(name);
  if (!queue)
    throw invalid(
      "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. " +
        "SQS Error Message: The specified queue does not exist.",
    );
  if (queue.visibilityTimeout < timeout)
    throw invalid(
      `Queue visibility timeout: ${queue.visibilityTimeout} seconds is less than Function timeout: ${timeout} seconds`,
    );
}

type Pair = Pick<MappingRecord, "queueArn" | "functionName"> & { readonly qualifier: string | undefined };

const isPair = (mapping: MappingRecord | undefined, { queueArn: arn, functionName, qualifier }: Pair): boolean =>
  mapping?.queueArn === arn && mapping.functionName === functionName && mapping.qualifier === qualifier;

const nameOf = ({ functionName, qualifier }: Pair): string =>
  qualifier === undefined ? functionName : `${functionName}:${qualifier}`;

export const getEventSourceMapping: RestOperation<"mappings" | "clock"> = (call, { mappings, clock }) => {
  const mapping = requireMapping(call.path["UUID"] ?? "", { mappings, clock });
  return { status: 200, body: describeMapping(mapping, stateOf(mapping, clock.now())) };
};

/** A function without a qualifier is not that of an alias. */
export const listEventSourceMappings: RestOperation<"functions" | "mappings" | "clock"> = (
  call,
  { functions, mappings, clock },
) => {
  const source = call.query.get("EventSourceArn");
  if (source !== null && !/^arn:[\w:./-]+$/.test(source))
    throw violation("EventSourceArn", source, "Member must be an ARN");
  const name = call.query.get("FunctionName");
  const ref = name === null ? undefined : parseFunctionName(name);
  if (ref) findFunction(ref, functions);
  const all = mappings
    .ids()
    .toSorted()
    .flatMap((uuid) => findMapping(uuid, { mappings, clock }) ?? [])
    .filter((mapping) => source === null || mapping.queueArn === source)
    .filter((mapping) => !ref || (mapping.functionName === ref.name && mapping.qualifier === ref.qualifier));
  const { items, next } = lambdaPage(call, all, ({ uuid }) => uuid);
  const shown = items.map((mapping) => describeMapping(mapping, stateOf(mapping, clock.now())));
  return { status: 200, body: { EventSourceMappings: shown, NextMarker: next } };
};

/** Throws ResourceNotFoundException, or ResourceInUseException while another change goes on. */
function requireChangeable(call: RestCall, verb: string, uses: Uses<"mappings" | "clock">): MappingRecord {
  const mapping = requireMapping(call.path["UUID"] ?? "", uses);
  if (uses.clock.now() < mapping.readyAt)
    throw new AwsError("ResourceInUseException", 400, `Cannot ${verb} the event source mapping because it is in use.`);
  return mapping;
}

export const updateEventSourceMapping: RestOperation<"mappings" | "clock" | "latency"> = (
  call,
  { mappings, clock, latency },
) => {
  const before = requireChangeable(call, "update", { mappings, clock });
  const members = lambdaMembers(call.members);
  const isEnabled = members.flag("Enabled") ?? before.isEnabled;
  const maximumConcurrency = readConcurrency(members) ?? before.maximumConcurrency;
  members.end();
  const toggled = isEnabled ? "Enabling" : "Disabling";
  const now = clock.now();
  const mapping = mappings.put(before.uuid, {
    ...before,
    isEnabled,
    maximumConcurrency,
    modified: now,
    change: isEnabled === before.isEnabled ? "Updating" : toggled,
    readyAt: now + latency.mapping,
  });
  return { status: 202, body: describeMapping(mapping, mapping.change) };
};

export const deleteEventSourceMapping: RestOperation<"mappings" | "clock" | "latency"> = (
  call,
  { mappings, clock, latency },
) => {
  const before = requireChangeable(call, "delete", { mappings, clock });
  const now = clock.now();
  const mapping = { ...before, modified: now, change: "Deleting" as const, readyAt: now + latency.mapping };
  mappings.put(before.uuid, mapping);
  return { status: 202, body: describeMapping(mapping, "Deleting") };
};
