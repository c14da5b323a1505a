/**
 * Reads one Worker from Cloudflare's API, with the shapes of the responses: its settings, its versions with their
 * bindings and modules, and its deployments.
 */
import { isMissing } from "./cloudflare-error.ts";
import type { Client } from "./client.ts";

/** `GET /workers/workers/{name}`: a Worker's unversioned settings. */
export interface Script {
  readonly id: string;
  readonly tags?: readonly string[];
  readonly observability?: { readonly enabled?: boolean; readonly traces?: { readonly enabled?: boolean } };
  readonly subdomain?: { readonly enabled?: boolean; readonly url?: string };
  readonly references?: { readonly domains?: readonly { readonly id: string; readonly hostname: string }[] };
}

/** A version in a list, newest first. */
export interface ListedVersion {
  readonly id: string;
  readonly number: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A binding as the API shows it: a secret has no value. */
export interface ShownBinding {
  readonly type: string;
  readonly name: string;
  readonly json?: unknown;
  readonly text?: string;
  /** Of a database: `database_id` in newer answers (API docs, "Get Version"). */
  readonly id?: string;
  readonly database_id?: string;
}

/** One version. */
export interface VersionDetail extends ListedVersion {
  readonly bindings: readonly ShownBinding[];
}

/** Which versions take which share of the traffic; the first of a list is live. */
export interface Deployment {
  readonly id: string;
  readonly versions: readonly Share[];
}

/** Percent, 0 to 100. */
export interface Share {
  readonly version_id: string;
  readonly percentage: number;
}

/** Undefined when there is no such Worker. */
export const findScript = (client: Client, name: string): Promise<Script | undefined> =>
  undefinedIfMissing(client.call<Script>({ operation: "getWorker", method: "GET", path: `/workers/workers/${name}` }));

/** The last 100 that were uploaded, which are those that can be deployed. */
export async function listVersions(client: Client, name: string): Promise<readonly ListedVersion[]> {
  const path = `/workers/scripts/${name}/versions?deployable=true`;
  const listed = await undefinedIfMissing(
    client.call<{ items: readonly ListedVersion[] }>({ operation: "listVersions", method: "GET", path }),
  );
  return listed?.items ?? [];
}

/** The latest ones; how many is not documented. */
export async function listDeployments(client: Client, name: string): Promise<readonly Deployment[]> {
  const path = `/workers/scripts/${name}/deployments`;
  const listed = await undefinedIfMissing(
    client.call<{ deployments: readonly Deployment[] }>({ operation: "listDeployments", method: "GET", path }),
  );
  return listed?.deployments ?? [];
}

interface ShownVersion extends ListedVersion {
  readonly resources?: { readonly bindings?: readonly ShownBinding[] };
}

/** Undefined for one that is gone. */
export async function findVersion(client: Client, name: string, id: string): Promise<VersionDetail | undefined> {
  const path = `/workers/scripts/${name}/versions/${id}`;
  const found = await undefinedIfMissing(client.call<ShownVersion>({ operation: "getVersion", method: "GET", path }));
  return found && toDetail(found);
}

/** The answer of `POST …/versions` has the same shape. */
export const toDetail = ({ resources, ...version }: ShownVersion): VersionDetail => ({
  ...version,
  bindings: resources?.bindings ?? [],
});

interface VersionWithModules extends ListedVersion {
  readonly bindings?: readonly ShownBinding[];
  readonly modules?: readonly { readonly name: string; readonly content_base64: string }[];
}

/**
 * A version with the text of one of its modules. `include=modules` is the documented way to read a module of a version
 * that need not be live (API docs, "Get Version"); it brings them all.
 */
export async function readModule(
  client: Client,
  script: string,
  id: string,
  module: string,
): Promise<{ readonly version: VersionDetail; readonly text: string | undefined } | undefined> {
  const path = `/workers/workers/${script}/versions/${id}?include=modules`;
  const found = await undefinedIfMissing(
    client.call<VersionWithModules>({ operation: "getWorkerVersion", method: "GET", path }),
  );
  if (!found) return undefined;
  const { modules = [], bindings = [], ...version } = found;
  const content = modules.find(({ name }) => name === module)?.content_base64;
  return {
    version: { ...version, bindings },
    text: content === undefined ? undefined : Buffer.from(content, "base64").toString("utf8"),
  };
}

/** A JSON binding's value; the API may give it as a text. */
export function jsonBinding(bindings: readonly ShownBinding[], name: string): unknown {
  const json = bindings.find((binding) => binding.name === name && binding.type === "json")?.json;
  if (typeof json !== "string") return json;
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

async function undefinedIfMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
