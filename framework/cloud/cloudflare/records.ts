/**
 * The types of the local Cloudflare's records; `state.ts` beside it keeps them on disk, with mode 0600, since bindings
 * hold secrets.
 */

import type { DatabaseOrigin } from "../../emulation/postgres/origin-check.ts";

/** A binding: `type`, `name` and the members of its type, with the value of a secret, which the API never answers. */
export interface Binding {
  readonly type: string;
  readonly name: string;
  readonly [member: string]: unknown;
}

/** A module of an upload. */
export interface StoredModule {
  /** The name of its part in the upload, which is the module's specifier. */
  readonly name: string;
  readonly contentType: string;
  /** Its name in the content store: SHA-256 in hex. */
  readonly sha256: string;
  readonly size: number;
}

/** How static assets are served. */
export interface AssetConfig {
  readonly html_handling?: string;
  readonly not_found_handling?: string;
  readonly run_worker_first?: boolean | readonly string[];
  /** Texts of the files `_headers` and `_redirects`. */
  readonly _headers?: string;
  readonly _redirects?: string;
}

/** The static assets of a version; `files` maps URL paths to content hashes. */
export interface VersionAssets {
  readonly files: Readonly<Record<string, string>>;
  readonly config: AssetConfig;
}

/** A named export of the main module that is an entrypoint. */
export interface NamedHandler {
  readonly name: string;
  readonly handlers: readonly string[];
}

/** An immutable version of a Worker. */
export interface VersionRecord {
  readonly script: string;
  /** UUID. */
  readonly id: string;
  /** Counts from 1 in the order of uploads. */
  readonly number: number;
  /** ISO 8601. */
  readonly created: string;
  /** The client that made it: `api` or `wrangler`. */
  readonly source: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Absent for a Worker that has only assets. */
  readonly mainModule?: string;
  readonly modules: readonly StoredModule[];
  readonly bindings: readonly Binding[];
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly limits?: Readonly<Record<string, number>>;
  readonly placement?: Readonly<Record<string, unknown>>;
  readonly assets?: VersionAssets;
  /** Whether the main module has a default export; absent in records of older versions of Portico. */
  readonly hasDefault?: boolean;
  readonly handlers: readonly string[];
  readonly namedHandlers: readonly NamedHandler[];
  readonly startupMs: number;
  readonly etag: string;
}

/** The share of the traffic that a version gets. */
export interface Share {
  readonly version_id: string;
  /** 0 to 100, up to two decimals. */
  readonly percentage: number;
}

export interface DeploymentRecord {
  readonly script: string;
  readonly id: string;
  /** Counts within the script; the deployment with the highest number is live. */
  readonly sequence: number;
  readonly created: string;
  /** Epoch ms. */
  readonly since: number;
  readonly source: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly versions: readonly Share[];
}

export interface ScriptRecord {
  readonly name: string;
  /** 32 hex digits: the Worker's immutable id. */
  readonly tag: string;
  readonly created: string;
  readonly modified: string;
  readonly tags: readonly string[];
  readonly logpush: boolean;
  readonly observability?: Readonly<Record<string, unknown>>;
  readonly tailConsumers: readonly Readonly<Record<string, unknown>>[];
  /** Whether its workers.dev address answers. */
  readonly enabled: boolean;
  readonly previewsEnabled: boolean;
  readonly source: string;
  readonly nextVersion: number;
  readonly nextDeployment: number;
  /** Its own port on 127.0.0.1, the same after a restart unless another program has taken it. */
  readonly port: number;
}

/** An uploaded static asset. */
export interface AssetRecord {
  readonly hash: string;
  readonly contentType?: string;
  readonly sha256: string;
  readonly size: number;
}

/** An upload session of static assets; its completion token stands for `files`. */
export interface AssetSession {
  readonly id: string;
  readonly script: string;
  readonly files: Readonly<Record<string, { readonly hash: string; readonly size: number }>>;
  /** Epoch ms. */
  readonly expires: number;
}

/** A KV namespace, D1 database or R2 bucket; its contents are in the storage's workerd. */
export interface ResourceRecord {
  readonly id: string;
  readonly name: string;
  readonly created: string;
}

/** A configuration of Hyperdrive. */
export interface HyperdriveRecord extends ResourceRecord {
  readonly origin: DatabaseOrigin;
  readonly caching: { readonly disabled: boolean };
  readonly modified: string;
}

/** A queue; its settings are in seconds. */
export interface QueueRecord extends ResourceRecord {
  readonly settings?: {
    readonly delivery_delay?: number;
    readonly message_retention_period?: number;
    readonly delivery_paused?: boolean;
  };
}

/** The Worker that a queue's messages are delivered to. */
export interface ConsumerRecord {
  readonly id: string;
  /** The queue's id. */
  readonly queue: string;
  readonly script: string;
  readonly created: string;
  readonly deadLetterQueue?: string;
  readonly settings: {
    readonly batch_size: number;
    readonly max_wait_time_ms: number;
    readonly max_retries: number;
    /** Seconds. */
    readonly retry_delay: number;
    readonly max_concurrency?: number;
  };
}

/** A message that is not delivered yet. */
export interface MessageRecord {
  readonly id: string;
  /** The queue's id. */
  readonly queue: string;
  /** Numbers the messages of all queues in the order of sending. */
  readonly sequence: number;
  /** `text`, `json`, `bytes`, or workerd's own serialisation `v8`. */
  readonly contentType: string;
  /** Base64. */
  readonly body: string;
  /** Epoch ms of its sending, and from which it may be delivered. */
  readonly sent: number;
  readonly visible: number;
  readonly attempts: number;
}

export interface ZoneRecord {
  readonly id: string;
  readonly name: string;
}

export interface RouteRecord {
  readonly id: string;
  readonly zone: string;
  readonly pattern: string;
  /** The script's name; with null no Worker answers for the pattern. */
  readonly script: string | null;
}

export interface DomainRecord {
  readonly id: string;
  readonly hostname: string;
  readonly zone: string;
  readonly service: string;
}

export interface ScheduleRecord {
  readonly script: string;
  readonly cron: string;
  readonly created: string;
  readonly modified: string;
}
