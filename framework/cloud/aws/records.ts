/** The types of the local AWS's records, one for each kind of resource; `state.ts` beside it keeps them on disk. */
import type { CorsRule } from "../../emulation/s3/operation.ts";
import type { NodeView } from "./propagation.ts";

/** One state of a function: `$LATEST` or a published version. Frozen once published. */
export interface FunctionVersion {
  /** `$LATEST`, or a number. */
  readonly version: string;
  readonly revisionId: string;
  /** Base64 SHA-256 of the zip. */
  readonly codeSha256: string;
  readonly codeSize: number;
  readonly role: string;
  readonly runtime: string;
  readonly handler: string;
  readonly description: string;
  /** Seconds and MB. */
  readonly timeout: number;
  readonly memorySize: number;
  readonly ephemeralStorage: number;
  readonly architecture: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly logging: Readonly<Record<string, string>>;
  readonly tracing: string;
  /** Ids; empty lists when it was removed from its VPC. */
  readonly vpc?: { readonly subnets: readonly string[]; readonly groups: readonly string[] };
  /** `2026-11-20T18:02:30.187+0000`. */
  readonly lastModified: string;
  /** Epoch ms from which it is Active. */
  readonly readyAt: number;
  /** Of a published version: the fingerprint of the `$LATEST` that it is a copy of. */
  readonly source?: string;
}

/** A statement of a resource policy, as in IAM's JSON. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow";
  readonly Principal: string | Readonly<Record<string, string>>;
  readonly Action: string;
  readonly Resource: string;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export interface Policy {
  readonly revisionId: string;
  readonly statements: readonly Statement[];
  /** By Sid: the time (epoch ms) from which requests see a new statement. Statements without it are visible. */
  readonly seenFrom?: Readonly<Record<string, number>>;
}

export interface FunctionRecord {
  readonly name: string;
  readonly latest: FunctionVersion;
  /** While an update is in progress (epoch ms), the state before it still serves. */
  readonly update?: { readonly until: number; readonly serving: FunctionVersion };
  /** Oldest first. */
  readonly versions: readonly FunctionVersion[];
  readonly nextVersion: number;
  /** By qualifier; "" is the unqualified function. */
  readonly policies: Readonly<Record<string, Policy>>;
  readonly aliases: Readonly<Record<string, AliasRecord>>;
  /** By qualifier; "" is the unqualified function. */
  readonly urls: Readonly<Record<string, UrlRecord>>;
  readonly tags: Readonly<Record<string, string>>;
}

export interface AliasRecord {
  readonly name: string;
  readonly version: string;
  /** When the nodes that serve function URLs see `version`; empty when all do. */
  readonly nodes: readonly NodeView[];
  readonly description: string;
  readonly revisionId: string;
}

export interface UrlRecord {
  /** The first part of its domain on AWS. */
  readonly urlId: string;
  /** Port on 127.0.0.1; the same after a restart if it is free. */
  readonly port: number;
  readonly mode: "BUFFERED" | "RESPONSE_STREAM";
  readonly created: string;
  readonly modified: string;
}

/** An event source mapping of a queue. Times in epoch ms. */
export interface MappingRecord {
  readonly uuid: string;
  readonly queueArn: string;
  readonly functionName: string;
  /** An alias or a number; undefined for the unqualified function. */
  readonly qualifier?: string;
  readonly isEnabled: boolean;
  readonly maximumConcurrency: number;
  /** FunctionResponseTypes has ReportBatchItemFailures: the function's result may name a message that failed. */
  readonly reportsFailures: boolean;
  readonly modified: number;
  /** The last change, and until when it goes on. */
  readonly change: "Creating" | "Enabling" | "Disabling" | "Updating" | "Deleting";
  readonly readyAt: number;
  readonly tags: Readonly<Record<string, string>>;
}

export interface RoleRecord {
  readonly name: string;
  readonly id: string;
  readonly path: string;
  readonly arn: string;
  readonly created: string;
  /** JSON text of the call. */
  readonly trust: string;
  /** Epoch ms from which it can be assumed. */
  readonly readyAt: number;
  readonly description?: string;
  readonly maxSessionDuration: number;
  /** The ARN of the policy that bounds it. */
  readonly boundary?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Inline policies by name: JSON texts of the calls. */
  readonly policies: Readonly<Record<string, string>>;
}

export interface ApiRecord {
  readonly apiId: string;
  readonly name: string;
  readonly description?: string;
  readonly version?: string;
  readonly created: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Port of its data plane on 127.0.0.1; the same after a restart if it is free. */
  readonly port: number;
  /** Routes and integrations are in the same file, so that an import replaces them atomically. */
  readonly routes: readonly RouteRecord[];
  readonly integrations: readonly IntegrationRecord[];
}

export interface IntegrationRecord {
  readonly integrationId: string;
  readonly uri: string;
  readonly timeoutInMillis: number;
  readonly description?: string;
}

export interface RouteRecord {
  readonly routeId: string;
  readonly routeKey: string;
  readonly integrationId?: string;
  readonly operationName?: string;
}

/** A route in a deployment. */
export interface FrozenRoute {
  readonly routeKey: string;
  readonly integration?: { readonly integrationId: string; readonly uri: string; readonly timeoutInMillis: number };
}

export interface DeploymentRecord {
  readonly apiId: string;
  readonly deploymentId: string;
  readonly description?: string;
  readonly created: string;
  /** Epoch ms from which it is DEPLOYED. */
  readonly readyAt: number;
  readonly routes: readonly FrozenRoute[];
}

export interface StageRecord {
  readonly apiId: string;
  readonly stageName: string;
  readonly deploymentId?: string;
  /** When the nodes that serve requests see `deploymentId`; empty when all do. */
  readonly nodes: readonly NodeView[];
  readonly description?: string;
  /** Events have them; none when absent. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly created: string;
  readonly updated: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface BucketRecord {
  readonly name: string;
  /** Epoch ms. */
  readonly created: number;
  readonly tags: Readonly<Record<string, string>>;
  /** The four settings of PutPublicAccessBlock by name. */
  readonly publicAccess?: Readonly<Record<string, boolean>>;
  /** The rules of PutBucketCors. */
  readonly cors?: readonly CorsRule[];
}

/** One version of a parameter. */
export interface ParameterVersion {
  readonly version: number;
  readonly value: string;
  /** Of a SecureString: the text that a read without decryption returns. */
  readonly sealed?: string;
  /** Epoch ms. */
  readonly modified: number;
}

export interface ParameterRecord {
  readonly name: string;
  /** `String`, `StringList` or `SecureString`. */
  readonly type: string;
  readonly tier: "Standard" | "Advanced";
  readonly description?: string;
  readonly allowedPattern?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Oldest first, at least one. */
  readonly versions: readonly ParameterVersion[];
}

/** A table of DynamoDB; its items are in the item store, under its id. Times in epoch ms. */
export interface TableRecord {
  readonly name: string;
  readonly id: string;
  readonly created: number;
  readonly hashKey: string;
  readonly rangeKey?: string;
  /** From when it is ACTIVE, until when an update goes on, and when a deletion is complete. */
  readonly readyAt: number;
  readonly updatedAt?: number;
  readonly deletedAt?: number;
  readonly isProtected: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly ttl?: {
    readonly attribute: string;
    readonly enabled: boolean;
    readonly changedAt: number;
    /** From when the change has an effect. */
    readonly readyAt: number;
  };
  /** Point-in-time recovery, while it is enabled. */
  readonly recovery?: { readonly since: number; readonly days: number };
  /** Its items and their bytes, as of a time. */
  readonly counted: { readonly at: number; readonly count: number; readonly bytes: number };
}

/** A queue of SQS; its messages are in the queue store, under its name. Times in epoch ms. */
export interface QueueRecord {
  readonly name: string;
  readonly created: number;
  /** From when it can be used. */
  readonly readyAt: number;
  /** A deleted queue is kept as a record, since its name is not free at once. */
  readonly deletedAt?: number;
  /** Seconds. */
  readonly visibilityTimeout: number;
  readonly retention: number;
  readonly redrive?: { readonly deadLetterArn: string; readonly maxReceiveCount: number };
  readonly tags: Readonly<Record<string, string>>;
}

export interface LogGroupRecord {
  readonly name: string;
  /** Epoch ms. */
  readonly created: number;
  /** Days until events expire; without it they never do. */
  readonly retention?: number;
  readonly tags: Readonly<Record<string, string>>;
}
