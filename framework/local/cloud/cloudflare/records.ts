/** What the local Cloudflare remembers, as it is on disk: plain records, one JSON file each (0600: bindings hold secrets). */

/** A binding as it was uploaded and resolved: `type`, `name` and what its type needs. Secrets are kept whole here and shown nowhere. */
export interface Binding {
  readonly type: string;
  readonly name: string;
  readonly [member: string]: unknown;
}

/** A part of an upload. */
export interface StoredModule {
  /** The part's name, which is the module's specifier. */
  readonly name: string;
  readonly contentType: string;
  /** Name of its bytes in the blob store: SHA-256 in hex. */
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

/** A version's own files: URL path to content hash. */
export interface VersionAssets {
  readonly files: Readonly<Record<string, string>>;
  readonly config: AssetConfig;
}

/** A named export that is an entrypoint. */
export interface NamedHandler {
  readonly name: string;
  readonly handlers: readonly string[];
}

/** An immutable version of a Worker. */
export interface VersionRecord {
  readonly script: string;
  /** UUID. */
  readonly id: string;
  /** From 1, in the order of uploads. */
  readonly number: number;
  /** ISO 8601. */
  readonly created: string;
  /** `api`, `wrangler`: what made it. */
  readonly source: string;
  readonly annotations: Readonly<Record<string, string>>;
  /** Absent for a Worker of assets alone. */
  readonly mainModule?: string;
  readonly modules: readonly StoredModule[];
  readonly bindings: readonly Binding[];
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly limits?: Readonly<Record<string, number>>;
  readonly placement?: Readonly<Record<string, unknown>>;
  readonly assets?: VersionAssets;
  /** Whether the main module has a default export; absent in records of before it was asked. */
  readonly hasDefault?: boolean;
  readonly handlers: readonly string[];
  readonly namedHandlers: readonly NamedHandler[];
  readonly startupMs: number;
  readonly etag: string;
}

/** One version's part of the traffic. */
export interface Share {
  readonly version_id: string;
  /** 0 to 100, up to two decimals. */
  readonly percentage: number;
}

export interface DeploymentRecord {
  readonly script: string;
  readonly id: string;
  /** Order within the script; the highest is live. */
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
  /** workers.dev. */
  readonly enabled: boolean;
  readonly previewsEnabled: boolean;
  readonly source: string;
  readonly nextVersion: number;
  readonly nextDeployment: number;
  /** Of its data plane on 127.0.0.1; kept over restarts as long as it is free. */
  readonly port: number;
}

/** An asset's bytes that were uploaded, by hash. */
export interface AssetRecord {
  readonly hash: string;
  readonly contentType?: string;
  readonly sha256: string;
  readonly size: number;
}

/** An upload session: what was announced, and what its completion token stands for. */
export interface AssetSession {
  readonly id: string;
  readonly script: string;
  readonly files: Readonly<Record<string, { readonly hash: string; readonly size: number }>>;
  /** Epoch ms. */
  readonly expires: number;
}

/** A KV namespace, D1 database or R2 bucket: its id and name; what is in it lives in the storage. */
export interface ResourceRecord {
  readonly id: string;
  readonly name: string;
  readonly created: string;
}

/** A queue, and how it keeps and delivers: seconds. */
export interface QueueRecord extends ResourceRecord {
  readonly settings?: { readonly delivery_delay?: number; readonly message_retention_period?: number; readonly delivery_paused?: boolean };
}

/** The Worker that gets a queue's messages. */
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

/** A message that no consumer has taken yet. */
export interface MessageRecord {
  readonly id: string;
  /** The queue's id. */
  readonly queue: string;
  /** In the order of sending. */
  readonly sequence: number;
  /** `text`, `json`, `bytes`, or workerd's own serialisation `v8`. */
  readonly contentType: string;
  /** Base64. */
  readonly body: string;
  /** Epoch ms: when it was sent, and when it may be delivered. */
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
  /** The script's name; null keeps Workers away from the pattern. */
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
