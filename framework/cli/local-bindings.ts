/** Replaces the bindings of an app by databases, namespaces, buckets and queues of the local cloud, for stage local. */
import type { Client } from "../../deploy/workers/client.ts";
import { CloudflareError } from "../../deploy/workers/cloudflare-error.ts";
import type { App } from "../model/app.ts";

type Shape = Readonly<Record<string, unknown>>;

/** Gives a binding of the local cloud. @param creates false for a plan, which changes nothing */
type Replace = (client: Client, name: string, shape: Shape, creates: boolean) => Promise<Shape>;

/** Ids of an account do not exist in the local cloud. The app gets resources of its own there, created once. */
const kinds: Readonly<Record<string, Replace>> = {
  kv_namespace: async (client, title, shape, creates) => {
    const path = "/storage/kv/namespaces";
    const found = await findByName<{ id: string; title: string }>(client, path, (one) => one.title === title);
    const resource =
      found ??
      (creates
        ? await client.call<{ id: string }>({ operation: "createNamespace", method: "POST", path, json: { title } })
        : undefined);
    return { ...shape, namespace_id: resource?.id ?? title };
  },
  d1: async (client, name, shape, creates) => {
    const path = "/d1/database";
    const found = await findByName<{ uuid: string; name: string }>(client, path, (one) => one.name === name);
    const resource =
      found ??
      (creates
        ? await client.call<{ uuid: string }>({ operation: "createDatabase", method: "POST", path, json: { name } })
        : undefined);
    const { database_id: _, ...rest } = shape;
    return { ...rest, id: resource?.uuid ?? name };
  },
  r2_bucket: async (client, _name, shape, creates) => {
    const name = String(shape["bucket_name"]);
    if (creates && !(await exists(client, `/r2/buckets/${encodeURIComponent(name)}`)))
      await client.call({ operation: "createBucket", method: "POST", path: "/r2/buckets", json: { name } });
    return shape;
  },
  queue: async (client, _name, shape, creates) => {
    const name = String(shape["queue_name"]);
    if (creates && !(await exists(client, `/queues?name=${encodeURIComponent(name)}`)))
      await client.call({ operation: "createQueue", method: "POST", path: "/queues", json: { queue_name: name } });
    return shape;
  },
};

/** Bindings of other kinds stay as they are. */
export async function localBindings(client: Client, app: App, creates: boolean): Promise<App> {
  const bindings = await Promise.all(
    Object.entries(app.workers.bindings).map(async ([name, shape]): Promise<readonly [string, Shape]> => {
      const kind = kinds[String(shape["type"])];
      const own = `${app.name}--${app.stage}-${name}`.toLowerCase().replace(/_/g, "-");
      return [name, kind ? await kind(client, own, shape, creates) : shape];
    }),
  );
  return { ...app, workers: { ...app.workers, bindings: Object.fromEntries(bindings) } };
}

async function findByName<T>(client: Client, path: string, matches: (resource: T) => boolean): Promise<T | undefined> {
  for (let page = 1; ; page++) {
    const list = await client.call<readonly T[]>({
      operation: "list",
      method: "GET",
      path: `${path}?page=${page}&per_page=100`,
    });
    const found = list.find(matches);
    if (found || list.length < 100) return found;
  }
}

/** True for an existing resource, and for a list that is not empty. */
async function exists(client: Client, path: string): Promise<boolean> {
  try {
    const found = await client.call<unknown>({ operation: "find", method: "GET", path });
    return !Array.isArray(found) || found.length > 0;
  } catch (error) {
    if (error instanceof CloudflareError && error.status === 404) return false;
    throw error;
  }
}
