/** What AWS operations work with besides the persisted state: stores, listeners, the clock and the Lambda runtime. */
import type { LambdaRuntime } from "../../emulation/lambda/invocation.ts";
import type { ItemStore } from "../../emulation/dynamodb/item-store.ts";
import type { ObjectStore } from "../../emulation/s3/object-store.ts";
import type { QueuePlane } from "../../emulation/sqs/queue.ts";
import type { LoadedFunction } from "../../model/invocation.ts";
import type { Clock } from "../clock.ts";
import type { LatencyProfile } from "../latency-profile.ts";
import type { Listeners } from "../listeners.ts";
import type { CodeStore } from "./lambda/code-store.ts";
import type { EventQueue } from "./lambda/event-queue.ts";
import type { LogStore } from "./logs/log-store.ts";
import type { FunctionVersion } from "./records.ts";
import type { AwsState } from "./state.ts";

/** Held open as long as the cloud runs. */
export interface AwsBackends {
  readonly clock: Clock;
  readonly latency: LatencyProfile;
  readonly listeners: Listeners;
  readonly runtime: LambdaRuntime;
  /** Deployed code. */
  readonly code: CodeStore;
  /** Objects of S3's buckets; opened when one is first needed. */
  objects(): ObjectStore;
  /** Log events. */
  readonly logs: LogStore;
  /** Items of DynamoDB's tables; opened when a table first needs it. */
  items(): ItemStore;
  /** SQS's queues with their messages, as its data operations work on them. */
  readonly queuePlane: QueuePlane;
  /** The URL of a queue. */
  queueUrl(name: string): string;
  /** Asynchronous invocations. */
  readonly events: EventQueue;
  /** Starts to deliver the messages of an event source mapping, until it is deleted. */
  pollMapping(uuid: string): void;
  /** Ids of the APIs that a call is changing. */
  readonly changingApis: Set<string>;
  /** The version as the Lambda runtime takes it. */
  loadFunction(name: string, version: FunctionVersion): LoadedFunction;
  /** A URL of the control port that serves the zip without a signature for ten minutes. */
  codeUrl(codeSha256: string): string;
  /** Milliseconds until requests to deployed apps see a permission that is added now. */
  grantDelay(): number;
}

/** The collections and backends that one operation or function uses, by their names. */
export type Uses<K extends keyof AwsState | keyof AwsBackends> = Readonly<Pick<AwsState & AwsBackends, K>>;

/** Any of those names. */
export type UseName = keyof AwsState | keyof AwsBackends;
