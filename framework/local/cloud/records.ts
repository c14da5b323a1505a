/** What the local cloud remembers, as it is on disk: plain records, one JSON file each. */
import type { NodeView } from "./propagation.ts";

/** One state of a function: `$LATEST` or a published version. Frozen once published. */
export interface FunctionVersion {
  /** `$LATEST`, or a number. */
  readonly version: string;
  readonly revisionId: string;
  /** Base64, of the zip's bytes. */
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
  /** Ids; empty when it was taken out of its VPC. */
  readonly vpc?: { readonly subnets: readonly string[]; readonly groups: readonly string[] };
  /** `2026-11-20T18:02:30.187+0000`. */
  readonly lastModified: string;
  /** Epoch ms from which it is Active. */
  readonly readyAt: number;
  /** Of a published version: the fingerprint of the `$LATEST` that it was made of. */
  readonly source?: string;
}

/** A grant in a resource policy, in IAM's own shape. */
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
  /** From when (epoch ms) the fronts see a statement, by its Sid; the others they see. */
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
  /** What is reserved. */
  readonly concurrency?: number;
  readonly tags: Readonly<Record<string, string>>;
}

export interface AliasRecord {
  readonly name: string;
  readonly version: string;
  /** What answers a function URL sees the version one after the other; empty when all see it. */
  readonly nodes: readonly NodeView[];
  readonly description: string;
  readonly revisionId: string;
}

export interface UrlRecord {
  /** The first part of its domain on AWS. */
  readonly urlId: string;
  /** On 127.0.0.1; kept over restarts as long as it is free. */
  readonly port: number;
  readonly mode: "BUFFERED" | "RESPONSE_STREAM";
  readonly created: string;
  readonly modified: string;
}

export interface RoleRecord {
  readonly name: string;
  readonly id: string;
  readonly path: string;
  readonly arn: string;
  readonly created: string;
  /** JSON, as given. */
  readonly trust: string;
  /** Epoch ms from which it can be assumed. */
  readonly readyAt: number;
  readonly description?: string;
  readonly maxSessionDuration: number;
  /** The ARN of the policy that bounds it. */
  readonly boundary?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Inline policies: JSON, as given. */
  readonly policies: Readonly<Record<string, string>>;
}

export interface ApiRecord {
  readonly apiId: string;
  readonly name: string;
  readonly description?: string;
  readonly version?: string;
  readonly created: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Of its data plane on 127.0.0.1; kept over restarts as long as it is free. */
  readonly port: number;
  /** The working configuration, in one file so that an import replaces it at once or not at all. */
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

/** A route as a deployment froze it. */
export interface FrozenRoute {
  readonly routeKey: string;
  readonly integration?: { readonly integrationId: string; readonly uri: string; readonly timeoutInMillis: number };
}

export interface DeploymentRecord {
  readonly apiId: string;
  readonly deploymentId: string;
  readonly description?: string;
  readonly created: string;
  readonly autoDeployed: boolean;
  /** Epoch ms from which it is DEPLOYED. */
  readonly readyAt: number;
  readonly routes: readonly FrozenRoute[];
}

export interface StageRecord {
  readonly apiId: string;
  readonly stageName: string;
  readonly autoDeploy: boolean;
  readonly deploymentId?: string;
  /** What answers requests sees the deployment one after the other; empty when all see it. */
  readonly nodes: readonly NodeView[];
  readonly description?: string;
  readonly created: string;
  readonly updated: string;
  readonly tags: Readonly<Record<string, string>>;
}

export interface BucketRecord {
  readonly name: string;
  /** Epoch ms. */
  readonly created: number;
  readonly tags: Readonly<Record<string, string>>;
  /** The four blocks, by name; none when they were deleted. */
  readonly publicAccess?: Readonly<Record<string, boolean>>;
}

export interface ObjectRecord {
  readonly bucket: string;
  readonly key: string;
  /** With its quotes: MD5 of the bytes. */
  readonly etag: string;
  readonly size: number;
  /** Epoch ms. */
  readonly modified: number;
  /** Content-Type and its like, as they were put. */
  readonly headers: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** By header. */
  readonly checksums: Readonly<Record<string, string>>;
  /** Its bytes' name in the blob store. */
  readonly body: string;
}

/** One value that a parameter had. */
export interface ParameterVersion {
  readonly version: number;
  readonly value: string;
  /** Shown instead of a SecureString's value to who does not ask for decryption. */
  readonly sealed?: string;
  readonly description?: string;
  /** Epoch ms. */
  readonly modified: number;
  readonly tier: string;
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

export interface LogGroupRecord {
  readonly name: string;
  /** Epoch ms. */
  readonly created: number;
  /** Days; for ever without it. */
  readonly retention?: number;
  readonly tags: Readonly<Record<string, string>>;
}
