/** Opens the bindings of a Worker for `portico dev`: databases, buckets, queues and Workers of the local cloud. */
import { appBindings } from "../../deploy/workers/bindings.ts";
import type { Client } from "../../deploy/workers/client.ts";
import { ensureBucket } from "../../deploy/workers/files-bucket.ts";
import { bindingNames, scriptName } from "../../deploy/workers/names.ts";
import { ensureStore } from "../../deploy/workers/store-database.ts";
import type { StorageKind } from "../emulation/workers/miniflare-storage.ts";
import { storageUrl } from "../emulation/workers/miniflare-storage.ts";
import { generateSecrets } from "../config/generated-secrets.ts";
import { newestCompatibilityDate } from "../emulation/workers/miniflare.ts";
import { noBindings, type RateLimit, type WorkerBindings } from "../emulation/workers/worker-bindings.ts";
import type { App } from "../model/app.ts";
import type { Need } from "../model/need.ts";
import { UserError } from "../model/user-error.ts";
import type { DevBindings } from "../dev/dev-emulator.ts";
import { type BindingClient, openBindingClient } from "./binding-client.ts";
import { openLocalCloudflare } from "./cloudflare-account.ts";
import { localBindings } from "./local-bindings.ts";
import { type CloudAccess, type OwnCloud, reachCloud } from "./local-cloud.ts";
import type { Reporter } from "./reporter.ts";

type Bindings = App["workers"]["bindings"];

/** Types of bindings that the local cloud provides, and those that workerd provides alone. */
const cloudTypes: ReadonlySet<unknown> = new Set(["kv_namespace", "d1", "r2_bucket", "queue", "service"]);
const workerdTypes: ReadonlySet<unknown> = new Set(["ratelimit", "version_metadata"]);

/**
 * The bindings share their data with those of stage `local`. They use the app's running local cloud, or one in this
 * process where none runs, since only one process may own the storage; none is needed before a binding is. Throws
 * UserError BINDING_KIND, BINDING_LOCAL, SERVICE_MISSING, MINIFLARE_MISSING, and those of the local cloud.
 * @param onReplaced called when a binding was added, or another cloud has replaced the one that ended
 */
export async function openDevBindings(app: App, reporter: Reporter, onReplaced: () => void): Promise<DevBindings> {
  checkBindings(app);
  newestCompatibilityDate();
  const bindings = new DevCloudBindings(app, reporter, onReplaced);
  await bindings.current();
  return bindings;
}

/** A class, since it holds the connection to a local cloud that may end. */
class DevCloudBindings implements DevBindings {
  readonly #app: App;
  readonly #reporter: Reporter;
  readonly #onReplaced: () => void;
  readonly #needs = new Map<Need, Promise<void>>();
  #connection: Promise<Connection> | undefined;
  #bindings: Promise<WorkerBindings>;
  #closed = false;

  constructor(app: App, reporter: Reporter, onReplaced: () => void) {
    this.#app = app;
    this.#reporter = reporter;
    this.#onReplaced = onReplaced;
    const usesCloud = Object.values(app.workers.bindings).some(({ type }) => cloudTypes.has(type));
    this.#bindings = usesCloud
      ? this.#bind()
      : Promise.resolve({ ...noBindings, ...workerdBindings(app.workers.bindings) });
  }

  current(): Promise<WorkerBindings> {
    return this.#bindings;
  }

  add(need: Need): Promise<void> {
    const adding = this.#needs.get(need) ?? this.#add();
    this.#needs.set(need, adding);
    // The next request tries again.
    adding.catch(() => this.#needs.delete(need));
    return adding;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (!this.#connection) return;
    const { client, own } = await this.#connection;
    client.close();
    await own?.close();
  }

  async #add(): Promise<void> {
    // Later, when the need is among those of this app.
    await Promise.resolve();
    const bindings = await this.#bind();
    this.#bindings = Promise.resolve(bindings);
    this.#onReplaced();
  }

  async #bind(): Promise<WorkerBindings> {
    const { access, client, own } = await (this.#connection ??= this.#connect());
    try {
      const api = openLocalCloudflare(access, {}).client;
      const app = await localBindings(api, { ...this.#app, stage: "local" }, true);
      const needed = {
        ...(this.#needs.has("store") && { [bindingNames.store]: await storeBinding(api, app) }),
        ...(this.#needs.has("files") && { [bindingNames.files]: await filesBinding(api, app) }),
      };
      const shapes = { ...app.workers.bindings, ...needed };
      const bound = await toWorkerBindings(shapes, client);
      const bindings = this.#needs.has("files") ? await withFilesKey(this.#app.root, bound) : bound;
      const place = `in the local cloud at ${access.endpoint}${own ? ", which runs here" : ""}`;
      this.#reporter.line(this.#reporter.paint("dim", `bindings ${Object.keys(shapes).join(", ")}: ${place}`));
      return bindings;
    } catch (error) {
      this.#connection = undefined;
      client.close();
      await own?.close();
      throw error;
    }
  }

  async #connect(): Promise<Connection> {
    const { access, own } = await reachCloud(this.#app.root, undefined, this.#reporter, true).catch(
      (error: unknown) => {
        this.#connection = undefined;
        throw error;
      },
    );
    try {
      const client = await openBindingClient(access);
      const connection = { access, client, own };
      void client.ended.then(() => this.#reconnect(connection));
      return connection;
    } catch (error) {
      this.#connection = undefined;
      await own?.close();
      throw error;
    }
  }

  /** The cloud ended, unless the connection was closed here. */
  async #reconnect(ended: Connection): Promise<void> {
    if (this.#closed || (await this.#connection) !== ended) return;
    this.#reporter.line("the local cloud that held the bindings ended");
    this.#connection = undefined;
    this.#bindings = this.#bind();
    this.#bindings.then(this.#onReplaced, (error: unknown) => this.#reporter.error(error));
  }
}

/** An open connection to a local cloud. */
interface Connection {
  readonly access: CloudAccess;
  readonly client: BindingClient;
  /** The local cloud, where it runs in this process. */
  readonly own: OwnCloud | undefined;
}

const storeBinding = async (client: Client, { name: app, stage }: App): Promise<Bindings[string]> => ({
  type: "d1",
  id: await ensureStore(client, { app, stage }),
});

async function filesBinding(client: Client, { name: app, stage }: App): Promise<Bindings[string]> {
  const owner = { app, stage };
  await ensureBucket(client, owner);
  return { type: "r2_bucket", bucket_name: scriptName(owner) };
}

/** The key of upload forms, which is the same after a restart. */
async function withFilesKey(root: string, bindings: WorkerBindings): Promise<WorkerBindings> {
  const name = bindingNames.filesKey;
  const { secrets } = await generateSecrets(root, [name]);
  return { ...bindings, values: { ...bindings.values, [name]: secrets.get(name) } };
}

function checkBindings(app: App): void {
  // The same check as for a release, so that the errors are the same.
  appBindings(app, {}, { stored: [] });
  for (const [name, { type }] of Object.entries(app.workers.bindings)) {
    if (cloudTypes.has(type) || workerdTypes.has(type)) continue;
    throw new UserError(
      "BINDING_LOCAL",
      `the binding ${name} is of type ${String(type)}, which only Cloudflare has: not for dev, not for stage local`,
      `Declare ${name} only for stages on Cloudflare, under "stages": { "prod": { "workers": { "bindings": … } } } ` +
        "in hosting.json; the app then runs here without it.",
      { at: { file: "hosting.json" } },
    );
  }
}

function byName<T>(
  bindings: Bindings,
  type: string,
  toValue: (shape: Bindings[string]) => T,
): Readonly<Record<string, T>> {
  return Object.fromEntries(
    Object.entries(bindings)
      .filter(([, shape]) => shape["type"] === type)
      .map(([name, shape]) => [name, toValue(shape)]),
  );
}

/** The bindings that workerd provides itself. */
function workerdBindings(bindings: Bindings): Pick<WorkerBindings, "values" | "rateLimits"> {
  return {
    values: byName(bindings, "version_metadata", () => ({ id: "dev", tag: "", timestamp: new Date().toISOString() })),
    rateLimits: byName(bindings, "ratelimit", ({ namespace_id, simple }) => {
      const { limit, period } = (simple ?? {}) as Omit<RateLimit, "namespace">;
      return { namespace: String(namespace_id), limit, period };
    }),
  };
}

async function toWorkerBindings(bindings: Bindings, client: BindingClient): Promise<WorkerBindings> {
  const stored = (type: string, kind: StorageKind, member: string): Readonly<Record<string, URL>> =>
    byName(bindings, type, (shape) => storageUrl(client.storage, kind, String(shape[member])));
  const services = byName(bindings, "service", ({ service, entrypoint }) => ({
    service: String(service),
    ...(entrypoint !== undefined && { entrypoint: entrypoint as string }),
  }));
  for (const [name, { service }] of Object.entries(services)) await client.requireService(name, service);
  return {
    ...workerdBindings(bindings),
    kv: stored("kv_namespace", "kv", "namespace_id"),
    d1: stored("d1", "d1", "id"),
    r2: stored("r2_bucket", "r2", "bucket_name"),
    queues: byName(bindings, "queue", ({ queue_name }) => String(queue_name)),
    sendMessages: client.sendMessages,
    services,
    serviceCalls: client.serviceCalls,
  };
}
