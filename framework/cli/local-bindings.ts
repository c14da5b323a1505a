/** Bindings at stage local: an app in, the same app bound to databases, namespaces, buckets and queues of the local cloud out. */
import type { Client } from "../../deploy/workers/client.ts";
import { CloudflareError } from "../../deploy/workers/cloudflare-error.ts";
import type { App } from "../model/app.ts";

type Shape = Readonly<Record<string, unknown>>;

/** What a binding becomes; `makes` is false where nothing may be changed. */
type Local = (client: Client, name: string, shape: Shape, makes: boolean) => Promise<Shape>;

/** Ids are Cloudflare's own, so those of an account do not exist here: the app gets things of its own, made once, which stay. */
const kinds: Readonly<Record<string, Local>> = {
  kv_namespace: async (client, title, shape, makes) => {
    const path = "/storage/kv/namespaces";
    const found = await findByName<{ id: string; title: string }>(client, path, (one) => one.title === title);
    const made =
      found ??
      (makes ? await client.call<{ id: string }>({ operation: "createNamespace", method: "POST", path, json: { title } }) : undefined);
    return { ...shape, namespace_id: made?.id ?? title };
  },
  d1: async (client, name, shape, makes) => {
    const path = "/d1/database";
    const found = await findByName<{ uuid: string; name: string }>(client, path, (one) => one.name === name);
    const made =
      found ??
      (makes ? await client.call<{ uuid: string }>({ operation: "createDatabase", method: "POST", path, json: { name } }) : undefined);
    const { database_id: _, ...rest } = shape;
    return { ...rest, id: made?.uuid ?? name };
  },
  r2_bucket: async (client, _name, shape, makes) => {
    const name = String(shape["bucket_name"]);
    if (makes && !(await isThere(client, `/r2/buckets/${encodeURIComponent(name)}`)))
      await client.call({ operation: "createBucket", method: "POST", path: "/r2/buckets", json: { name } });
    return shape;
  },
  queue: async (client, _name, shape, makes) => {
    const name = String(shape["queue_name"]);
    if (makes && !(await isThere(client, `/queues?name=${encodeURIComponent(name)}`)))
      await client.call({ operation: "createQueue", method: "POST", path: "/queues", json: { queue_name: name } });
    return shape;
  },
};

/** Bindings of other kinds stay as they are. */
export async function localBindings(client: Client, app: App, makes: boolean): Promise<App> {
  const bindings = await Promise.all(
    Object.entries(app.workers.bindings).map(async ([name, shape]): Promise<readonly [string, Shape]> => {
      const kind = kinds[String(shape["type"])];
      const own = `${app.name}--${app.stage}-${name}`.toLowerCase().replace(/_/g, "-");
      return [name, kind ? await kind(client, own, shape, makes) : shape];
    }),
  );
  return { ...app, workers: { ...app.workers, bindings: Object.fromEntries(bindings) } };
}

async function findByName<T>(client: Client, path: string, isIt: (one: T) => boolean): Promise<T | undefined> {
  for (let page = 1; ; page++) {
    const list = await client.call<readonly T[]>({ operation: "list", method: "GET", path: `${path}?page=${page}&per_page=100` });
    const found = list.find(isIt);
    if (found || list.length < 100) return found;
  }
}

/** A thing that answers, or a list that is not empty. */
async function isThere(client: Client, path: string): Promise<boolean> {
  try {
    const found = await client.call<unknown>({ operation: "find", method: "GET", path });
    return !Array.isArray(found) || found.length > 0;
  } catch (error) {
    if (error instanceof CloudflareError && error.status === 404) return false;
    throw error;
  }
}
