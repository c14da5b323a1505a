/** Runs in workerd, in development only: takes the gateway's requests and hands each to its function's own isolate. */
/* The names of the hop headers carry a token that changes with every start, so that neither a client nor a function can forge one. */

export default {
  async fetch(request, env) {
    const { TOKEN: token, LOADER: loader, SOURCE: source } = env;
    const key = request.headers.get(`x-${token}-key`);
    if (!key) return new Response("Forbidden", { status: 403 });
    // A copy's headers can be changed.
    const asked = new Request(request);
    asked.headers.delete(`x-${token}-key`);
    let cold = false;
    const stub = loader.get(key, async () => {
      cold = true;
      const answer = await source.fetch(`http://source/${key}`);
      const code = await answer.json();
      for (const [name, module] of Object.entries(code.modules)) {
        // JSON carries no bytes.
        if (module.wasmBase64) code.modules[name] = { wasm: Uint8Array.fromBase64(module.wasmBase64).buffer };
      }
      return code;
    });
    try {
      const response = await stub.getEntrypoint().fetch(asked);
      if (!cold) return response;
      const answer = new Response(response.body, response);
      answer.headers.set(`x-${token}-cold`, String(cold));
      return answer;
    } catch (error) {
      const failure = { name: error?.name ?? "Error", message: error?.message ?? String(error), stack: error?.stack ?? String(error) };
      const name = `x-${token}-failure`;
      return new Response(null, {
        status: 500,
        headers: { [name]: encodeURIComponent(JSON.stringify(failure)), [`x-${token}-cold`]: String(cold) },
      });
    }
  },
};
