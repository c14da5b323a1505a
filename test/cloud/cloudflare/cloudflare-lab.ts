/** Starts a local Cloudflare for a test file, on free ports and with a clock that tests advance, and calls its API. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cloud, type CloudOptions, startCloud } from "../../../framework/cloud/cloud.ts";
import { noRuntime } from "../lab.ts";

export const account = "0".repeat(32);

/** A module of an upload. */
export interface Module {
  readonly name: string;
  readonly code: string | Uint8Array<ArrayBuffer>;
  readonly type?: string;
}

/** An answer of the API. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  /** The result of the envelope. */
  readonly result: unknown;
  readonly code: number | undefined;
  readonly message: string | undefined;
  readonly text: string;
}

export interface CloudflareLab {
  readonly folder: string;
  cloud: Cloud;
  /** Milliseconds that the cloud's clock is ahead of the machine's. */
  clockOffset: number;
  /** Advances the clock and runs its timers. */
  advance(milliseconds: number): void;
  /** Calls below the account's path. */
  call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  /** Calls any path of the API. */
  api(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  /** Sends a request to a deployed Worker. */
  ask(script: string, path?: string, init?: RequestInit): Promise<Response>;
  restart(options?: Partial<CloudOptions>): Promise<void>;
  close(): Promise<void>;
}

/** Starts a cloud in a new folder. */
export async function openCloudflareLab(options: Partial<CloudOptions> = {}): Promise<CloudflareLab> {
  const folder = mkdtempSync(join(tmpdir(), "portico-edge-"));
  const errors: unknown[] = [];
  const ticking = new Set<() => void>();
  const start = (more: Partial<CloudOptions>): Promise<Cloud> =>
    startCloud({
      folder,
      port: 0,
      runtime: noRuntime,
      clock: {
        now: () => Date.now() + lab.clockOffset,
        sleep: async () => {},
        every(_, run) {
          ticking.add(run);
          return () => void ticking.delete(run);
        },
      },
      onError: (error) => errors.push(error),
      ...options,
      ...more,
    });
  const lab: CloudflareLab = {
    folder,
    cloud: undefined as unknown as Cloud,
    clockOffset: 0,
    advance(milliseconds) {
      lab.clockOffset += milliseconds;
      for (const run of ticking) run();
    },
    call: (method, path, body, headers) => lab.api(method, `/accounts/${account}${path}`, body, headers),
    async api(method, path, body, headers = {}) {
      const isRaw = body === undefined || body instanceof FormData || typeof body === "string";
      const response = await fetch(`${lab.cloud.url}/client/v4${path}`, {
        method,
        headers: {
          authorization: `Bearer ${lab.cloud.secretAccessKey}`,
          ...(!isRaw && { "content-type": "application/json" }),
          ...headers,
        },
        ...(body !== undefined && { body: isRaw ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      const isJson = response.headers.get("content-type")?.startsWith("application/json");
      const envelope = isJson
        ? (JSON.parse(text) as { result: unknown; errors: { code: number; message: string }[] })
        : undefined;
      const [error] = envelope?.errors ?? [];
      return {
        status: response.status,
        headers: response.headers,
        result: envelope?.result,
        code: error?.code,
        message: error?.message,
        text,
      };
    },
    ask(script, path = "/", init = {}) {
      const app = lab.cloud.workers().find(({ name }) => name === script);
      return fetch(new URL(path, app?.url), { redirect: "manual", ...init });
    },
    async restart(more = {}) {
      await lab.cloud.close();
      lab.cloud = await start(more);
    },
    async close() {
      await lab.cloud.close();
      rmSync(folder, { recursive: true, force: true });
      if (errors.length > 0) throw new AggregateError(errors, "the cloud itself failed");
    },
  };
  lab.cloud = await start({});
  return lab;
}

/** The value at a path of a result: `valueAt(result, "deployments", 0, "id")`. */
export function valueAt(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>((found, key) => (found as Record<string | number, unknown> | undefined)?.[key], value);
}

/** A multipart upload as wrangler sends it. */
export function upload(code: string | readonly Module[], metadata: Readonly<Record<string, unknown>> = {}): FormData {
  const modules = typeof code === "string" ? [{ name: "index.js", code }] : code;
  const form = new FormData();
  form.set(
    "metadata",
    JSON.stringify({ main_module: modules[0]?.name, compatibility_date: "2026-07-01", ...metadata }),
  );
  for (const { name, code: content, type = "application/javascript+module" } of modules)
    form.append(name, new File([content], name, { type }), name);
  return form;
}

/** The code of a Worker that answers a text. */
export const textWorker = (text: string): string =>
  `export default { fetch: () => new Response(${JSON.stringify(text)}) };`;

/** Uploads and deploys a Worker and turns its workers.dev address on; returns the id of the version. */
export async function deployWorker(
  lab: CloudflareLab,
  name: string,
  code: string | readonly Module[],
  metadata: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const { status, text } = await lab.call("PUT", `/workers/scripts/${name}`, upload(code, metadata));
  if (status !== 200) throw new Error(text);
  await lab.call("POST", `/workers/scripts/${name}/subdomain`, { enabled: true });
  return liveVersion(lab, name);
}

export async function liveVersion(lab: CloudflareLab, name: string): Promise<string> {
  const { result } = await lab.call("GET", `/workers/scripts/${name}/deployments`);
  return String(valueAt(result, "deployments", 0, "versions", 0, "version_id"));
}

/** Uploads a version that gets no traffic; returns its id. */
export async function version(
  lab: CloudflareLab,
  name: string,
  code: string | readonly Module[],
  metadata: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const { result, text } = await lab.call("POST", `/workers/scripts/${name}/versions`, upload(code, metadata));
  const id = valueAt(result, "id");
  if (typeof id !== "string") throw new Error(text);
  return id;
}

export function deploy(
  lab: CloudflareLab,
  name: string,
  shares: Readonly<Record<string, number>>,
  force = false,
): Promise<Reply> {
  const versions = Object.entries(shares).map(([version_id, percentage]) => ({ version_id, percentage }));
  return lab.call("POST", `/workers/scripts/${name}/deployments${force ? "?force=true" : ""}`, {
    strategy: "percentage",
    versions,
  });
}
