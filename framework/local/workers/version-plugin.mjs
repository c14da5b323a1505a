/** A plugin that miniflare loads: gives a Worker queue bindings that end in a Worker of our own beside it, which hands what is sent on. */

export const plugins = {
  "portico-version": {
    options: { parse: (value) => value },
    // The names that miniflare 4.20260730.0 gives to the services of Workers (src/plugins/core/constants.ts).
    // Of a Worker without such bindings it is asked with nothing.
    getBindings: (bindings = []) =>
      bindings.map(({ name, options: { worker, entrypoint, queue } }) => ({
        name,
        queue: { name: `core:user:${worker}`, entrypoint, props: { json: JSON.stringify({ queue }) } },
      })),
    getNodeBindings: () => ({}),
    getServices: () => [],
  },
};
