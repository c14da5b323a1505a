/** A plugin that miniflare loads: gives the storage worker miniflare's own KV, D1 and R2 objects raw, so that any id works without a restart. */

/** Services and classes of miniflare 4.20260730.0 (src/plugins/kv, d1, r2). */
const objects = {
  kv: { serviceName: "kv:ns", className: "KVNamespaceObject" },
  d1: { serviceName: "d1:db", className: "D1DatabaseObject" },
  r2: { serviceName: "r2:bucket", className: "R2BucketObject" },
};

export const plugins = {
  "portico-storage": {
    options: { parse: (value) => value },
    getBindings: (bindings) => bindings.map(({ name }) => ({ name, durableObjectNamespace: objects[name] })),
    getNodeBindings: () => ({}),
    getServices: () => [],
  },
};
