/** The workerd that owns what Workers store: a folder in, URLs of KV namespaces, D1 databases and R2 buckets out. */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { MiniflareOptions } from "miniflare";
import { loadMiniflare, withoutSignalHandlers } from "./miniflare.ts";

/** What can be stored in. */
export type StorageKind = "kv" | "d1" | "r2";

/** A running storage. */
export interface Storage {
  /** Of one namespace, database or bucket; whoever has it may read and write. Made at its first use. */
  url(kind: StorageKind, id: string): URL;
  /** Sends a request of the binding's own protocol to it. */
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

/** Starts it; everything is below `folder`. Rejects with UserError MINIFLARE_MISSING. */
export async function startStorage(folder: string): Promise<Storage> {
  const { Log, LogLevel, Miniflare } = await loadMiniflare();
  const token = randomBytes(24).toString("hex");
  const plugin = { package: fileURLToPath(new URL("storage-plugin.mjs", import.meta.url)), name: "portico-storage" };
  const options = {
    host: "127.0.0.1",
    port: 0,
    cf: false,
    log: new Log(LogLevel.NONE),
    handleStructuredLogs: () => undefined,
    defaultPersistRoot: folder,
    name: "storage",
    modules: [{ type: "ESModule", path: "storage.mjs", contents: await readFile(new URL("storage-worker.mjs", import.meta.url), "utf8") }],
    compatibilityDate: "2026-07-01",
    bindings: { TOKEN: token },
    // One of each makes miniflare bring the objects behind all of them.
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
    const url = (kind: StorageKind, id: string): URL => new URL(`${origin}/${token}/${kind}/${encodeURIComponent(id)}`);
    return {
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
