/** Stands around uploaded code while it is inspected: its main module's exports in, a Worker that tells their handlers out. */

const known = ["fetch", "scheduled", "queue", "email", "tail", "trace", "tailStream", "alarm", "connect", "test"];
const handlersOf = (value) => known.filter((name) => typeof value?.[name] === "function" || typeof value?.prototype?.[name] === "function");

export const inspect = (main) => ({
  fetch: () =>
    Response.json({
      handlers: handlersOf(main.default),
      named: Object.entries(main)
        .filter(([name]) => name !== "default")
        .map(([name, value]) => ({ name, handlers: handlersOf(value) }))
        .filter(({ handlers }) => handlers.length > 0),
    }),
});
