/** Runs in workerd: starts uploaded code in its own isolate and responds with its exports, or with its error. */

export default {
  async fetch(request, env) {
    const [, token, key] = new URL(request.url).pathname.split("/");
    if (token !== env.TOKEN) return new Response("Forbidden", { status: 403 });
    let started = Date.now();
    try {
      const stub = env.LOADER.get(key, async () => {
        const code = await (await env.SOURCE.fetch(`http://source/${key}`)).json();
        for (const [name, module] of Object.entries(code.modules)) {
          // JSON has no bytes.
          if (module.wasmBase64) code.modules[name] = { wasm: Uint8Array.fromBase64(module.wasmBase64).buffer };
          if (module.dataBase64) code.modules[name] = { data: Uint8Array.fromBase64(module.dataBase64).buffer };
        }
        // The time to transfer the code does not count.
        started = Date.now();
        return code;
      });
      const found = await (await stub.getEntrypoint().fetch("http://exports/")).json();
      return Response.json({ ...found, startupMs: Date.now() - started });
    } catch (error) {
      return Response.json({ error: error?.message ?? String(error) });
    }
  },
};
