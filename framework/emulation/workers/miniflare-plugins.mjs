/**
 * Plugins for miniflare: bindings to storage objects, to queues that end in our own Worker, and to workerd's debug
 * port.
 */
import { kVoid } from "miniflare";

/** Services and classes of miniflare 4.20260730.0 (src/plugins/kv, d1, r2). */
const storageObjects = {
  kv: { serviceName: "kv:ns", className: "KVNamespaceObject" },
  d1: { serviceName: "d1:db", className: "D1DatabaseObject" },
  r2: { serviceName: "r2:bucket", className: "R2BucketObject" },
};

const queueBinding = ({ name, options: { worker, entrypoint, queue } }) => ({
  name,
  // miniflare 4.20260730.0 names the services of Workers so (src/plugins/core/constants.ts).
  queue: { name: `core:user:${worker}`, entrypoint, props: { json: JSON.stringify({ queue }) } },
});

/** miniflare calls `getBindings` without an argument for a Worker that has no such bindings. */
const plugin = (toBinding) => ({
  options: { parse: (value) => value },
  getBindings: (bindings = []) => bindings.map(toBinding),
  getNodeBindings: () => ({}),
  getServices: () => [],
});

export const plugins = {
  /** miniflare's own KV, D1 and R2 objects as raw namespaces, so that a new id needs no restart. */
  "portico-storage": plugin(({ name }) => ({ name, durableObjectNamespace: storageObjects[name] })),
  /** Queue bindings whose messages go to a Worker beside the version. */
  "portico-queue": plugin(queueBinding),
  /** The binding through which workerd calls methods of Workers in other processes. */
  "portico-debug": plugin(({ name }) => ({ name, workerdDebugPort: kVoid })),
};
