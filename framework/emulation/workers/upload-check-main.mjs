/** The main module around checked code: a Worker that responds with the handlers that the code exports. */

const known = ["fetch", "scheduled", "queue", "email", "tail", "trace", "tailStream", "alarm", "connect", "test"];
const handlersOf = (value) =>
  known.filter((name) => typeof value?.[name] === "function" || typeof value?.prototype?.[name] === "function");

/* The text is workerd's, which refuses such an export only when the version itself starts. */
const isEntrypoint = (value) => typeof value === "function" || (typeof value === "object" && value !== null);
const refusalOf = (name) =>
  `Uncaught TypeError: Incorrect type for map entry '${name}': ` +
  "the provided value is not of type 'function or ExportedHandler'.";

const describe = (main) => {
  const handlers = handlersOf(main.default);
  const named = Object.entries(main)
    .filter(([name]) => name !== "default")
    .map(([name, value]) => ({ name, handlers: handlersOf(value) }))
    .filter((entry) => entry.handlers.length > 0);
  const [wrong] = Object.entries(main).find(([, value]) => !isEntrypoint(value)) ?? [];
  if (wrong !== undefined && handlers.length + named.length > 0) return { error: refusalOf(wrong) };
  return { hasDefault: "default" in main, handlers, named };
};

export const handlersWorker = (main) => ({ fetch: () => Response.json(describe(main)) });
