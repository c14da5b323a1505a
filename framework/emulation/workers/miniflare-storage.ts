/** The workerd process that stores the data of KV namespaces, D1 databases and R2 buckets below a folder. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { MiniflareOptions } from "miniflare";
import { loadMiniflare, withoutSignalHandlers } from "./miniflare.ts";

/** KV namespace, D1 database or R2 bucket. */
export type StorageKind = "kv" | "d1" | "r2";

/** A running storage. */
export interface Storage {
  /** Its root URL, which contains its token and so grants reading and writing. `storageUrl` derives the others. */
  readonly address: string;
  /** The URL of one namespace, database or bucket, which grants reading and writing. Its first use creates it. */
  url(kind: StorageKind, id: string): URL;
  /** Sends a request in the binding's own protocol. */
  send(
    kind: StorageKind,
    id: string,
    request: {
      readonly url: string;
      readonly method: string;
      readonly body?: string | Uint8Array;
      readonly headers?: Readonly<Record<string, string>>;
    },
  ): Promise<Response>;
  close(): Promise<void>;
}

/** The URL of one namespace, database or bucket of a storage. */
export const storageUrl = (address: string, kind: StorageKind, id: string): URL =>
  new URL(`${address}/${kind}/${encodeURIComponent(id)}`);

/** Starts it with all files below `folder`. Rejects with UserError MINIFLARE_MISSING. */
export async function startStorage(folder: string): Promise<Storage> {
  const { Log, LogLevel, Miniflare } = await loadMiniflare();
  const token = randomBytes(24).toString("hex");
  const plugin = { package: fileURLToPath(new URL("miniflare-plugins.mjs", import.meta.url)), name: "portico-storage" };
  const options = {
    host: "127.0.0.1",
    port: 0,
    cf: false,
    log: new Log(LogLevel.NONE),
    handleStructuredLogs: () => undefined,
    defaultPersistRoot: folder,
    name: "storage",
    modules: [
      {
        type: "ESModule",
        path: "storage.mjs",
        contents: await readFile(new URL("storage-worker.mjs", import.meta.url), "utf8"),
      },
    ],
    compatibilityDate: "2026-07-01",
    bindings: { TOKEN: token },
    // miniflare defines the objects' classes only for a Worker that has one of each.
    kvNamespaces: { NONE_KV: "none" },
    d1Databases: { NONE_D1: "none" },
    r2Buckets: { NONE_R2: "none" },
    unsafeBindings: ["kv", "d1", "r2"].map((name) => ({ name, type: "raw", plugin, options: {} })),
    unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
  };
  const miniflare = withoutSignalHandlers(() => new Miniflare(options as MiniflareOptions));
  try {
    await miniflare.ready;
    const { origin } = await miniflare.unsafeGetDirectURL("storage");
    const address = `${origin}/${token}`;
    const url = (kind: StorageKind, id: string): URL => storageUrl(address, kind, id);
    return {
      address,
      url,
      send: (kind, id, { url: target, method, body, headers = {} }) =>
        fetch(url(kind, id), {
          method,
          ...(body !== undefined && { body: typeof body === "string" ? body : Buffer.from(body) }),
          headers: {
            "mf-url": target,
            ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [`mf-header-${name}`, value])),
          },
        }),
      close: () => miniflare.dispose(),
    };
  } catch (error) {
    await miniflare.dispose();
    throw error;
  }
}
