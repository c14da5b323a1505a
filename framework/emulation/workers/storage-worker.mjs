/** Runs in workerd: owns all KV namespaces, D1 databases and R2 buckets of the local Cloudflare. */
/*
 * Versions run in processes of their own and a SQLite file allows one owner, so they reach their data through this
 * Worker, in the protocol of miniflare's remote bindings (headers MF-URL and MF-Header-*). `/TOKEN/KIND/ID` names the
 * object.
 */

export default {
  async fetch(request, env) {
    const [, token, kind, id] = new URL(request.url).pathname.split("/");
    if (token !== env.TOKEN || !["kv", "d1", "r2"].includes(kind) || !id)
      return new Response("Forbidden", { status: 403 });
    const name = decodeURIComponent(id);
    const headers = new Headers();
    for (const [header, value] of request.headers) {
      if (header.startsWith("mf-header-")) headers.set(header.slice("mf-header-".length), value);
    }
    const namespace = env[kind];
    const object = namespace.get(namespace.idFromName(name));
    return object.fetch(request.headers.get("mf-url"), {
      method: request.method,
      headers,
      body: request.body,
      redirect: "manual",
      cf: { miniflare: { name } },
    });
  },
};
