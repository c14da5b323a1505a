/** A plugin that miniflare loads: gives a Worker the binding by which workerd calls methods of Workers in other processes. */
import { kVoid } from "miniflare";

export const plugins = {
  "portico-debug": {
    options: { parse: (value) => value },
    // Of a Worker without such bindings it is asked with nothing.
    getBindings: (bindings = []) => bindings.map(({ name }) => ({ name, workerdDebugPort: kVoid })),
    getNodeBindings: () => ({}),
    getServices: () => [],
  },
};
