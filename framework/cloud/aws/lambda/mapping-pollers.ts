/** Delivers the messages of event source mappings: each polls its queue and invokes the version of its alias. */
import { randomUUID } from "node:crypto";
import { createQueueCalls } from "../../../emulation/sqs/data-plane.ts";
import { type Poller, type SqsEvent, startPoller } from "../../../emulation/sqs/poller.ts";
import { account, functionArn } from "../arn.ts";
import type { Uses } from "../backends.ts";
import { visibleTarget } from "../propagation.ts";
import type { FunctionVersion, MappingRecord } from "../records.ts";
import { isPending, servingVersion, versionOf } from "./function-lookup.ts";
import { findMapping } from "./mapping-records.ts";
import { missingQueueAction } from "./queue-permission.ts";

/** The collections and backends of deliveries. */
export type PolledUseName = "mappings" | "functions" | "roles" | "queuePlane" | "runtime" | "loadFunction" | "clock";
type PolledUses = Uses<PolledUseName>;

/** Milliseconds after which an idle mapping looks at its queue and its own state again. */
const lookAgain = 500;

/** The result of a function that failed, as one that reports its message has it. */
const failure = { batchItemFailures: [{ itemIdentifier: "" }] };

/** The pollers of all mappings. */
interface MappingPollers {
  /** Starts the one of a mapping, which ends with the mapping. */
  start(uuid: string): void;
  /** Ends all. The messages of running invocations are visible again. */
  stop(): Promise<void>;
}

export function openMappingPollers(uses: PolledUses, onError: (error: unknown) => void): MappingPollers {
  const { mappings, queuePlane, clock } = uses;
  const run = createQueueCalls(queuePlane);
  const pollers = new Set<Poller>();
  const start = (uuid: string): void => {
    const { queueArn: arn } = mappings.get(uuid)!;
    const QueueUrl = `http://127.0.0.1/${account}/${arn.split(":").at(-1)}`;
    const poller = startPoller({
      queue: {
        arn,
        call: (operation, members) => run({ operation, members: { QueueUrl, ...members }, caller: undefined }),
      },
      concurrency() {
        const mapping = findMapping(uuid, { mappings, clock });
        // It stays among the pollers while invocations of it run, whose messages are to be given back.
        if (!mapping) void poller.stop().then(() => pollers.delete(poller));
        return mapping && mayPoll(mapping, uses) ? mapping.maximumConcurrency : 0;
      },
      // Not a call that waits: it would still take a message after the mapping is disabled.
      waitSeconds: 0,
      idle: () => queuePlane.pause(lookAgain),
      invoke: (event) => invokeFor(mappings.get(uuid), event, uses),
      onError,
    });
    pollers.add(poller);
  };
  return { start, stop: async () => void (await Promise.all(Array.from(pollers, (poller) => poller.giveBack()))) };
}

/** Whether it is enabled, and has a function, a queue and the permissions. */
function mayPoll(mapping: MappingRecord, uses: PolledUses): boolean {
  const now = uses.clock.now();
  const { isEnabled, change, readyAt, queueArn: arn } = mapping;
  if (!isEnabled || change === "Deleting" || (now < readyAt && change !== "Updating")) return false;
  const version = currentVersion(mapping, uses);
  return (
    version !== undefined &&
    missingQueueAction(version.role, arn, uses.roles) === undefined &&
    uses.queuePlane.findQueue(arn.split(":").at(-1)!) !== undefined
  );
}

/** The version that the alias selects now; undefined for one that is gone or not Active yet. */
function currentVersion(
  { functionName, qualifier }: MappingRecord,
  { functions, clock }: Uses<"functions" | "clock">,
): FunctionVersion | undefined {
  const record = functions.get(functionName);
  if (!record) return undefined;
  const now = clock.now();
  const alias = qualifier !== undefined && Object.hasOwn(record.aliases, qualifier) && record.aliases[qualifier];
  const version = versionOf(record, alias ? visibleTarget(alias.nodes, alias.version, now) : qualifier);
  return version && !isPending(version, now) ? servingVersion(record, version, now) : undefined;
}

/** The function's result. An event that the concurrency limit refused comes again until its message is visible. */
async function invokeFor(mapping: MappingRecord | undefined, event: SqsEvent, uses: PolledUses): Promise<unknown> {
  const { runtime, loadFunction, queuePlane, clock } = uses;
  const version = mapping && currentVersion(mapping, uses);
  if (!mapping || !version) return failure;
  const { functionName, qualifier, reportsFailures } = mapping;
  const fn = loadFunction(functionName, version);
  const payload = Buffer.from(JSON.stringify(event));
  const arn = functionArn(functionName, qualifier);
  const queue = queuePlane.findQueue(mapping.queueArn.split(":").at(-1)!);
  const end = clock.now() + (queue?.visibilityTimeout ?? 0) * 1000;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop
    const result = await runtime.invoke(fn, payload, { requestId: randomUUID(), arn, version: version.version });
    if (!result.throttled || clock.now() >= end) {
      if (result.throttled || result.functionError) return failure;
      return reportsFailures ? parseResult(result.payload) : undefined;
    }
    // oxlint-disable-next-line no-await-in-loop
    await queuePlane.pause(lookAgain);
  }
}

/** Lambda takes what it cannot read for a batch that failed ("Reporting batch item failures"). */
function parseResult(payload: Uint8Array): unknown {
  if (payload.length === 0) return undefined;
  try {
    return JSON.parse(Buffer.from(payload).toString("utf8")) as unknown;
  } catch {
    return failure;
  }
}
